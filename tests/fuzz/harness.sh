#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The targets that run copy routines, by their settings. Usage:
# harness.sh REPLAY_COPY LIBFUZZER_COPY|- AFL_COPY|- CORPUS
# A `-` is an engine that is not here.

set -u
replay=${1:?usage: harness.sh REPLAY LIBFUZZER AFL CORPUS}
libfuzzer=$2 afl=$3 corpus=$4
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
unset STORESCOPE_BACKEND STORESCOPE_CONTRACT STORESCOPE_DEVICE STORESCOPE_OP STORESCOPE_EXPECT \
    STORESCOPE_FINDINGS STORESCOPE_BOARD STORESCOPE_COVERAGE STORESCOPE_DATA
failed=0

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        echo "ok   $2"
    else
        failed=1
        echo "FAIL $2"
        sed 's/^/     out: /' out 2>/dev/null | tail -n 5
        sed 's/^/     err: /' err 2>/dev/null | tail -n 5
    fi
}

# Status 2 and one line with TEXT on stderr, before any input is read.
refuses() { # TEXT NAME=VALUE...
    text=$1
    shift
    env "$@" "$replay" "$corpus" >out 2>err
    [ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "^fuzz_copy: " err &&
        grep -qF -- "$text" err
}

refuses "no backend is named 'glibc/nothing'" STORESCOPE_BACKEND=glibc/nothing
verdict $? "a backend that there is not is refused"
refuses "no_such.contract" STORESCOPE_BACKEND=engine/shared STORESCOPE_CONTRACT=./no_such.contract
verdict $? "a contract that cannot be read is refused"
refuses "use dst, src or both" STORESCOPE_DEVICE=left
verdict $? "a side that there is not is refused"
refuses "use memcpy, memmove, mempcpy, set, to-fifo or from-fifo" STORESCOPE_OP=strcpy
verdict $? "an op that there is not is refused"
refuses "expected WIDTH@OFFSET=RANGE" STORESCOPE_DATA=u24@0=1 STORESCOPE_BACKEND=engine/shared
verdict $? "a field that there is not is refused"
refuses "lies over another field" STORESCOPE_DATA=u32@0=1,u8@3=1 STORESCOPE_BACKEND=engine/shared
verdict $? "fields that lie over one another are refused"
refuses "set has no source" STORESCOPE_DATA=u8@0=1 STORESCOPE_OP=set STORESCOPE_BACKEND=engine/set_shared
verdict $? "fields of no source are refused"
refuses "use 0 or 1" STORESCOPE_COVERAGE=some
verdict $? "coverage is on or off"
refuses "no folder" STORESCOPE_FINDINGS="$folder/none" STORESCOPE_BACKEND=engine/shared
verdict $? "a folder for findings that there is not is refused"
echo garbage >board
refuses "is no board" STORESCOPE_BOARD="$folder/board" STORESCOPE_BACKEND=engine/shared
verdict $? "a file that is no board is refused, and left alone"
[ "$(cat board)" = garbage ]
verdict $? "... and left alone"
refuses "none.expect" STORESCOPE_EXPECT="$folder/none.expect" STORESCOPE_BACKEND=engine/shared
verdict $? "expectations that cannot be read are refused"
"$replay" --device=left "$corpus" >out 2>err
[ $? -eq 2 ] && grep -q "use dst, src or both" err
verdict $? "settings are taken as arguments, too"

# Findings.
printf 'case memcpy size=15\n' >fifteen.case
bad=planted/overlapping_tail
STORESCOPE_BACKEND=$bad "$replay" fifteen.case >out 2>err
status=$?
[ "$status" -ge 128 ] && grep -q "^fuzz_copy: $bad breaks overlapping-store under shared" err &&
    grep -q "memcpy size=15 " err && grep -q "storescope trace '$bad' 'memcpy size=15 " err
verdict $? "a finding aborts, after its case, rule and the command that shows it"

mkdir found
STORESCOPE_BACKEND=$bad STORESCOPE_FINDINGS=$folder/found STORESCOPE_BOARD=$folder/b \
    "$replay" "$corpus" fifteen.case fifteen.case >out 2>err
[ $? -eq 0 ] && [ "$(ls found | wc -l)" -eq "$(grep -c 'breaks' err)" ] &&
    grep -q '^rule overlapping-store' found/*.case && [ -z "$(find found -name '.?*')" ]
verdict $? "with a folder each finding is saved once, and fuzzing goes on"
before=$(ls found | wc -l)
STORESCOPE_BACKEND=$bad STORESCOPE_FINDINGS=$folder/found "$replay" "$corpus" >out 2>err
[ $? -eq 0 ] && [ "$(ls found | wc -l)" -eq "$before" ] && [ ! -s err ]
verdict $? "what was saved before is no news"
one=$(ls found/*overlapping-store* | head -n 1)
STORESCOPE_BACKEND=$bad "$replay" "$one" >out 2>err
[ $? -ge 128 ] && grep -q overlapping-store err
verdict $? "a saved finding is an input that shows it again"

# What cannot be judged is never passed over.
STORESCOPE_BACKEND=planted/crash_null_store STORESCOPE_FINDINGS=$folder/found \
    "$replay" --contract=ram "$corpus" >out 2>err
[ $? -eq 0 ]
verdict $? "a routine that faults does not take the fuzzer along"

# What is taken from a FIFO, and fields of the source.
mkdir fifo data
STORESCOPE_BACKEND=planted/from_fifo STORESCOPE_OP=from-fifo STORESCOPE_CONTRACT=fifo32 \
    "$replay" "$corpus" >out 2>err
[ $? -eq 0 ] && ! grep -q breaks err
verdict $? "a right routine takes from a FIFO, and nothing is found"
STORESCOPE_BACKEND=planted/from_fifo_lost STORESCOPE_OP=from-fifo STORESCOPE_CONTRACT=fifo32 \
    STORESCOPE_FINDINGS=$folder/fifo "$replay" "$corpus" >out 2>err
[ $? -eq 0 ] && grep -q '^case from-fifo ' fifo/*wrong-data*.case
verdict $? "an element that is lost from a FIFO is found"
STORESCOPE_BACKEND=$bad STORESCOPE_DATA=u32@4=64..96:8,u8@0=7 STORESCOPE_FINDINGS=$folder/data \
    "$replay" "$corpus" >out 2>err
[ $? -eq 0 ] && grep -q '^case .* u32@4=\(64\|72\|80\|88\|96\) u8@0=7$' data/*.case &&
    ! grep '^case ' data/*.case | grep -vq ' u32@4=[0-9]* u8@0=7$'
verdict $? "every case has the fields"

# Guided by machine code: a defect behind 22 branches, which the same number of
# blind tries does not come near. The seed makes both the same every time.
chain=planted/duplicate_store_behind_chain
if [ "$libfuzzer" != - ]; then
    engine="-seed=1 -runs=150000 -max_len=64 -len_control=0 -artifact_prefix=$folder/"
    STORESCOPE_BACKEND=$chain "$libfuzzer" $engine >out 2>err
    [ $? -ne 0 ] && grep -q "$chain breaks duplicate-store" err
    verdict $? "libFuzzer, guided, gets behind a chain of branches"
    STORESCOPE_BACKEND=$chain STORESCOPE_COVERAGE=0 "$libfuzzer" $engine >out 2>err
    [ $? -eq 0 ] && grep -q "Done 150000 runs" err
    verdict $? "libFuzzer, blind, does not"
fi
if [ "$afl" != - ] && command -v afl-fuzz >/dev/null 2>&1; then
    mkdir in
    head -c 40 /dev/zero >in/zero
    STORESCOPE_BACKEND=planted/overlapping_tail AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 \
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
        AFL_CUSTOM_MUTATOR_LIBRARY="$(dirname "$afl")/case_mutator.so" \
        STORESCOPE_FINDINGS=$folder/found \
        afl-fuzz -E 3000 -V 60 -t 1000 -i in -o afl "$afl" >out 2>err
    corpus_count=$(sed -n 's/^corpus_count *: //p' afl/default/fuzzer_stats)
    [ "${corpus_count:-0}" -gt 5 ]
    verdict $? "AFL++ finds ways through a routine that no compiler instrumented"
fi
exit $failed
