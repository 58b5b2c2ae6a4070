#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# barriers.sh STORESCOPE ARCH BARRIERS.TSV
#
# A copy of 8 bytes, stored by itself, and then a barrier: does it drain the store?
# On x86-64 every recorder has to say the same.
set -euo pipefail
storescope=$1
arch=$2
table=$3
. "$(dirname "$0")/lib.sh"

recorders=
compiler=gcc
if [ "$arch" = x86_64 ]; then
    recorders="rewrite step"
    ! "$storescope" list recorders | grep -q '^qemu  ready' || recorders="$recorders qemu"
else
    needs "$arch"
    compiler=$(compiler_of "$arch")
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/copy.c" <<'END'
void *copy(void *dst, const void *src, unsigned long n)
{
    if (n == 8)
        *(volatile long long *)dst = *(const long long *)src;
#if defined __i386__ || defined __x86_64__
    __asm__ volatile(BARRIER ::: "memory", "eax", "ecx", "edx");
#else
    __asm__ volatile(BARRIER ::: "memory");
#endif
    return dst;
}
END

# check BARRIER VERDICT [OPTION...]
check() {
    local barrier=$1 verdict=$2 said status=0
    shift 2
    said=$("$storescope" check "$work/copy.o:copy" --contract wc --size 8 --dst 0 --src 0 -q \
        "$@" 2>&1) || status=$?
    [[ $said == *" under wc: $verdict"* ]] || fail "$barrier $*: not $verdict, but $said"
}

while IFS=$'\t' read -r of verdict barrier; do
    [ "$of" = "$arch" ] || continue
    "$compiler" -O2 -c -DBARRIER="\"$barrier\"" -o "$work/copy.o" "$work/copy.c"
    if [ -z "$recorders" ]; then
        check "$barrier" "$verdict"
    fi
    for recorder in $recorders; do
        check "$barrier" "$verdict" --recorder "$recorder"
    done
done <"$table"
finish
