#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# guests.sh STORESCOPE SCRIPT-FOLDER
#
# A libc that Debian has as a package of another CPU alone is found where
# script/guest-libcs unpacks it, and else named with how to get it.
set -euo pipefail
storescope=$1
scripts=$2
. "$(dirname "$0")/lib.sh"
needs aarch64
path=/usr/lib/aarch64-linux-musl/libc.a
[ ! -e "$path" ] || { echo "skipped: musl-dev:arm64 is installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/data" "$work/home/.local/share/storescope/guests/arm64${path%/*}"
listed=$(XDG_DATA_HOME=$work/data "$storescope" list backends 'aarch64/musl/*') ||
    fail "list ends with status $?"
grep -q 'memcpy .*run script/guest-libcs arm64 (musl-dev)' <<<"$listed" ||
    fail "not said how to get it: $listed"
listed=$(XDG_DATA_HOME=$work/data "$storescope" list backends 'riscv64/musl/*')
grep -q 'memcpy .*run script/guest-libcs riscv64 (built by it)' <<<"$listed" ||
    grep -q 'memcpy .*ready' <<<"$listed" || fail "riscv64: $listed"

# One that returns nothing, to be told from the real one.
cat >"$work/memcpy.c" <<'SOURCE'
void *memcpy(void *dst, const void *src, unsigned long n)
{
    for (unsigned long i = 0; i < n; i++)
        ((volatile char *)dst)[i] = ((volatile char *)src)[i];
    return 0;
}
SOURCE
aarch64-linux-gnu-gcc -O2 -fno-builtin -c -o "$work/memcpy.o" "$work/memcpy.c"
aarch64-linux-gnu-ar rc "$work/home/.local/share/storescope/guests/arm64$path" "$work/memcpy.o"

# A relative folder is to be ignored, as if it were not set.
for data in "" relative; do
    status=0
    HOME=$work/home XDG_DATA_HOME=$data "$storescope" check aarch64/musl/memcpy --contract ram \
        --size 0..4 --dst 0 --src 0 >"$work/out" 2>"$work/error" || status=$?
    [ "$status" = 1 ] && [ "$(rules_of "$work/out")" = "wrong-return " ] ||
        fail "XDG_DATA_HOME='$data': status $status, $(cat "$work/out" "$work/error")"
done

# The scripts say what is wrong in one line.
refuses() { # WORDS COMMAND...
    local words=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/error" || status=$?
    [ "$status" = 2 ] && [ "$(wc -l <"$work/error")" = 1 ] && grep -q -- "$words" "$work/error" ||
        fail "$*: status $status, $(cat "$work/error")"
}
refuses 'usage: ' "$scripts/guest-libcs"
refuses 'usage: ' "$scripts/guest-packages" arm64 "$work/guest"
refuses 'no architecture' "$scripts/guest-packages" 'no/such' "$work/guest" bookworm musl-dev
refuses 'usage: ' "$scripts/guest-python" arm64
[ ! -e "$work/guest" ] || fail "a folder is left where nothing was unpacked"
finish
