#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# strange.sh STORESCOPE
#
# A QEMU that says nothing, or what is not known here, is skipped with the reason; it
# never looks like a device that got nothing. Machines that are none are one line.
set -euo pipefail
storescope=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
needs /usr/bin/python3 python3
cd "$scratch"

# run HOW AT STATUS: the machine's report is in `out', the error in `err'.
run() {
    local status=0
    "$storescope" trace engine/to_device 'memcpy size=8' --on "$here/qemu-system-fake $1" \
        --at "$2" >out 2>err || status=$?
    [ "$status" = "$3" ] || fail "$1: status $status, expected $3: $(cat out err)"
}

run well 0x1000 0
has "-> dev: write addr 0x0, data 0x" out
has "QEMU 99.1.2" out
lacks skipped out
run well 0x10000 0
has "-> mem: ram, written; no device learns of it" out
run silent 0x10000 0
run glued 0x1000 0
has "-> dev: write addr 0x0, data 0x" out
has "-> QEMU says: dev: invalid write" out
for how in silent words map half; do
    run $how 0x1000 2
    has ": skipped: " out
done
run silent 0x8000 2
has "does not tell what arrived" out
declare -A says=([die]='I had enough' [fail]='answers `FAIL unknown' [talk]='is no JSON')
for how in die fail talk; do
    run $how 0x1000 2
    [ -s out ] && fail "$how: there is a report"
    [ "$(wc -l <err)" = 1 ] || fail "$how: $(cat err)"
    has "${says[$how]}" err
done
finish
