#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# lost_worker.sh DIFFERENTIAL ROUTINE
#
# A worker that is lost while cases are recorded costs one case, and no more: the next one lays
# its cases out where the first did.
set -u
usage="usage: lost_worker.sh DIFFERENTIAL ROUTINE"
differential=${1:?$usage} routine=${2:?$usage}
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT

"$differential" 40 "$routine" >"$out" &
parent=$!
tries=0 worker=
while [ -z "$worker" ] && [ $tries -lt 100 ]; do
    sleep 0.05
    worker=$(pgrep -P $parent | head -n 1)
    tries=$((tries + 1))
done
sleep 0.5
kill -9 "$worker" 2>/dev/null
killed=$?
wait $parent
status=$?
cat "$out"
[ $killed -eq 0 ] || { echo "skipped: it ended before its worker could be killed"; exit 77; }
! grep -q '^1 routines, 0 cases' "$out" || { echo "skipped: it had not begun to record"; exit 77; }
[ $status -eq 0 ] && grep -q ', 0 differ, 1 are left out' "$out"
