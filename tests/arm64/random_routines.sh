#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# random_routines.sh AGREE COMPILER SEED ROUTINES INSTRUCTIONS CASES
#
# Do recorder `rewrite' and recorder `qemu' say the same of random routines of AArch64's
# loads and stores, and does the CPU alone come to the same memory, registers and flags,
# which the routines store in the end? To be run on an arm64 system. Every fourth routine has SVE's as well, of
# which QEMU 7.2 reports none: recorder qemu does not see their loads, and refuses a case
# where what changed in memory does not tell a store whole.
#
# Exit status: 0 they do, 1 they do not, 77 there is no compiler or no qemu.
set -euo pipefail
agree=$1
compiler=$2
seed=$3
routines=$4
instructions=$5
cases=$6
here=$(dirname "$0")
for tool in "$compiler" qemu-aarch64 python3; do
    command -v "$tool" >/dev/null || {
        echo "skipped: no $tool"
        exit 77
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
for ((i = 0; i < routines; i++)); do
    form=$([[ $((i % 4)) == 3 ]] && echo sve || true)
    name=$work/routine-$((seed + i))
    python3 "$here/random_routine.py" "$((seed + i))" "$instructions" $form >"$name.S"
    "$compiler" -c "$name.S" -o "$name.o"
    "$agree" -n "$cases" -c -r rewrite,qemu "$name.o:random_routine" || status=1
done
exit "$status"
