#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Campaigns of one engine on planted defects: found, minimised, saved, replayed;
# stopped, killed and resumed. Usage: campaign.sh STORESCOPE IS_JSON FUZZERS

set -u
storescope=${1:?usage: campaign.sh STORESCOPE IS_JSON FUZZERS} is_json=$2 fuzzers=$3
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
. "$here/campaign_common.sh"

# ---- without engines ----
mkdir none
(
    STORESCOPE_FUZZERS=$folder/none
    PATH=$folder/none
    "$storescope" fuzz loop/byte --contract ram --time 2s >out 2>err
    echo $? >status
)
[ "$(cat status)" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'packages clang' err &&
    grep -q 'package afl++' err && [ ! -e storescope-campaign ]
verdict $? 'without an engine, both packages are named and nothing is made'

refuses 'fuzz what' fuzz
refuses '--time' fuzz loop/byte --time 5
refuses '--time' fuzz loop/byte --time 0s
refuses '--engine' fuzz loop/byte --engine honggfuzz
refuses '--jobs' fuzz loop/byte --jobs 0
refuses 'expected WIDTH@OFFSET=RANGE' fuzz loop/byte --data u24@0=1
refuses 'set has no source; leave --data out' fuzz loop/byte --op set --contract ram --data u8@0=1 \
    --corpus nosource
refuses 'the FIFO is the source; --device src' fuzz loop/byte --op from-fifo --contract fifo32 \
    --device dst --corpus noside

needs_libfuzzer

refuses 'no/such' fuzz no/such --contract ram
refuses 'to resume' fuzz --resume --corpus nowhere
[ ! -e nowhere ]
verdict $? 'and makes no folder'
echo text >file
refuses 'file' fuzz loop/byte --contract ram --corpus file
echo 'no database at all, but a text that is long enough' >text.db
refuses 'not a history' fuzz loop/byte --contract ram --time 2s --db text.db --corpus db
refuses 'no-such.expect' fuzz loop/byte --contract ram --baseline no-such.expect --corpus base

# ---- one engine, a corpus with garbage, Ctrl-C ----
mkdir "$folder/cc"
echo 'memcpy size=333 dst=5' >cc/seed.case
echo 'no case' >cc/garbage
head -c 100 /dev/urandom >cc/noise
start $planted --contract ram --time 300s --engine libfuzzer --jobs 1 --corpus "$folder/cc"
await $process 'cc/.campaign/found/*.case'
verdict $? 'the planted defect is found'
kill -s INT $process
finish
[ "$status" -eq 1 ] && grep -q 'interrupted after' out && grep -q ' (new)$' out
verdict $? 'Ctrl-C ends with what there is'
grep -q '2 files in .* skipped' err && grep -q 'cc/garbage:1' err && grep -q 'cc/noise' err
verdict $? 'garbage in the corpus is counted and named'
none_alive cc
verdict $? 'no process is left'
[ "$(ls cc/findings | wc -l)" -eq 1 ] &&
    grep -q '^case memcpy size=333 dst=0 src=0 fill=1$' cc/findings/*.case
verdict $? 'the finding is minimised, and there once'
prints 1 'held: cc/findings/' replay cc/findings
prints 0 'gone: cc/findings/' replay cc/findings --backend planted/clobbered_rbx_ok
prints 0 $planted fuzz --history
prints 0 'out-of-bounds-store' fuzz --history --format json

# ---- its own restart ----
refuses '--resume' fuzz $planted --contract ram --corpus cc
refuses 'leave backends' fuzz $planted --resume --corpus cc
"$storescope" fuzz --resume --time 300s --corpus cc --jobs 1 --engine libfuzzer >resumed 2>&1 </dev/null &
process=$!
until [ -n "$(alive cc)" ]; do sleep 0.2; done
refuses 'another campaign' fuzz --resume --time 5s --corpus cc --jobs 1 --engine libfuzzer
kill -9 $process
wait $process 2>wait.err
none_alive cc
verdict $? 'no engine outlives a campaign that was killed'
start --resume --time 3s --corpus cc --jobs 1 --engine libfuzzer --format json
finish
cp out campaign.json
[ "$status" -eq 1 ] && "$is_json" campaign.json && grep -q '"new":.*false' campaign.json &&
    grep -q 'size=333' campaign.json
verdict $? 'a killed campaign goes on with what it had'
valid fuzz campaign.json

# ---- an engine that cannot run ----
mkdir -p broken/libfuzzer
printf '#!/bin/sh\necho this engine is broken >&2\nexit 3\n' >broken/libfuzzer/fuzz_copy
chmod +x broken/libfuzzer/fuzz_copy
STORESCOPE_FUZZERS=$folder/broken
start loop/byte --contract ram --time 60s --engine libfuzzer --corpus broken-corpus
finish
[ "$status" -eq 2 ] && grep -q 'this engine is broken' err
verdict $? 'an engine that always crashes is given up, with its last words'
STORESCOPE_FUZZERS=$fuzzers

# ---- a routine that conforms ----
start engine/shared --contract shared --time 4s --engine libfuzzer --jobs 1 --corpus clean
finish
[ "$status" -eq 0 ] && grep -q ', 0 findings' out
verdict $? 'a routine that conforms has no finding'

# ---- expectations ----
easy=planted/byte_after_end
start $easy --contract ram --time 4s --engine libfuzzer --jobs 1 --corpus w --write-baseline known.expect
finish
[ "$status" -eq 0 ] && grep -q 'rule out-of-bounds-store ram' known.expect
verdict $? 'a campaign writes what it found as expectations'
start $easy --contract ram --time 4s --engine libfuzzer --jobs 1 --corpus k --baseline known.expect
finish
[ "$status" -eq 0 ] && grep -q '^0 differences' out
verdict $? 'and with them it is no news'
cp known.expect as-known.expect
start $easy --contract ram --time 4s --engine libfuzzer --jobs 1 --corpus a --write-baseline as-known.expect
finish
[ "$status" -eq 0 ] && cmp -s known.expect as-known.expect
verdict $? 'what the file has already is not written to it again'
sed 's/^rule .*/rule crash ram/;s/^  sites.*/  sites -/' known.expect >crash.expect
start $easy --contract ram --time 4s --engine libfuzzer --jobs 1 --corpus g --baseline crash.expect
finish
[ "$status" -eq 1 ] && grep -q '^gone: .*crash' out && grep -q '^new: .*out-of-bounds' out
verdict $? 'what is new and what is gone are told apart'
report
