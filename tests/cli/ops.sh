#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# ops.sh STORESCOPE COMPILER
#
# What sets, what goes to and from a FIFO, and fields of the source: each routine of
# ops.c breaks the rules of its row in ops.tsv and no others, on this CPU and on AArch64;
# its cases are texts that mean themselves, and what says nothing of an op is said.

set -u
storescope=${1:?usage: ops.sh STORESCOPE COMPILER}
compiler=${2:?usage: ops.sh STORESCOPE COMPILER}
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
once=$here/../contracts/once.contract

# Each row of the table for ops-NAME.o.
judge_all() { # NAME
    tab=$(printf '\t')
    while IFS=$tab read -r routine arguments rules; do
        case $routine in '#'*) continue ;; esac
        arguments=$(echo "$arguments" | sed "s|ONCE|$once|")
        # shellcheck disable=SC2086
        run check "ops-$1.o:$routine" $arguments -q
        got=$(sed -n 's/^  \([a-z-]*\): [0-9,]* cases\{0,1\}, the smallest.*/\1/p' out | tr '\n' ' ')
        wanted=1
        [ "$rules" = - ] && rules="" wanted=0
        [ "$got" = "$rules${rules:+ }" ] && [ "$status" -eq $wanted ]
        verdict $? "$1: $routine ($arguments) breaks '$rules', and it is '$got'"
    done <"$here/ops.tsv"
}

if [ "$(uname -m)" = x86_64 ]; then
    "$compiler" -O2 -c "$here/ops.c" -o ops-x86_64.o
    judge_all x86_64
fi
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
    aarch64-linux-gnu-gcc -O2 -c "$here/ops.c" -o ops-aarch64.o
    judge_all aarch64
else
    echo "skip AArch64: install qemu-user and gcc-aarch64-linux-gnu"
fi
if [ ! -f ops-x86_64.o ]; then
    report
    exit
fi

# Texts that mean themselves.
for text in 'set size=64 dst=3 fill=1' 'to-fifo size=16 dst=8 src=3 fill=7' \
    'from-fifo size=16 dst=1 src=8 lower=dst fill=zeros' \
    'memcpy size=16 dst=0 src=0 fill=1 u32@4=64 u8@0=255'; do
    prints 0 ": $text" trace ops-x86_64.o:fill "$text"
done
prints 0 '4 stores to the FIFO: 16 bytes for a request of 16' trace ops-x86_64.o:put --op to-fifo \
    --size 16
prints 0 ': memcpy size=16 dst=0 src=0 fill=1 u32@4=64' trace ops-x86_64.o:take_once --size 16 \
    --data u32@4=64
run trace ops-x86_64.o:take_once 'memcpy size=16 u32@4=64 u64@8=0xffffffffffffffff' \
    --format json -o take.json
grep -q '"fields":\[{"offset":4,"width":4,"value":64},{"offset":8,"width":8,"value":"0xffffffffffffffff"}\]' \
    take.json
verdict $? "JSON of a trace has the fields of the source"
valid trace take.json
run check ops-x86_64.o:take_twice --contract "$once" --device src --size 16 --data u32@4=0..64 -q \
    --format json -o twice.json
grep -q '"case":"memcpy size=16 [^}]*"fields":\[{"offset":4,"width":4,"value":[0-9]*}\]' twice.json
verdict $? "JSON of a finding has them, too"
valid results twice.json

# What is not asked is said, in every format that has room for it.
prints 1 'not asked of set, which has no source: repeated-load' check ops-x86_64.o:fill --op set \
    -c shared --size 4 -q
run check ops-x86_64.o:put --op to-fifo -c mmio --size 4 -q --format json -o put.json
[ "$status" -eq 0 ] && grep -q '"not_asked":\["wrong-return","duplicate-store"' put.json
verdict $? "JSON names the rules that say nothing of to-fifo"
valid results put.json

# What cannot be judged is not kept.
run check ops-x86_64.o:fill -c fifo32 --op memcpy --size 4 -q
[ "$status" -eq 2 ] && grep -q 'fifo32 is about to-fifo, from-fifo' out
verdict $? "a contract of FIFOs says nothing of a copy"
run check ops-x86_64.o:get -c fifo32 --op from-fifo --device dst --size 4 -q
[ "$status" -eq 2 ] && grep -q 'the FIFO is the source; --device src' out
verdict $? "a contract of FIFOs says nothing of the other side"
run check ops-x86_64.o:fill -c ram --op set --device src --size 4 -q
[ "$status" -eq 2 ] && grep -q 'set has no source' out
verdict $? "set has no source to ask about"
refuses 'set has no source; leave --src out' check ops-x86_64.o:fill -c ram --op set --src 0
refuses 'set has no source; leave --data out' check ops-x86_64.o:fill -c ram --op set --data u8@0=1
refuses 'overlap is undefined for to-fifo' check ops-x86_64.o:put -c ram --op to-fifo --overlap 1
refuses 'set has no source; leave src out' trace ops-x86_64.o:fill 'set size=4 src=0'
refuses 'expected memcpy, memmove, mempcpy, set, to-fifo or from-fifo' check ops-x86_64.o:fill \
    -c ram --op sit
refuses 'expected WIDTH@OFFSET=RANGE' check ops-x86_64.o:take_once -c ram --data u24@0=1
refuses 'expected values from 0 on that 8 bits hold' check ops-x86_64.o:take_once -c ram \
    --data u8@0=0..256
refuses 'lies over another field' check ops-x86_64.o:take_once -c ram --data u32@0=1 --data u8@3=1
refuses 'no size of this sweep has room' check ops-x86_64.o:take_once -c ram --size 0..7 \
    --data u32@4=1
refuses 'expected fields that lie in the 6 bytes of the source' trace ops-x86_64.o:take_once \
    'memcpy size=6 u32@4=1'

# Saved cases and expectations have the ops, too.
cat >lost.case <<EOF
backend ./ops-x86_64.o:put_lost
contract fifo32
rule wrong-data
case to-fifo size=16 dst=0 src=0 fill=1
EOF
prints 1 '1 held' replay lost.case
cat >twice.case <<EOF
backend ./ops-x86_64.o:take_twice
contract $once
device src
rule repeated-load
case memcpy size=16 dst=0 src=0 fill=1 u32@4=64
EOF
prints 1 '1 held' replay twice.case
report
