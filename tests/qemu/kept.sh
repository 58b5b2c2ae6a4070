#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# kept.sh STORESCOPE ARCH KEPT.TSV
#
# A copy that changes a register which its ABI has a callee keep, or half of it,
# breaks clobbered-state; one that changes another does not.
set -euo pipefail
storescope=$1
arch=$2
table=$3
. "$(dirname "$0")/lib.sh"
needs "$arch"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each row's routine copies nothing: it is only asked for 0 bytes.
number=0
while IFS=$'\t' read -r of instruction expected; do
    [ "$of" = "$arch" ] || continue
    cat >"$work/f.c" <<SOURCE
void *f(void *to, const void *from, unsigned long size)
{
    __asm__ volatile("$instruction");
    return to;
}
SOURCE
    # The compiler knows nothing of what is changed, and so does not save it; nor does
    # it use a stack frame, which a moved stack pointer would hurt.
    "$(compiler_of "$arch")" -O2 -fomit-frame-pointer -c -o "$work/f.o" "$work/f.c"
    status=0
    "$storescope" check "$work/f.o:f" --contract ram --size 0 --dst 0 --src 0 \
        >"$work/out" 2>"$work/error" || status=$?
    got=$(rules_of "$work/out")
    case $expected in
    lost) [ "$status" = 1 ] && [ "$got" = "clobbered-state " ] ;;
    moved) [ "$status" = 1 ] && [[ $got == *clobbered-state* || $got == *crash* ]] ;;
    kept) [ "$status" = 0 ] ;;
    esac || fail "$arch: $instruction is $expected: status $status, $got$(cat "$work/error")"
    number=$((number + 1))
done <"$table"
[ "$number" -gt 0 ] || fail "no row for $arch"
finish
