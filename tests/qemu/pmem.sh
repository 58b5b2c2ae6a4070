#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# pmem.sh STORESCOPE ARCH PMEM.C
#
# Which lines a routine flushes is known, so that contract pmem is judged.
set -euo pipefail
storescope=$1
arch=$2
source=$3
. "$(dirname "$0")/lib.sh"
needs "$arch"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(compiler_of "$arch")" -O2 -c -o "$work/pmem.o" "$source"

check() { # ROUTINE VERDICT [OPTION...]
    local routine=$1 verdict=$2
    shift 2
    "$storescope" check "$work/pmem.o:$routine" --contract pmem --size 0..256:64 --dst 0..56:8 \
        --src 0 "$@" >"$work/out" 2>&1 || true
    grep -q "under pmem: $verdict" "$work/out" || fail "$routine: not $verdict: $(head -n 8 "$work/out")"
    [ "$verdict" != violates ] || [ "$(rules_of "$work/out")" = "unflushed-store " ] ||
        fail "$routine breaks $(rules_of "$work/out")"
}

for routine in cleaned persisted persisted_deep; do
    check $routine conforms
done
for routine in not_flushed flushed_before steps_from_dst not_fenced fenced_weakly \
    flushed_for_others; do
    check $routine violates
done
# A CPU model that has not the instruction.
[ "$arch" != aarch64 ] || check persisted skipped --cpu cortex-a57

"$storescope" trace "$work/pmem.o:cleaned" --size 64 >"$work/out"
grep -Eq '(dc cvac|cbo\.clean).* at dst 0' "$work/out" || fail "no line: $(cat "$work/out")"
finish
