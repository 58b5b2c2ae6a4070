#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# fifo.sh STORESCOPE COMPILER
#
# What a FIFO gives is the same by both recorders, whatever takes it: each access, what is
# stored, and what is broken.

set -u
storescope=${1:?usage: fifo.sh STORESCOPE COMPILER}
compiler=${2:?usage: fifo.sh STORESCOPE COMPILER}
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"
if [ "$(uname -m)" != x86_64 ]; then
    echo "skip: fifo.S is for x86-64"
    report
    exit
fi

"$compiler" -c "$here/fifo.S" -o fifo.o
recorded() { # RECORDER ROUTINE SIZE
    "$storescope" trace "fifo.o:$2" "from-fifo size=$3 dst=3 src=8 fill=1" --loads \
        --recorder "$1" --format json 2>&1 |
        grep -E -o '"kind":"[a-z]*","region":"(dst|src)".*"value":[^,]*|"outcome":"[^"]*"'
    "$storescope" check "fifo.o:$2" --op from-fifo -c fifo32 -c ram --device src --size "$3" \
        --dst 3 --src 8 --recorder "$1" -q 2>&1 | grep -A2 ', the smallest:'
}
has_avx2=true
grep -qw avx2 /proc/cpuinfo || has_avx2=false
for routine in lods4 movs4 rep_movs gather by_push by_add vector wide keeps_flags stores_back \
    stored_twice by_call compares backwards; do
    case $routine in gather | wide) $has_avx2 || continue ;; esac
    for size in 0 4 16; do
        recorded rewrite $routine $size >out
        recorded step $routine $size >err
        cmp -s out err && [ -s out ]
        verdict $? "rewrite and step agree on $size bytes from a FIFO by $routine"
    done
done
report
