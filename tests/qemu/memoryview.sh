#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# memoryview.sh STORESCOPE TABLE
#
# Python's memoryview copies by memcpy. What AArch64 glibc's does on a 32-bit bus,
# for each number of 32-bit words: the table has the writes in order, as ranges of
# ascending addresses.
set -euo pipefail
storescope=$1
table=$2
. "$(dirname "$0")/lib.sh"
needs aarch64

# Writes of 4 bytes as "FIRST..LAST", one for each run of ascending addresses.
ranges() {
    sed -n 's/^write addr 0x\([0-9a-f]*\), data 0x[0-9a-f]*, size 0x4$/\1/p' | {
        local out="" start="" last="" at
        while read -r at; do
            at=$((16#$at))
            if [ -n "$last" ] && [ "$at" != $((last + 4)) ]; then
                out+=$(printf '0x%x..0x%x ' "$start" $((last + 3)))
                start=""
            fi
            start=${start:-$at}
            last=$at
        done
        printf '%s0x%x..0x%x' "$out" "$start" $((last + 3))
    }
}

while IFS=$'\t' read -r words writes expected; do
    [[ $words == \#* ]] && continue
    log=$("$storescope" trace aarch64/glibc/memcpy_generic --size $((4 * words)) --bus 4)
    count=$(grep -c '^write ' <<<"$log")
    [ "$count" = "$writes" ] || fail "$words words: $count writes, expected $writes"
    got=$(ranges <<<"$log")
    [ "$got" = "$expected" ] || fail "$words words: $got, expected $expected"
done <"$table"

one=$("$storescope" trace aarch64/glibc/memcpy_generic --size 1 --loads)
[ "$(grep -c '^[0-9]*  store *0 ' <<<"$one")" = 3 ] || fail "one byte is not stored three times"
[ "$(grep -c '^[0-9]*  load *0 ' <<<"$one")" = 3 ] || fail "one byte is not loaded three times"
finish
