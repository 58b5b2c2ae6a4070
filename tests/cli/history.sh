#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# The history survives a kill, two campaigns at once, and an older version of
# itself. Usage: history.sh STORESCOPE IS_JSON CORPUS WRITE_HISTORY

set -u
storescope=${1:?usage: history.sh STORESCOPE IS_JSON CORPUS WRITE_HISTORY} is_json=$2 write=$4
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"

# How many of the findings the file has, as the tool sees them.
findings() { # FILE
    "$storescope" fuzz --history --db "$1" --format json >history.json 2>err &&
        "$is_json" history.json && grep -c '"rule":' history.json
}

refuses 'there is no history' fuzz --history
refuses 'there is no history' fuzz --history --db none.db
refuses 'cannot' fuzz --history --db /
echo 'no database at all, but a text that is long enough to be looked at' >text.db
refuses 'is not a history of storescope' fuzz --history --db text.db

"$write" one.db first 40 >out
[ "$(findings one.db)" = 40 ]
verdict $? 'what was written is shown'
valid history history.json
prints 0 'DROP TABLE' fuzz --history --db one.db
"$write" one.db second 50 >out
[ "$(grep -c old out)" -eq 40 ] && [ "$(findings one.db)" = 50 ]
verdict $? 'a finding of two campaigns is one, and known to be had'

"$write" two.db left 150 >left.out 2>left.err &
left=$!
"$write" two.db right 150 >right.out 2>right.err &
right=$!
wait $left && wait $right && [ "$(findings two.db)" = 150 ] &&
    [ "$(cat left.out right.out | grep -c new)" -eq 150 ]
verdict $? 'two campaigns at once lose nothing, and each finding is new to one of them'

for wait in 0.05 0.2 0.4; do
    rm -f killed.db*
    "$write" killed.db victim 100000 >killed.out 2>err &
    process=$!
    until [ -s killed.out ]; do sleep 0.05; done
    sleep $wait
    kill -9 $process
    wait $process 2>wait.err
    said=$(wc -l <killed.out) had=$(findings killed.db)
    # The last one may have been written and not said.
    [ "$had" -ge $((said)) ] && [ "$had" -le $((said + 1)) ] && "$write" killed.db after 1 >out
    verdict $? "killed after $wait s, the history has what was written ($had of $said)"
done

if command -v sqlite3 >/dev/null 2>&1; then
    # Version 1 had no coverage.
    sqlite3 one.db 'DROP TABLE coverage; PRAGMA user_version=1' && "$write" one.db third 60 >out &&
        [ "$(findings one.db)" = 60 ] && [ "$(sqlite3 one.db 'PRAGMA user_version')" = 2 ]
    verdict $? 'a file of an older version is brought up to date'
    sqlite3 one.db 'PRAGMA user_version=99'
    refuses 'is of version 99' fuzz --history --db one.db
    sqlite3 other.db 'CREATE TABLE mine(x)'
    refuses "another program's database" fuzz --history --db other.db
    [ "$(sqlite3 other.db '.tables')" = mine ]
    verdict $? 'and nothing is written to it'
else
    echo "skip: sqlite3 is not here, so no file of another version was made"
fi
report
