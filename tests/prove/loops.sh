#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# loops.sh STORESCOPE OBJECT TABLE
#
# Loops of any number of turns: what is right is proved, and what breaks a rule in a rare turn is
# never. Each row of TABLE: a routine of OBJECT, which loops.S is, an operation, a contract,
# sizes, and the verdicts that are right.
set -u
usage="usage: loops.sh STORESCOPE OBJECT TABLE"
storescope=${1:?$usage} object=${2:?$usage} table=${3:?$usage}
failed=0 right=0
while read -r routine op contract sizes verdicts; do
    case $routine in '#'* | '') continue ;; esac
    set -- "$object:$routine" --op "$op" --contract "$contract"
    [ "$sizes" = 0.. ] || set -- "$@" --size "$sizes"
    out=$("$storescope" prove "$@" 2>&1 </dev/null)
    verdict=$(echo "$out" | sed -n '1s/.*: //p' | tr ' ' -)
    case " $(echo "$verdicts" | tr , ' ') " in
    *" $verdict "*)
        right=$((right + 1))
        echo "ok   $routine as $op under $contract: $verdict"
        ;;
    *)
        failed=$((failed + 1))
        echo "FAIL $routine as $op under $contract: wanted $verdicts"
        echo "$out" | head -n 6
        ;;
    esac
done <"$table"
[ "$failed" -eq 0 ] && [ "$right" -gt 0 ]
