#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# agree_everywhere.sh ROOT WORK BYTES ROUNDS SEED [PATTERN...]
#
# Does recorder `rewrite' of the arm64 build say what recorder `qemu' of this CPU's build
# says? Every routine to copy or set memory of the arm64 system in ROOT, those of this
# project's arm64 build, and the planted ones (or what PATTERNs mean), at every size up to
# BYTES, ROUNDS times, all else at random. `rewrite' runs in the emulated system and saves its
# traces to a file in WORK, a folder of this project's; `qemu' runs here: in that system it
# would be an emulator in one. Both emulate the same CPU, the one that `qemu' takes unasked:
# what `dc zva' clears depends on it.
#
# Exit status: 0 they agree, 1 they do not, 2 it could not be asked.
set -uo pipefail
shopt -s extglob
if [ $# -lt 5 ]; then
    sed -n '5,6s/^# *//p' "$0" >&2
    exit 2
fi
root=$1 work=$2 bytes=$3 rounds=$4 seed=$5
shift 5
lib=$root/usr/lib/aarch64-linux-gnu
objects=build/arm64/backends
if [ $# = 0 ]; then
    for op in memcpy memmove memset; do
        set -- "$@" "$lib/libc.a:__${op}_[egktz]*" "$lib/libc.a:__${op}_sve*" \
            "$lib/libc.a:__${op}_a64fx" "$root/usr/lib/aarch64-linux-musl/libc.a:$op" \
            "$root/usr/lib/klibc/lib/libc.a:$op" "$lib/diet/lib-aarch64/libc.a:$op"
    done
    # The planted ones call each other across their files.
    aarch64-linux-gnu-ld -r -o "$work/planted.o" \
        "$objects"/planted/CMakeFiles/storescope_planted.dir/planted_!(rows*).o || exit 2
    for object in "$work/planted.o" build/arm64/tests/routines/*.o \
        "$objects"/CMakeFiles/storescope_routines.dir/routines/loops.c.o; do
        set -- "$@" "$object:*"
    done
    set -- "$@" 'build/arm64/storecopy/libstorecopy.a:storecopy_*'
fi
# Where nothing could be compared, as of a routine for another CPU, nothing differs.
differs() {
    local ended
    "$@"
    ended=$?
    [ $ended != 0 ] && [ $ended != 77 ]
}
cases=$(((bytes + 1) * rounds))
status=0
compare() { # CPU PATTERN
    local file=$work/rewrite.agree
    echo "$2, $1"
    differs script/in-arm64 "$root" env QEMU_CPU="$1" build/arm64/tests/agree -r rewrite \
        -n $cases -z "$bytes" -s "$seed" --save "$file" "$2" && status=1
    differs build/dev/tests/agree -r qemu --against "$file" && status=1
    rm -f "$file"
}
for pattern in "$@"; do
    case $pattern in
    *_sve* | *_a64fx* | *planted*) compare max "$pattern" ;;
    *) compare cortex-a57 "$pattern" ;;
    esac
done
exit $status
