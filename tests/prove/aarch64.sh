#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# aarch64.sh STORESCOPE DIFFERENTIAL SOURCE AGAINST_CHECK [NAMES]
#
# Routines of SOURCE, which aarch64.S is: those of which NAMES, a regular expression, is true, or
# all. What is proved of one holds in every case of a sweep, and each case of a small one lies on
# one of the prover's paths and makes its accesses.
set -euo pipefail
usage="usage: aarch64.sh STORESCOPE DIFFERENTIAL SOURCE AGAINST_CHECK [NAMES]"
storescope=${1:?$usage} differential=${2:?$usage} source=${3:?$usage} against=${4:?$usage}
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "$tool is not here"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
aarch64-linux-gnu-gcc -c -o "$work/a64.o" "$source"
routines=()
for name in $(aarch64-linux-gnu-nm "$work/a64.o" | sed -n 's/.* T memcpy_//p'); do
    [[ $name =~ ^(${5:-.*})$ ]] && routines+=("$work/a64.o:memcpy_$name")
done
"$against" "$storescope" 0..20 "${routines[@]}"
out=$("$differential" 12 "${routines[@]}") || true
echo "$out"
echo "$out" | grep -q "^${#routines[@]} routines, [1-9][0-9]* cases agree, 0 differ"
