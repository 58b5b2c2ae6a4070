#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# beside.sh STORESCOPE OBJECT [deep]
#
# Proofs beside sweeps: what is proved says so, what is not does not, and a defect that the
# sweep does not meet is found by the proof, and judged as any other.
set -u
usage="usage: beside.sh STORESCOPE OBJECT [deep]"
storescope=${1:?$usage} object=${2:?$usage} depth=${3:-}
[ "$(uname -m)" = x86_64 ] || { echo "only routines of x86-64 are followed"; exit 77; }
case $object in /*) ;; *) object=$PWD/$object ;; esac
. "$(dirname "$0")/../cli/common.sh"

LC_ALL=C # signs of ASCII
export LC_ALL

says() { # NAME TEXT: a line that begins so
    grep -q "^$2" out
    verdict $? "$1"
}
says_not() { # NAME TEXT
    ! grep -q "$2" out
    verdict $? "$1"
}

few="--size 0..64 --dst 0..7 --src 0..7"
run check "$object:memcpy_plain_ok" --contract ram $few
says "a right copy is proved for every size" ".* under ram: conforms: proved$"
says "... and says for what" "  proved for every address and alignment, and every size: "
[ "$status" -eq 0 ]
verdict $? "... with status 0"

run check "$object:memcpy_plain_ok" --contract ram $few --prove no
says "without a proof nothing is proved" ".* under ram: conforms$"
says_not "... and no word of one said" proved

run check "$object:memcpy_rare" --contract ram $few --prove quick
says "what breaks in cases that were not asked for is no finding" ".* under ram: conforms$"
says "... and no proof" "  not proved: wrong-data: broken by memcpy size=21 dst=2777 src=1333"
run check "$object:memcpy_rare" --contract ram --size 22..64 --prove quick
says "... nor at other sizes, which are proved" "  proved for every address and alignment, and sizes 22"
run check "$object:memcpy_rare" --contract ram --size 0..64 --prove no
says "the sweep does not meet a rare defect" ".* under ram: conforms$"
run check "$object:memcpy_rare" --contract ram --size 0..64
says "the proof does" ".* under ram: violates$"
says "... and its case is the witness" \
    "  missing-store: 1 case, the smallest: memcpy size=21 dst=2777 src=1333"
[ "$status" -eq 1 ]
verdict $? "... with status 1"
case=$(sed -n 's/.*the smallest: //p' out | head -n 1)
printf 'backend %s\ncontract ram\nrule missing-store\ncase %s\n' "$object:memcpy_rare" "$case" >saved
run replay saved
[ "$status" -eq 1 ]
verdict $? "... which shows again"

cases() { sed -n 's/^  memcpy, \([0-9,]*\) cases.*/\1/p' out | tr -d ,; }
run check "$object:memcpy_string_ok" --contract ram
light=$(cases)
says "where every size is proved a light sweep is enough" "light plan: "
run check "$object:memcpy_string_ok" --contract ram --full
[ "$(cases)" -gt $((10 * light)) ]
verdict $? "... and --full has the whole one"
says "... which is proved as well" ".* under ram: conforms: proved$"
run check "$object:memcpy_string_ok" --contract ram --prove no
says_not "without a proof the sweep is the whole one" "light plan"
run check "$object:memcpy_string_ok" --contract ram --contract mmio
says_not "... and where it breaks one of two contracts" "light plan"
run check "$object:memcpy_string_not_modelled" --contract ram
says_not "... and where nothing is proved" "light plan"

run check "$object:memcpy_not_modelled" --contract ram $few
says "what is not modelled conforms, and is not proved" ".* under ram: conforms$"
run check "$object:memcpy_not_modelled" --contract ram $few --prove quick
says "who asks for a proof is told why there is none" "  not proved: "
run check "$object:memcpy_not_modelled" --contract ram $few --format json
grep -q '"proof":{"proved":false,"contradicted":false,"reason":"[^"]' out
verdict $? "JSON says so, and why"

run check "$object:memcpy_unreachable_ok" --contract ram $few --unreached
says "instructions that no input reaches are told" "  reached .*, 3 unreachable: proved for every size"
run check "$object:memcpy_large_ok" --contract ram $few --unreached
says "... and which sizes that is about" "  reached .*, 2 unreachable: proved for sizes 0 to 64"
run check "$object:memcpy_large_ok" --contract ram --dst 0..7 --src 0..7 --unreached
says_not "what larger sizes may reach than are proved is not told" unreachable

run compare "$object:memcpy_plain_ok" "$object:memcpy_not_modelled" --contract ram $few --prove quick
says "the matrix has a sign for what is proved" ".*memcpy_plain_ok  *ok\\*$"
says "... and none for what is not" ".*memcpy_not_modelled  *ok$"
says "... and explains it" "ok\\*=conforms, and is proved"
run compare "$object:memcpy_plain_ok" --contract ram $few
says_not "who does not ask for proofs gets none" proved

fuzz() { # ROUTINE CONTRACT
    rm -rf campaign
    run fuzz "$1" --contract "$2" --engine solve --time 60s --corpus campaign --quiet --db history.db
}
fuzz "$object:memcpy_rare" ram
[ "$status" -eq 1 ] && grep -q missing-store campaign/findings/*
verdict $? "the engine solve finds the rare defect"
if [ "$depth" = deep ]; then
    fuzz planted/duplicate_store_behind_chain shared
    [ "$status" -eq 1 ] && grep -q duplicate-store campaign/findings/*
    verdict $? "... and one behind a chain of branches"
fi
fuzz "$object:memcpy_plain_ok" ram
[ "$status" -eq 0 ]
verdict $? "... and nothing in a right copy"

run check "$object:memcpy_plain_ok" --contract ram $few --prove soon
[ "$status" -eq 2 ] && grep -q "expected quick, no, or a time" err
verdict $? "another word is refused"
run check "$object:memcpy_plain_ok" --contract ram $few --shard 1/2 --prove 5s
says_not "a part of a sweep is not proved" "conforms: proved"

few="--size 0..64"
run compare "$object:memcpy_plain_ok" "$object:memcpy_rare" --contract ram --contract wc $few
cp out first
run compare "$object:memcpy_plain_ok" "$object:memcpy_rare" --contract ram --contract wc $few
sed 's/ in .*//' first >one && sed 's/ in .*//' out >two && cmp -s one two
verdict $? "the same is proved each time"
report
