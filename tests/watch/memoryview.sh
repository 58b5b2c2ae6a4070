#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# memoryview.sh STORESCOPE PROGRAM.PY GUEST-PYTHON FOLDER
#
# Debian's arm64 python3, unpacked into FOLDER by GUEST-PYTHON, assigns words to
# a mapped file through a memoryview. On a 32-bit bus that gives the writes seen
# on a Cortex-A57 with an AXI-Lite device. Exit status: 0 good, 1 not, 77 when
# the packages or QEMU are not to be had.
set -u
storescope=$1 program=$2 guest_python=$3 folder=$4
command -v qemu-aarch64 >/dev/null 2>&1 || { echo "skipped: install qemu-user"; exit 77; }
"$guest_python" arm64 "$folder" || { echo "skipped: no arm64 packages"; exit 77; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

beats() { # WORDS
    truncate -s 4096 "$work/bar"
    "$storescope" watch --map "$work/bar" --sysroot "$folder" --bus 4 \
        -- python3 "$program" "$work/bar" "$1" >"$work/beats" || failed=1
}

for pair in 1:2 2:4 4:8 8:8 16:16 32:32 64:68 128:132 230:244 256:260; do
    beats "${pair%:*}"
    got=$(grep -c '^write addr 0x[0-9a-f]*, data 0x[0-9a-f]*, size 0x4$' "$work/beats")
    echo "${pair%:*} words: $got writes of 4 bytes"
    [ "$got" -eq "${pair#*:}" ] && [ "$(wc -l <"$work/beats")" -eq "$got" ] ||
        { echo "FAIL: expected ${pair#*:}"; failed=1; }
done

# 32 words: once each, out of order.
beats 32
{ seq 64 4 92; seq 0 4 60; seq 96 4 124; } |
    while read -r at; do
        printf 'write addr 0x%x, data 0x%x%02x%02x%02x, size 0x4\n' \
            "$at" $((at + 3)) $((at + 2)) $((at + 1)) "$at"
    done >"$work/wanted"
cmp "$work/beats" "$work/wanted" || { echo "FAIL: the order of 32 words"; failed=1; }

# 64 words: the sixteen bytes from 0xc0 on are written twice.
beats 64
twice=$(sort "$work/beats" | uniq -d | cut -d' ' -f3 | tr -d ,)
[ "$(echo $twice)" = "0xc0 0xc4 0xc8 0xcc" ] || { echo "FAIL: twice: $twice"; failed=1; }
exit "$failed"
