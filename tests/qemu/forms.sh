#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# forms.sh STORESCOPE ARCH FORMS.TSV
#
# Which forms of loads and stores, of those that emulators of instructions ask, a copy
# of eight bytes is made of.
set -euo pipefail
storescope=$1
arch=$2
table=$3
. "$(dirname "$0")/lib.sh"
needs "$arch"
compiler=$(compiler_of "$arch")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/forms.contract" <<'CONTRACT'
contract forms
memory   registers that something emulates
include  ram
[always]
-wrong-return
-clobbered-state
[dst]
vector-store
string-store
atomic-store
paired-store
writeback-store
x87-store
[src]
vector-load
string-load
atomic-load
paired-load
writeback-load
x87-load
CONTRACT

while IFS= read -r line; do
    IFS='|' read -r of side expected body <<<"${line//$'\t'/|}"
    [ "$of" = "$arch" ] || continue
    # PA-RISC's assembler has labels without a colon, and needs a text section's name.
    {
        case $arch in
        hppa) printf '\t.text\n\t.globl copy\n\t.type copy, @function\ncopy:\n' ;;
        armhf) printf '\t.arm\n\t.text\n\t.globl copy\n\t.type copy, %%function\ncopy:\n' ;;
        *) printf '\t.text\n\t.globl copy\n\t.type copy, @function\ncopy:\n' ;;
        esac
        printf '%b\n' "$body" | sed 's/^\([^0-9]\)/\t\1/'
        printf '\t.size copy, .-copy\n'
    } >"$work/copy.s"
    "$compiler" -c -o "$work/copy.o" "$work/copy.s"
    status=0
    "$storescope" check "$work/copy.o:copy" --contract "$work/forms.contract" --device "$side" \
        --size 8 --dst 0..8:8 --src 0..8:8 >"$work/out" 2>"$work/error" || status=$?
    got=$(sed -n 's/^  \([a-z0-9-]*\): [0-9,]* cases\{0,1\}, the smallest.*/\1/p' "$work/out" |
        tr '\n' ' ')
    [ "${got% }" = "$expected" ] && [ "$status" = "$([ -n "$expected" ] && echo 1 || echo 0)" ] ||
        fail "$body ($side): breaks '$got', expected '$expected'; status $status, $(cat "$work/error")"
done <"$table"
finish
