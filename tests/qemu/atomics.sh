#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# atomics.sh STORESCOPE ARCH ATOMICS.C ATOMICS.TSV
#
# A read-modify-write is a load and a store, and one whose comparison fails stores
# nothing, in whatever instructions the compiler makes of it.
set -euo pipefail
storescope=$1
arch=$2
source=$3
table=$4
. "$(dirname "$0")/lib.sh"
needs "$arch"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Takes each byte once, in any parts, and is not read.
cat >"$work/once.contract" <<'CONTRACT'
contract once
memory   memory that takes each byte once and is not read
include  ram
[dst]
duplicate-store
overlapping-store
transient-value
destination-load
CONTRACT

# The accesses of the destination in a trace's JSON, as the table has them.
accesses() {
    tr -d '\n\t ' <"$1" | grep -o '{"kind":"[a-z]*","region":"dst"[^}]*}' |
        sed 's/{"kind":"\(.\).*"offset":\([0-9-]*\),.*"width":\([0-9]*\),.*/\U\1\E\2+\3/' | tr '\n' ' '
}

refused() { # WORDS FILE STATUS
    [ "$3" = 2 ] && grep -qF "${1//[()]/}" "$2"
}

# Its words are the instruction's, not bytes.
named() { # FILE
    ! grep -qE '\.byte|\(bytes' "$1"
}

traced() { # ROUTINE EXPECTED
    local status=0 got
    "$storescope" trace "$work/atomics.o:$1" --size 4 --loads --format json >"$work/out" \
        2>"$work/error" || status=$?
    if [[ $2 == "("* ]]; then
        refused "$2" "$work/out" "$status" || fail "$flags $1: status $status, not refused"
        return
    fi
    got=$(accesses "$work/out" || true)
    [ "$status" = 0 ] && [ "$got" = "$2 " ] ||
        fail "$flags $1 makes $got, expected $2: $(cat "$work/error")"
    named "$work/out" || fail "$flags $1: an instruction has no name: $(cat "$work/out")"
}

judged() { # ROUTINE EXPECTED
    local status=0 got wanted
    "$storescope" check "$work/atomics.o:$1" --contract "$work/once.contract" --size 4..32:4 \
        --dst 0..8:4 --src 0..8:4 >"$work/out" 2>"$work/error" || status=$?
    if [[ $2 == "("* ]]; then
        # Broken lines of text are joined again.
        tr -s '\n ' ' ' <"$work/out" >"$work/line"
        refused "$2" "$work/line" "$status" || fail "$flags $1: status $status, $(cat "$work/out")"
        return
    fi
    got=$(rules_of "$work/out")
    wanted=${2#-}
    [ "$got" = "${wanted:+$wanted }" ] ||
        fail "$flags $1 breaks $got, expected $2: $(cat "$work/error")"
    [ "$status" = "${wanted:+1}" ] || [ "$status$wanted" = 0 ] || fail "$flags $1: status $status"
}

# Is there a row for this CPU alone?
has_own() { # ROUTINE
    awk -F'\t' -v r="$1" -v a=" $arch " '$1 == r && index(" " $3 " ", a) { n++ } END { exit !n }' \
        "$table"
}

# AArch64 has three ways: in functions of libgcc's that choose, by pairs, by FEAT_LSE.
case $arch in
aarch64) variants=("-O2" "-O2 -mno-outline-atomics" "-O2 -march=armv8.1-a") ;;
armhf) variants=("-O2 -marm") ;;
*) variants=("-O2") ;;
esac
for flags in "${variants[@]}"; do
    # Word splitting is meant.
    "$(compiler_of "$arch")" $flags -c -o "$work/atomics.o" "$source"
    while IFS=$'\t' read -r routine expected archs; do
        [[ $routine == \#* ]] && continue
        if [ -n "$archs" ]; then
            [[ " $archs " == *" $arch "* ]] || continue
        elif has_own "$routine"; then
            continue
        fi
        # Of what the kernel does in vain it tells before.
        case "$arch $routine" in
        "hppa "*vain | "armel "*vain) continue ;;
        esac
        case $routine in
        copies*) judged "$routine" "$expected" ;;
        *) traced "$routine" "$expected" ;;
        esac
    done <"$table"
done
finish
