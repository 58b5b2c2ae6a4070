#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# instructions.sh CALLS PLUGIN ROOT ROUTINE...
#
# Instructions of one call of each ROUTINE (PATH:SYMBOL) for AArch64, native and recorded,
# as qemu-aarch64 counts them with PLUGIN: a run of CALLS (storescope_bench_calls) with a
# hundred thousand calls, less one with none. The few to enter it count for both. Of a call
# without accesses, what recording adds is its fixed cost.
set -euo pipefail
calls=$1 plugin=$2 root=$3
shift 3

counted=$(mktemp)
trap 'rm -f "$counted"' EXIT
executed() { # ROUTINE SIZE CALLS MODE
    qemu-aarch64 -L "$root" -plugin "$plugin" "$calls" "$@" 2>"$counted" >/dev/null &&
        sed -n 's/^executed //p' "$counted" && return
    cat "$counted" >&2
    return 2
}

printf '%-20s %5s %8s %9s %9s %12s %7s\n' routine bytes accesses native recorded 'stores only' added
for routine in "$@"; do
    for size in ${SIZES:-0 8 64 256 1024 4096}; do
        none=$(executed "$routine" "$size" 0 native)
        native=$((($(executed "$routine" "$size" 100000 native) - none) / 100000))
        recorded=$((($(executed "$routine" "$size" 100000 recorded) - none) / 100000))
        none=$(executed "$routine" "$size" 0 stores)
        stores=$((($(executed "$routine" "$size" 100000 stores) - none) / 100000))
        accesses=$(qemu-aarch64 -L "$root" "$calls" "$routine" "$size" 0 native)
        printf '%-20s %5u %8u %9u %9u %12u %7u\n' "${routine##*:}" "$size" "$accesses" "$native" \
            "$recorded" "$stores" $((recorded - native))
    done
done
