#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# planted.sh STORESCOPE TABLE [OBJECT]
#
# Planted defects are found, or not proved; their twins are proved, or not proved. Each row
# of the table: a routine, or a memcpy_NAME of the object file, a contract, sizes, and the
# verdicts that are right.
set -u
usage="usage: planted.sh STORESCOPE TABLE [OBJECT]"
storescope=${1:?$usage} table=${2:?$usage} object=${3:-}
[ "$(uname -m)" = x86_64 ] || { echo "only routines of x86-64 are followed"; exit 77; }
failed=0 right=0
while read -r routine contract sizes verdicts; do
    case $routine in '#'* | '') continue ;; esac
    [ -z "$object" ] || routine=$object:memcpy_$routine
    out=$("$storescope" prove "$routine" --contract "$contract" --size "$sizes" 2>&1 </dev/null)
    verdict=$(echo "$out" | sed -n '1s/.*: //p' | tr ' ' -)
    case $verdict in
    skipped) echo "skip $routine: $(echo "$out" | tail -n 1)" ;;
    *) case " $(echo "$verdicts" | tr , ' ') " in
        *" $verdict "*)
            right=$((right + 1))
            echo "ok   $routine under $contract: $verdict"
            ;;
        *)
            failed=$((failed + 1))
            echo "FAIL $routine under $contract: wanted $verdicts"
            echo "$out" | head -n 6
            ;;
        esac ;;
    esac
done <"$table"
[ "$failed" -eq 0 ] && [ "$right" -gt 0 ]
