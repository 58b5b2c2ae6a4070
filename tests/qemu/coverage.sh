#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# coverage.sh STORESCOPE ARCH
#
# `check` says how many of an emulated routine's instructions were reached, and
# --unreached which were not: of a copy that has a loop of its own from 16 bytes on,
# smaller sizes do not reach that loop, and others reach all. A constant between the
# instructions is none of them.
set -euo pipefail
storescope=$1
arch=$2
. "$(dirname "$0")/lib.sh"
needs "$arch"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The constant lies behind the return, with the routine's symbol around it.
case $arch in
aarch64 | armhf | armel) constant='.word 0x12345678' ;;
*) constant='' ;;
esac
cat >"$work/f.c" <<SOURCE
void *f(unsigned char *to, const unsigned char *from, unsigned long size)
{
    unsigned char *start = to;
    if (size >= 16)
        for (; size >= 4; size -= 4, to += 4, from += 4)
            *(volatile unsigned *)to = *(const volatile unsigned *)from;
    for (; size; size--)
        *(volatile unsigned char *)to++ = *(const volatile unsigned char *)from++;
    return start;
}
__asm__(".text\n$constant\n.size f, .-f\n");
SOURCE
# The compiler's own .size would end the symbol before the constant.
"$(compiler_of "$arch")" -O1 -fno-toplevel-reorder -S -o "$work/f.s" "$work/f.c"
sed -i '0,/\.size[[:space:]]*f, *[.]-f/{/\.size[[:space:]]*f, *[.]-f/d}' "$work/f.s"
"$(compiler_of "$arch")" -c -o "$work/f.o" "$work/f.s"

# sweep SIZES: the line of counts, and what is listed.
sweep() {
    "$storescope" check "$work/f.o:f" --contract ram --dst 0 --src 0 --size "$1" --unreached \
        >"$work/out" 2>"$work/error" || fail "$arch: sizes $1 end with status $?: $(cat "$work/error")"
    sed -n 's/^  reached \([0-9]*\) of \([0-9]*\) instructions$/\1 \2/p' "$work/out" >"$work/counts"
    read -r reached known <"$work/counts" || fail "$arch: sizes $1 tell no counts: $(cat "$work/out")"
    listed=$(grep -c '^ *+[0-9]*  [a-z]' "$work/out" || true)
}

reached=0 known=0 listed=0
sweep 0..9
[ "$reached" -gt 0 ] && [ "$reached" -lt "$known" ] || fail "$arch: 0..9 reach $reached of $known"
[ "$listed" = $((known - reached)) ] || fail "$arch: $listed listed of $((known - reached))"
grep -q "$(case $arch in s390x) echo '  \(st\|mvc\|mvhi\)' ;; hppa) echo '  stw' ;; alpha) echo '  stl' ;; i386 | m68k) echo '  mov' ;; mips* | riscv64) echo '  sw' ;; ppc* | powerpc) echo '  stw' ;; *) echo '  st' ;; esac)" "$work/out" ||
    fail "$arch: the words' store is not listed: $(cat "$work/out")"
whole=$known
sweep 0..40
[ "$reached" = "$known" ] && [ "$known" = "$whole" ] ||
    fail "$arch: 0..40 reach $reached of $known, where $whole were known: $(cat "$work/out")"
# No copy of more than 9 bytes, but none of less than 16 either, reaches the words.
sweep 10..15
[ "$reached" -lt "$known" ] || fail "$arch: 10..15 reach $reached of $known"

# A symbol without a size tells nothing.
sed '/\.size/d' "$work/f.s" >"$work/g.s"
"$(compiler_of "$arch")" -c -o "$work/g.o" "$work/g.s"
"$storescope" check "$work/g.o:f" --contract ram --dst 0 --src 0 --size 0..9 >"$work/out"
! grep -q '^  reached' "$work/out" || fail "$arch: without a size: $(cat "$work/out")"

"$storescope" check "$work/f.o:f" --contract ram --dst 0 --src 0 --size 0..9 --format json >"$work/json"
tr -d '\n\t ' <"$work/json" | grep -q "\"coverage\":{\"instructions\":$whole,\"reached\":[0-9]*,\"never_reached\":\[{\"offset\":" ||
    fail "$arch: JSON has no coverage"
finish
