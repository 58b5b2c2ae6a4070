#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# defects.sh STORESCOPE ARCH DEFECTS.C DEFECTS.TSV
#
# Each routine of DEFECTS.C, compiled for ARCH, breaks the rules that its row has
# and no others. One that crashes, hangs or floods the log in some cases does not
# keep the others from being judged.
set -euo pipefail
storescope=$1
arch=$2
source=$3
table=$4
. "$(dirname "$0")/lib.sh"
needs "$arch"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Bytes are loaded and stored by themselves, which not every Alpha can.
flags=
[ "$arch" != alpha ] || flags=-mcpu=ev56
"$(compiler_of "$arch")" -O2 $flags -fno-builtin -c -o "$work/defects.o" "$source"

# Is there a row for this CPU alone?
has_own() { # ROUTINE
    awk -F'\t' -v r="$1" -v a=" $arch " '$1 == r && index(" " $3 " ", a) { n++ } END { exit !n }' \
        "$table"
}

while IFS=$'\t' read -r routine expected archs; do
    [[ $routine == \#* ]] && continue
    if [ -n "$archs" ]; then
        [[ " $archs " == *" $arch "* ]] || continue
    elif has_own "$routine"; then
        continue
    fi
    status=0
    "$storescope" check "$work/defects.o:$routine" --contract shared --contract device \
        --size 0..48 --dst 0..1 --src 0..1 --timeout 200ms >"$work/out" 2>"$work/error" || status=$?
    got=$(rules_of "$work/out")
    if [ "$expected" = "(skipped)" ]; then
        [ "$status" = 2 ] && grep -q 'calls `write`, which its file does not define' "$work/error" ||
            fail "$routine: status $status, $(cat "$work/error")"
        compiler=$(compiler_of "$arch")
        status=0
        "$storescope" check "$work/defects.o:$routine" --contract ram --size 0..1 \
            --link "/usr/${compiler%-gcc}/lib/libc.a" >"$work/out" 2>"$work/error" || status=$?
        [ "$status" = 2 ] && grep -q 'makes the system call' "$work/error" ||
            fail "$routine, linked: status $status, $(cat "$work/error")"
        continue
    fi
    wanted=$(tr ' ' '\n' <<<"$expected" | sort | tr '\n' ' ')
    [ "$got" = "$wanted" ] || fail "$routine: breaks $got, expected $wanted"
    [ "$status" = 1 ] || fail "$routine: status $status"
    ! grep -q 'broken' "$work/out" || grep -q ' 0 broken' "$work/out" ||
        fail "$routine: $(grep broken "$work/out")"
done <"$table"

status=0
"$storescope" check "$work/defects.o:nosuch" --contract ram >"$work/out" 2>"$work/error" ||
    status=$?
[ "$status" = 2 ] && grep -q "has no symbol 'nosuch'" "$work/error" ||
    fail "a routine that is not there: status $status, $(cat "$work/error")"
finish
