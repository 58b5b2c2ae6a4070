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

while IFS=$'\t' read -r of file routine expected; do
    [ "$of" = "$arch" ] || continue
    object=$work/$file.o
    [ -f "$object" ] || "$(compiler_of "$arch")" -c -o "$object" "$here/$file"
    "$storescope" trace "$object:$routine" --size 16 --format json >"$work/json"
    got=$(stores "$work/json")
    [ "$got" = "$expected " ] || fail "$routine stores $got, expected $expected"
done <"$table"
finish
