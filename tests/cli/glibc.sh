#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Replays corpus/glibc-2.36.tsv: the stores that `trace` shows are those that
# glibc's machine code is known to make. Skips, by name, what cannot run here.
#
# glibc.sh STORESCOPE
set -u
LC_ALL=C
export LC_ALL
storescope=$1
corpus=$(dirname "$0")/../../corpus/glibc-2.36.tsv
passed=0 failed=0 skipped=0

# "first..last" or "offset" of each store, in program order, on one line.
stores() {
    "$storescope" trace "$1" "$2" | sed -n '/^#/,/^= stored/p' | awk '/^[0-9]+ /{print $2}' |
        paste -s -d' ' -
}

while IFS='	' read -r backend case expected; do
    case $backend in '#'*) continue ;; esac
    state=$("$storescope" list backends "$backend" 2>/dev/null | awk -v name="$backend" '$1 == name')
    case $state in
    *" ready") ;;
    *)
        skipped=$((skipped + 1))
        echo "skip $backend $case: ${state:-not installed}"
        continue
        ;;
    esac
    got=$(stores "$backend" "$case")
    if [ "$got" = "$expected" ]; then
        passed=$((passed + 1))
        echo "ok   $backend $case: $got"
    else
        failed=$((failed + 1))
        echo "FAIL $backend $case: expected $expected, got $got"
        echo "     replay: $storescope trace $backend '$case'"
    fi
done <"$corpus"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
