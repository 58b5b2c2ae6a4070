#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Nothing is lost: a report file is whole, the old one or the new one, whenever
# the tool is killed and whatever the disk does; and no worker outlives it.
# Usage: whole.sh STORESCOPE KILL_AT IS_JSON [every]: it is killed at each call, not at some

set -u
storescope=${1:?usage: whole.sh STORESCOPE KILL_AT IS_JSON} kill_at=$2 is_json=$3
step=3 moments=12
[ "${4-}" = every ] && step=1 moments=40
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
mounted=""
trap '[ -z "$mounted" ] || umount "$mounted"; rm -rf "$folder"' EXIT

old='{"the":"old report"}'
sweep="check loop/byte loop/word --contract shared --jobs 2 --size 0..12 --dst 0..15 --src 0..7"

renew() {
    echo "$old" >report.json
    echo "$old" >other.json
}

# Are both files whole, the old ones or new ones?
both_whole() {
    "$is_json" report.json other.json 2>err || return 1
    for file in report.json other.json; do
        [ "$(cat $file)" = "$old" ] || grep -q '"results"' $file || return 1
    done
}

# Processes whose command line has this test's folder in it, one a line: workers
# have their parent's.
alive() {
    for entry in /proc/[0-9]*; do
        # A zombie has no command line.
        { tr '\0' ' ' <"$entry/cmdline"; } 2>/dev/null | grep -qF -e "--json $folder/" &&
            echo "${entry#/proc/}"
    done
}

# Are any of them left after two seconds?
survivors() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        alive >found
        [ -s found ] || return 1
        sleep 0.2
    done
    sed 's/^/still there: /' found >err
}

# ---- killed while it writes ----
renew
run() {
    # shellcheck disable=SC2086
    "$@" $sweep --format json -o report.json --json "$folder/other.json" >out 2>err </dev/null
}
run "$storescope"
[ $? -eq 1 ] && both_whole && grep -q violates report.json
verdict $? 'a sweep writes both reports'

call=1 killed=0 torn=0
while :; do
    renew
    run "$kill_at" $call "$storescope"
    status=$?
    [ $status -eq 0 ] || break
    killed=$((killed + 1))
    both_whole || torn=$((torn + 1))
    # What is left in the instant between two calls is whole as well.
    for file in .*.tmp; do
        [ -e "$file" ] || continue
        "$is_json" "$file" 2>err || torn=$((torn + 1))
        rm -f "$file"
    done
    call=$((call + step))
done
if [ $status -eq 3 ]; then
    echo "skip killed at system calls: ptrace is not allowed here"
else
    [ $status -eq 1 ] && [ $killed -gt 10 ] && [ $torn -eq 0 ]
    verdict $? "killed at $killed system calls that write: $torn reports torn"
fi
! survivors
verdict $? 'no worker outlives a killed sweep'

# ---- killed at any moment ----
torn=0 round=0 early=0
while [ $round -lt $moments ]; do
    renew
    # shellcheck disable=SC2086
    "$storescope" $sweep --format json -o report.json --json "$folder/other.json" \
        >out 2>err </dev/null &
    process=$!
    sleep "$(printf '0.%03d' $((round * 521 / moments % 250)))"
    kill -KILL $process 2>/dev/null && early=$((early + 1))
    wait $process 2>/dev/null
    both_whole || torn=$((torn + 1))
    round=$((round + 1))
done
[ $torn -eq 0 ] && [ $early -gt 0 ]
verdict $? "killed at $moments moments, $early of them before its end: $torn reports torn"
! survivors
verdict $? 'no worker outlives any of them'
rm -f .*.tmp

# A routine that does not return, so that its worker is busy when the parent goes.
"$storescope" check planted/timeout_spinning --size 24 --dst 0 --src 0 --contract ram --timeout 1m --json "$folder/other.json" \
    >out 2>err </dev/null &
process=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.5
    alive >found
    [ "$(wc -l <found)" -lt 2 ] || break
done
kill -KILL $process
wait $process 2>/dev/null
[ "$(wc -l <found)" -ge 2 ] && ! survivors
verdict $? 'a worker inside of a routine that does not return goes as well'

# ---- the disk ----
loses() { # NAME TEXT: one line that has TEXT, status 2, the old files, nothing else
    [ $status -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q '^storescope: ' err &&
        grep -qF -- "$2" err && [ "$(cat "$where/report.json")" = "$old" ] &&
        [ "$(find "$where" -name '.*.tmp' | wc -l)" -eq 0 ]
    verdict $? "$1"
}

many="check loop/byte --contract shared --contract mmio --contract pmem --contract wc --size 0..8"
where=$folder
renew
# Blocks of 512 bytes, or of 1024 in some shells: less than the report in both.
# shellcheck disable=SC2086
(ulimit -f 2 && exec "$storescope" $many --format json -o report.json) >/dev/null 2>err
status=$?
loses 'a file at its size limit' 'File too large'

if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=16k none small 2>/dev/null; then
    mounted=$folder/small
    where=$folder/small
    echo "$old" >small/report.json
    dd if=/dev/zero of=small/filler bs=4096 count=2 2>/dev/null
    # shellcheck disable=SC2086
    "$storescope" $many --format json -o small/report.json >/dev/null 2>err
    status=$?
    loses 'a full disk' 'No space left on device'
    # shellcheck disable=SC2086
    "$storescope" $many --json small/report.json >/dev/null 2>err
    status=$?
    loses 'a full disk for --json' 'No space left on device'
    umount small && mounted=""
else
    echo "skip a full disk: needs root, and a tmpfs that may be mounted"
fi

where=$folder
for other in report.json "$folder/report.json"; do
    renew
    # shellcheck disable=SC2086
    "$storescope" $many -o report.json --json "$other" >/dev/null 2>err
    status=$?
    loses 'two reports in one file' 'name another file'
done

# A process that was killed left its temporary file, and we got its number.
renew
# shellcheck disable=SC2016
sh -c 'echo half >".report.json.$$.tmp"; exec "$@"' sh "$storescope" check loop/byte \
    --contract ram --size 0..4 --format json -o report.json >out 2>err
[ $? -eq 0 ] && grep -q conforms report.json && [ "$(find . -name '.*.tmp' | wc -l)" -eq 0 ]
verdict $? 'a temporary file left by a killed process is in nobody'"'"'s way'

report
