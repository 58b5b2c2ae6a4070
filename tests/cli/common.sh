# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# For the scripts of this folder that source it: a folder of their own to work
# in, and checks of one run of the tool each. Needs $storescope; ends in `report`.

case $storescope in /*) ;; *) storescope=$PWD/$storescope ;; esac
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
XDG_STATE_HOME=$folder/state
export XDG_STATE_HOME
passed=0 failed=0

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        sed 's/^/     out: /' out 2>/dev/null | head -n 12
        sed 's/^/     err: /' err 2>/dev/null | head -n 8
    fi
}

run() { # ARGUMENT... ; leaves out, err, status
    "$storescope" "$@" >out 2>err </dev/null
    status=$?
}

# Ends with status 2, nothing on stdout, one line on stderr with TEXT in it.
refuses() { # TEXT ARGUMENT...
    text=$1
    shift
    run "$@"
    [ "$status" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -q '^storescope: ' err && grep -qF -- "$text" err
    verdict $? "refuses: $*"
}

# Ends with STATUS, is silent on stderr, and prints TEXT.
prints() { # STATUS TEXT ARGUMENT...
    wanted=$1 text=$2
    shift 2
    run "$@"
    [ "$status" -eq "$wanted" ] && [ ! -s err ] && grep -qF -- "$text" out
    verdict $? "prints '$text': $*"
}

# Is FILE valid by a schema of docs/schema? Where there is no validator, says so.
valid() { # SCHEMA FILE
    python=/usr/bin/python3
    [ -x "$python" ] || python=python3
    "$python" "$here/../formats/validate.py" "$here/../../docs/schema/$1.schema.json" "$2" >out 2>err
    status=$?
    if [ $status -eq 77 ] || [ $status -eq 127 ]; then
        echo "skip $2 is valid by $1.schema.json: python3-jsonschema is not installed"
    else
        verdict $status "$2 is valid by $1.schema.json"
    fi
}

report() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
