#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Saved cases are run again, and files that are none are named. Usage:
# replay.sh STORESCOPE IS_JSON CORPUS

set -u
storescope=${1:?usage: replay.sh STORESCOPE IS_JSON CORPUS} is_json=$2 corpus=$3
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"

save() { # FILE BACKEND CONTRACT RULE CASE
    printf 'backend %s\ncontract %s\nrule %s\ncase %s\n' "$2" "$3" "$4" "$5" >"$1"
}

mkdir -p saved/below
save saved/torn.case loop/byte shared torn-element 'memcpy size=2'
save saved/below/gone.case loop/byte shared crash 'memcpy size=2'
save clean.case loop/byte ram wrong-data 'memcpy size=9'
echo 'memcpy size=2' >plain.case
printf 'no saved case\n' >saved/garbage
printf '\000\377\001' >saved/below/binary
: >saved/empty

prints 1 'held: saved/torn.case' replay saved
prints 1 'gone: saved/below/gone.case' replay saved
prints 1 '1 held; 1 gone; 3 skipped' replay saved
for name in garbage below/binary empty; do
    prints 1 "skipped: saved/$name" replay saved
done
prints 0 '1 gone' replay clean.case
prints 1 'torn-element under shared' replay saved/torn.case
prints 1 'torn-element under pci-order' replay saved/torn.case --contract pci-order
prints 0 'gone: saved/torn.case' replay saved/torn.case --backend engine/shared
prints 1 'findings: plain.case' replay plain.case --backend loop/byte --contract shared
prints 0 'clean: plain.case' replay plain.case --backend loop/byte --contract ram
prints 1 '3 findings' replay plain.case --backend 'loop/b*' --contract wc --contract pmem

refuses 'replay what' replay
refuses 'names no backend' replay plain.case --contract ram -o out.txt
refuses 'names no contract' replay plain.case --backend loop/byte -o out.txt
refuses 'no.case' replay no.case -o out.txt
refuses 'nonsense' replay clean.case --contract nonsense
refuses 'no-such.expect' replay clean.case --baseline no-such.expect
save gone-backend.case no/such ram crash 'memcpy size=1'
refuses 'no/such' replay gone-backend.case -o out.txt
save contract.case loop/byte no-contract crash 'memcpy size=1'
refuses 'no-contract' replay contract.case -o out.txt

run replay saved --format json
cp out replay.json
"$is_json" replay.json && grep -q '"state":.*"held"' replay.json &&
    grep -q '"file":.*"saved/garbage"' replay.json && [ "$status" -eq 1 ]
verdict $? 'JSON has every file, the skipped ones too'
valid replay replay.json

# ---- expectations ----
run compare loop/byte --contract shared --size 0..8 --write-baseline byte.expect
prints 0 'as expected' replay saved/torn.case --baseline byte.expect
run compare loop/byte --contract ram --size 0..8 --write-baseline other.expect
prints 1 'held' replay saved/torn.case --baseline other.expect

# ---- a routine that ends or hangs its process ----
for routine in crash_alignment; do
    text=$("$storescope" check planted/$routine --contract ram --size 0..70 --dst 0..1 --src 0..1 |
        sed -n "/^  crash:/,\$s/.*\(mem[a-z]* size=.* fill=[0-9]*\).*/\1/p" | head -n 1)
    save crash.case planted/$routine ram crash "$text"
    prints 1 'held: crash.case' replay crash.case
done

# ---- what was named and is not judged ----
run replay clean.case saved/garbage
[ "$status" -eq 2 ] && grep -q 'not all could be judged: saved/garbage' err
verdict $? 'a file that was named and is no case makes status 2, whatever else is clean'

# ---- what is committed ----
mkdir case && cp "$corpus/case/apart" "$corpus/case/smallest" "$corpus/case/empty" "$corpus/case/twice" case/
run replay case --backend loop/byte --contract ram
[ "$status" -eq 0 ] && grep -q '^2 clean; 2 skipped$' out && grep -q 'skipped: case/empty' out
verdict $? 'cases of the corpus run, and those that are none are named'
if [ -d "$corpus/found" ]; then
    run replay "$corpus/found"
    [ "$status" -eq 1 ] && ! grep -q '^gone\|^broken\|at other sites' out && grep -q '^held' out
    verdict $? 'findings of the corpus still show what they showed'
    run replay "$corpus/found" --baseline "$corpus/expect"
    [ "$status" -eq 0 ]
    verdict $? 'and all of them are expected'
fi

report
