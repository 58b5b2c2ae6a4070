#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# accesses.sh STORESCOPE ARCH ACCESSES.TSV
#
# One instruction's stores come out as the architecture makes them, and those that
# QEMU does not report come out at all.
set -euo pipefail
storescope=$1
arch=$2
table=$3
here=$(dirname "$0")
. "$here/lib.sh"
needs "$arch"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The stores in a trace's JSON, as the table has them.
stores() {
    tr -d '\n\t ' <"$1" | grep -o '{"kind":"store"[^}]*}' |
        sed 's/.*"offset":\(-\{0,1\}[0-9]*\),.*"width":\([0-9]*\),.*"count":\([0-9]*\).*/\1+\2*\3/' |
        sed 's/\*1$//' | tr '\n' ' '
}

while IFS=$'\t' read -r of file routine options expected; do
    [ "$of" = "$arch" ] || continue
    object=$work/$file.o
    [ -f "$object" ] || "$(compiler_of "$arch")" -c -o "$object" "$here/$file"
    [ "$options" != - ] || options=
    case $options in *--overlap*) options="$options --op memmove" ;; esac
    status=0
    # Word splitting is meant.
    "$storescope" trace "$object:$routine" --size 16 $options --format json >"$work/json" ||
        status=$?
    if [[ $expected == "("* ]]; then
        words=${expected#(}
        [ "$status" = 2 ] && grep -qF "${words%)}" "$work/json" ||
            fail "$routine $options: status $status, not refused: $(cat "$work/json")"
        continue
    fi
    got=$(stores "$work/json")
    [ "$status" = 0 ] && [ "$got" = "$expected " ] ||
        fail "$routine $options stores $got, expected $expected"
done <"$table"

# Where loads are missing it is said.
if [ "$arch" = aarch64 ]; then
    "$storescope" trace "$work/aarch64.S.o:sve_bytes" --size 16 --loads >"$work/out"
    grep -q '^not recorded: loads by some of its instructions' "$work/out" ||
        fail "not said that loads are missing: $(cat "$work/out")"
    "$storescope" trace "$work/aarch64.S.o:quadword" --size 16 --loads >"$work/out"
    ! grep -q '^not recorded' "$work/out" || fail "loads are missing: $(cat "$work/out")"

    # However long the CPU's vectors are: a whole register by byte, a block at once.
    for routine in sve_whole sve_predicate; do
        "$storescope" trace "$work/aarch64.S.o:$routine" --size 16 --format json >"$work/json"
        got=$(stores "$work/json")
        [[ $got =~ ^(0\+1 1\+1 2\+1 ([0-9]+\+1 )*)$ ]] || fail "$routine stores $got, not bytes"
    done
    "$storescope" trace "$work/aarch64.S.o:clear_block" --size 16 --format json >"$work/json"
    got=$(stores "$work/json")
    [[ $got =~ ^0\+(16|32|64|128|256|512|1024|2048)\ $ ]] || fail "dc zva stores $got, not a block"
    "$storescope" trace "$work/aarch64.S.o:sve_nontemporal" --size 16 --format json >"$work/json"
    grep -q '"class":[[:space:]]*"non-temporal"' "$work/json" || fail "stnt1w: $(cat "$work/json")"
fi

# Silent stores of a long copy, too, are found while it waits: each is looked for in
# the page that it is made to.
long=aarch64/glibc/memcpy_a64fx
[ "$arch" = aarch64 ] || long=s390x/glibc/memcpy_default
"$storescope" check "$long" --contract ram --size 262144 --dst 0..8 --src 0 >"$work/out" \
    2>"$work/error" || true
grep -q 'recorder qemu' "$work/out" && ! grep -Eq 'timeout|missing-store|longer than' "$work/out" ||
    fail "256 KiB: $(cat "$work/out" "$work/error")"

# More accesses than there is room for are no timeout, where a copy makes them.
"$storescope" check "$arch/glibc/memcpy_$([ "$arch" = aarch64 ] && echo generic || echo default)" \
    --contract ram --size 33554432 --dst 0 --src 0 >"$work/out" 2>"$work/error" || true
grep -q 'makes more than 1048576 accesses' "$work/out" && ! grep -q timeout "$work/out" ||
    fail "32 MiB: $(cat "$work/out" "$work/error")"
finish
