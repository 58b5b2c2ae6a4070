#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# cpus.sh STORESCOPE CPUS.TSV
#
# A routine or two of every architecture, big-endian and 32-bit ones included, as
# far as its compiler is installed.
set -euo pipefail
storescope=$1
table=$2
. "$(dirname "$0")/lib.sh"
needs aarch64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ran=0

while IFS=$'\t' read -r backend expected contract; do
    [[ $backend == \#* ]] && continue
    "$storescope" list backends "$backend" >"$work/list" 2>/dev/null || continue
    grep -q ready "$work/list" || continue
    status=0
    "$storescope" check "$backend" --contract "${contract:-ram}" --size 0..40 --dst 0..3 --src 0..3 \
        >"$work/out" 2>"$work/error" || status=$?
    got=$(rules_of "$work/out")
    [ "${got:-- }" = "$expected " ] ||
        fail "$backend breaks $got, expected $expected: $(cat "$work/error")"
    [ "$status" = "$([ "$expected" = - ] && echo 0 || echo 1)" ] || fail "$backend: status $status"
    ran=$((ran + 1))
done <"$table"
echo "$ran routines"
[ "$ran" -ge 2 ] || fail "hardly a routine was there to run"
finish
