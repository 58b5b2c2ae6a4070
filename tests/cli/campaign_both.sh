#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Both engines side by side, one of them killed. Usage: campaign_both.sh STORESCOPE
# IS_JSON FUZZERS

set -u
storescope=${1:?usage: campaign_both.sh STORESCOPE IS_JSON FUZZERS} fuzzers=$3
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
. "$here/campaign_common.sh"

needs_libfuzzer
if [ ! -x "$fuzzers/afl/fuzz_copy" ] || ! command -v afl-fuzz >/dev/null 2>&1; then
    start $planted --contract ram --time 2s --corpus one
    finish
    grep -q 'only one engine runs: AFL++' err
    verdict $? 'a missing engine is named, and the other runs'
    echo "skip: AFL++ is not installed"
    report
    exit
fi
start planted/byte_after_end --contract ram --time 300s --jobs 2 --corpus both
await $process 'both/.campaign/group-1/afl/afl-main/queue/id*' &&
    await $process 'both/.campaign/group-1/libfuzzer.log' &&
    await $process 'both/.campaign/found/*.case'
verdict $? 'both engines run side by side'
for entry in $(alive both); do
    tr '\0' ' ' <"$entry/cmdline" 2>/dev/null | grep -q '^[^ ]*afl-fuzz ' && kill -9 "${entry#/proc/}"
done
sleep 2
for _ in 1 2 3 4 5 6 7 8 9 10; do
    afl=$(for entry in $(alive both); do tr '\0' ' ' <"$entry/cmdline"; echo; done | grep -c '^[^ ]*afl-fuzz ')
    [ "$afl" -ge 1 ] && break
    sleep 0.5
done
[ "$afl" -ge 1 ]
verdict $? 'an engine that was killed is started again'
kill -s INT $process
finish
[ "$status" -eq 1 ] && grep -q '1 engine restarted after a crash' out
verdict $? 'and counted'
none_alive both
verdict $? 'no process is left'
report
