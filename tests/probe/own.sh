#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# own.sh STORESCOPE
#
# `probe' with routines of a user's own: counters of writes, a bus error, and what leaves
# its process. Exit status: 0 good, 1 not, 77 without a compiler.
set -u
storescope=$1
here=$(cd "$(dirname "$0")" && pwd)
command -v gcc >/dev/null || { echo 'skipped: gcc is not installed'; exit 77; }
. "$here/../cli/common.sh"
gcc -O2 -fPIC -shared "$here/own.c" -o libown.so || exit 2
truncate -s 8192 bar

finds() { # ROUTINE RULES OPTION...
    routine=$1 rules=$2
    shift 2
    run probe "$@" "./libown.so:$routine"
    found=$(sed -n 's/^  \([a-z]*-[a-z-]*\|crash\|timeout\|shifted\): .*/\1/p' out | tr '\n' ' ')
    [ "$status" -eq 1 ] && [ "$found" = "$rules " ]
    verdict $? "$routine is told by '$rules': $*"
}

# The page's counter goes up as a device's would, and as one's that sees other writes.
for map in ram memfd bar; do
    prints 0 '56 stores recorded, 56 counted' \
        probe --map $map --offset 0x100 --counter 0x40 ./libown.so:counted
    prints 0 '56 stores recorded, 56 counted' \
        probe --map $map --offset 0x100 --counter 0x40:1 ./libown.so:counted
    finds counted_twice count-differs --map $map --offset 0x100 --counter 0x40:4
    finds uncounted count-differs --map $map --offset 0x100 --counter 0x40
done
# A counter of one byte goes round.
prints 0 '300 stores recorded, 44 counted' \
    probe --map ram --offset 0x100 --size 308 --counter 0x40:1 ./libown.so:counted

run probe --map ram --offset 0x100 --counter 0x40 ./libown.so:asks
[ "$status" -eq 2 ] && grep -q ': broken$' out && grep -q 'its stores cannot be counted: ' err
verdict $? 'what cannot be recorded is not compared'

finds overruns 'stored-after source-changed' --map ram
run probe --map ram ./libown.so:forks
[ "$status" -eq 2 ] && grep -q ': skipped$' out && grep -q 'made the system call' err
verdict $? 'a system call that it may not make is named, and no finding'
finds exits crash --map ram
finds traps crash --map ram
grep -q '^  crash: SIG[A-Z]*$' out
verdict $? 'a signal that no access raised has no address'
prints 0 conforms probe --map ram --call 'void words(n/4, src, dst)' ./libown.so:words

# The file is cut while the routine runs: the bus error is the routine's.
"$storescope" probe --map bar --offset 0x1000 --timeout 60s ./libown.so:waits >out 2>err &
probing=$!
until [ "$(od -An -tx1 -j 4096 -N 1 bar)" = ' 11' ] || ! kill -0 $probing 2>/dev/null; do
    sleep 0.05
done
truncate -s 4096 bar
: >cut
wait $probing
[ $? -eq 1 ] && grep -q '^  crash: SIGBUS: a store at offset 0x1004$' out &&
    grep -q '^    by .* at waits+0x' out && [ "$(stat -c %s bar)" -eq 4096 ]
verdict $? 'a bus error is told by offset and instruction'
report
