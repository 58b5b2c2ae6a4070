#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Hostile routines among sane ones in one compare: the rows of the sane ones are
# what they are alone. Usage: among_sane.sh STORESCOPE HOSTILE.so

set -u
storescope=${1:?usage: among_sane.sh STORESCOPE HOSTILE.so}
object=${2:?usage: among_sane.sh STORESCOPE HOSTILE.so}
sane="loop/word qemu/ram_move $object:sane loop/byte"
hostile=
for routine in stores_heap kills_parent floods_stack raises_stop floods_log spins_forever \
    resolved_by_crash leaves_direction stores_shared; do
    hostile="$hostile $object:$routine"
done

# rows ROUTINE... ; the matrix, one blank between columns, sane rows only
rows() {
    "$storescope" compare "$@" --contract ram --contract shared --contract mmio \
        --size 0..24 --dst 0..1 --src 0..1 --timeout 50ms --quiet --color never 2>/dev/null |
        awk '$1 ~ /^(loop|qemu)\/|:sane$/ && NF > 1 { $1 = $1; print }'
}

# One of each in turn, so that every sane routine but the first follows a
# hostile one.
mixed=
set -- $sane
for routine in $hostile; do
    mixed="$mixed $routine"
    if [ $# -gt 0 ]; then
        mixed="$mixed $1"
        shift
    fi
done
alone=$(rows $sane | sort)
among=$(rows $mixed | sort)
echo "$among"
if [ "$(echo "$alone" | wc -l)" -ne 4 ]; then
    echo "FAIL expected 4 sane rows alone, got:"
    echo "$alone"
    exit 1
fi
if [ "$alone" != "$among" ]; then
    echo "FAIL among hostile routines the sane ones give other results; alone:"
    echo "$alone"
    exit 1
fi
echo "ok   the results of sane routines are the same among hostile ones"
