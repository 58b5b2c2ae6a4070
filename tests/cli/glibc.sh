#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What glibc 2.36's machine code is known to store, read off `trace`: the bytes
# of each store, in program order. Skips, by name, what is not installed here.
#
# glibc.sh STORESCOPE
set -u
LC_ALL=C
export LC_ALL
storescope=$1
passed=0 failed=0 skipped=0

# stores BACKEND CASE: "first..last" or "offset" of each store, on one line.
stores() {
    "$storescope" trace "$1" "$2" | sed -n '/^#/,/^= stored/p' | awk '/^[0-9]+ /{print $2}' | paste -s -d' ' -
}

# expect BACKEND SIZE STORES
expect() {
    state=$("$storescope" list backends "$1" 2>/dev/null | awk -v name="$1" '$1 == name')
    case $state in
    *" ready")
        got=$(stores "$1" "memmove size=$2")
        if [ "$got" = "$3" ]; then
            passed=$((passed + 1))
            echo "ok   $1 $2: $3"
        else
            failed=$((failed + 1))
            echo "FAIL $1 $2: expected $3, got $got"
            echo "     replay: $storescope trace $1 'memmove size=$2'"
        fi
        ;;
    *)
        skipped=$((skipped + 1))
        echo "skip $1 $2: ${state:-not installed}"
        ;;
    esac
}

for variant in avx_unaligned avx_unaligned_erms sse2_unaligned; do
    b=glibc/memmove_$variant
    expect $b 1 "0"
    expect $b 2 "0..1 0"
    expect $b 3 "1..2 0"
    expect $b 4 "0..3 0..3"
    expect $b 5 "1..4 0..3"
    expect $b 8 "0..7 0..7"
    expect $b 15 "0..7 7..14"
    expect $b 16 "0..15 0..15"
done
expect glibc/memmove_avx_unaligned 32 "0..31 0..31"
expect glibc/memmove_avx512_unaligned 64 "0..63 0..63"
# rep movsb for all but the first line, whose two vectors come last.
expect glibc/memmove_avx_unaligned_erms 4000 "64..3999 0..31 32..63"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
