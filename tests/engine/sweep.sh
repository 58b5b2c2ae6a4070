#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# sweep.sh STORESCOPE dense|whole|alignments|overlaps [GLOB [CPU]]
#
# Judges storecopy's functions, or those whose name fits GLOB, by the contracts
# that contracts.tsv gives them, and counts the cases. With CPU, such as aarch64, those
# that are built for it and emulated.
#
#   dense  sizes 0..160 at every alignment modulo 64 of both, some of the sizes up
#          to 12 KiB; for moves every distance of -128..128 at some
#   whole  sizes 0..4096 at every alignment modulo 64 of both; for moves also at
#          every distance of -128..128, and the size's own distances, at every
#          alignment modulo 64 of the destination. And sizes around 8 KiB, 32 KiB,
#          4 MiB and 8 MiB, where code changes. `alignments` is the first half of it,
#          `overlaps` the second
#
# What cannot be run here is named. Exit status: 0 when every case conforms, 77 when none of
# the functions can be run here.
set -u
storescope=$1
sweep=$2
only=${3:-*}
cpu=${4:-$(uname -m)}
family=${4:+$4/}engine
here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$here/../.."
tab=$(printf '\t')
failed=0 skipped=0 total=0 functions=0

# One sweep of BACKEND on SIDE; the other arguments go to `check`.
check() {
    backend=$1 side=$2
    shift 2
    "$storescope" check "$backend" --device "$side" $options --quiet "$@" >"$log" 2>&1
    status=$?
    count=$(sed -n 's/^ *[a-z-]*, \([0-9,]*\) cases.*/\1/p' "$log" | tr -d , | head -n 1)
    total=$((total + ${count:-0}))
    echo "$backend $side$options: ${count:-0} cases, exit status $status"
    [ "$status" = 0 ] && [ "${count:-0}" -gt 0 ] && return
    failed=$((failed + 1))
    sed 's/^/    /' "$log"
    echo "    again: $storescope check $backend --device $side$options $*"
}

# Why there is no such row, or it cannot be run here; nothing where it can.
lacks_of() {
    "$storescope" list backends "$1" 2>/dev/null | awk -v name="$1" '
        $1 == name { found = 1; if (match($0, /(CPU lacks|install) .*/)) print substr($0, RSTART) }
        END { if (!found) print "there is none for this CPU" }'
}

sweep_alignments() {
    check "$family/$1" "$2" --size 0..4096 --dst 0..63 --src 0..63
    check "$family/$1" "$2" --size 8128..8320 --dst 0..63 --src 0..63:3
    check "$family/$1" "$2" --size 32736..33024:3 --dst 0..63:9 --src 0..63:3
    check "$family/$1" "$2" --size 4194240..4194400:31 --dst 0..63:9 --src 0..63:21
    check "$family/$1" "$2" --size 8388560..8388680:39 --dst 0..63:21 --src 0..63:21
}

sweep_overlaps() {
    [ -n "$moves" ] || return
    check "$family/$1" "$2" --size 0..4096 --dst 0..63 --overlap -128..128
    # Without a source or distance: the size's own, and others again.
    check "$family/$1" "$2" --size 0..4096 --dst 0..63
    check "$family/$1" "$2" --size 8128..8320:3 --dst 0..63:3 --overlap -128..128
}

# No source, or one of the two sides a FIFO at one address: fewer places, any sweep.
sweep_one_sided() {
    step=${1##*_}
    case $op in
    set)
        check "$family/$1" "$2" --size 0..4096 --dst 0..63
        check "$family/$1" "$2" --size 8128..8320 --dst 0..63
        check "$family/$1" "$2" --size 4194240..4194400:31 --dst 0..63:9
        ;;
    to-fifo) check "$family/$1" "$2" --size "0..256:$step" --dst 0..56:8 --src 0..63 ;;
    from-fifo) check "$family/$1" "$2" --size "0..256:$step" --dst 0..63 --src 0..56:8 ;;
    esac
}

sweep_row() {
    op=$("$storescope" list backends "$family/$1" | awk -v name="$family/$1" '$1 == name { print $2 }')
    moves=""
    [ "$op" = memmove ] && moves=1
    case $op in
    set | *-fifo)
        sweep_one_sided "$1" "$2"
        return
        ;;
    esac
    case $sweep in
    dense)
        check "$family/$1" "$2" --size 0..160 --dst 0..63 --src 0..63
        check "$family/$1" "$2" --size 161..12288:53 --dst 0..63:9 --src 0..63:7
        [ -z "$moves" ] && return
        check "$family/$1" "$2" --size 0..400:3 --dst 0..63:9 --overlap -128..128
        ;;
    whole)
        sweep_alignments "$1" "$2"
        sweep_overlaps "$1" "$2"
        ;;
    alignments) sweep_alignments "$1" "$2" ;;
    overlaps) sweep_overlaps "$1" "$2" ;;
    *)
        echo "sweep.sh: unknown sweep '$sweep'; say dense, whole, alignments or overlaps" >&2
        exit 2
        ;;
    esac
}

while IFS=$tab read -r name side contracts promised_on; do
    case $name in '#'*) continue ;; esac
    # shellcheck disable=SC2254 # GLOB is a pattern.
    case $name in $only) ;; *) continue ;; esac
    case $promised_on in "" | "$cpu") ;; *) continue ;; esac
    lacks=$(lacks_of "$family/$name")
    if [ -n "$lacks" ]; then
        echo "skip $family/$name: $lacks"
        skipped=$((skipped + 1))
        continue
    fi
    options=""
    for contract in $contracts; do
        options="$options --contract $contract"
    done
    functions=$((functions + 1))
    sweep_row "$name" "$side"
done <"$here/contracts.tsv"

echo "$total cases of $functions functions, $failed sweeps failed, $skipped functions skipped"
[ "$functions" -gt 0 ] || [ "$skipped" = 0 ] || exit 77
[ "$failed" = 0 ] && [ "$functions" -gt 0 ]
