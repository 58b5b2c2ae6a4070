#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# cross.sh SOURCES
#
# Compiles storecopy's plain C for CPUs that are not here, by clang, without a
# libc, and reads the assembly: no call to memcpy and its kin or to libatomic; on
# AArch64, no device access with a write-back address, which a hypervisor cannot
# emulate. And, for code that may not use vector registers, x86-64 without them, by
# both compilers: all of it compiles, and names none. Exit status: 0 good, 1 not, 77 without clang.
set -u
sources=$1
command -v clang >/dev/null 2>&1 || { echo "skipped: install clang"; exit 77; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0 done=0

for target in aarch64-linux-gnu armv7a-linux-gnueabihf riscv64-linux-gnu powerpc64-linux-gnu \
    powerpc64le-linux-gnu s390x-linux-gnu mips-linux-gnu i686-linux-gnu; do
    levels="O0 O2"
    [ "$target" = aarch64-linux-gnu ] && levels="O0 O2 O3 Os"
    for level in $levels; do
        for source in shared_portable device ordered wc storecopy choose pmem; do
            done=$((done + 1))
            what="clang --target=$target -$level $source.c"
            if ! clang --target="$target" "-$level" -std=gnu17 -ffreestanding -Wall -Wextra -Werror \
                -S "$sources/$source.c" -o "$log" 2>"$log.errors"; then
                echo "FAIL $what"
                cat "$log.errors"
                failed=$((failed + 1))
                continue
            fi
            if grep -nE '\b(mem(cpy|move|set)|bcopy|__atomic_[a-z]|__aeabi_mem)' "$log"; then
                echo "FAIL $what: a call that is none of ours"
                failed=$((failed + 1))
            fi
            if [ "$target" = aarch64-linux-gnu ] && sed -n '/APP/,/NO_APP/p' "$log" |
                grep -nE '\], *#|\]!'; then
                echo "FAIL $what: a write-back address"
                failed=$((failed + 1))
            fi
        done
    done
done
for compiler in gcc clang; do
    [ "$(uname -m)" = x86_64 ] && command -v $compiler >/dev/null 2>&1 || continue
    for source in "$sources"/*.c; do
        done=$((done + 1))
        what="$compiler -mgeneral-regs-only -DSTORECOPY_PORTABLE_ONLY $(basename "$source")"
        if ! $compiler -O2 -std=gnu17 -mgeneral-regs-only \
            -DSTORECOPY_PORTABLE_ONLY -Wall -Wextra -Werror -S "$source" -o "$log" 2>"$log.errors"; then
            echo "FAIL $what"
            cat "$log.errors"
            failed=$((failed + 1))
        elif grep -nE '%[xyz]mm' "$log"; then
            echo "FAIL $what: a vector register"
            failed=$((failed + 1))
        fi
    done
done
rm -f "$log.errors"
echo "$done compilations, $failed failed"
[ "$failed" = 0 ]
