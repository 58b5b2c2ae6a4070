#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# object_cache.sh STORESCOPE
#
# What is the same for every routine of an architecture is compiled once, and linked once for all
# routines of a libc or of storecopy, and again when what was kept is not whole, of another
# compiler, or in a folder that others may write to.
set -euo pipefail
storescope=$1
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
backend=aarch64/engine/to_device
needs aarch64

real=$(command -v aarch64-linux-gnu-gcc)
mkdir "$work/bin"
cat >"$work/bin/aarch64-linux-gnu-gcc" <<END
#!/bin/sh
echo "\$*" >>"$work/log"
exec $real "\$@"
END
chmod +x "$work/bin/aarch64-linux-gnu-gcc"

# WHAT CACHE WANTED PATTERN: is the compiler called so?
calls() {
    : >"$work/log"
    XDG_CACHE_HOME=$2 PATH=$work/bin:$PATH "$storescope" check "$backend" --contract ram \
        --size 0..4 --dst 0 --src 0 >"$work/out" 2>&1 || fail "$1: $(cat "$work/out")"
    local seen=no
    ! grep -q -- "$4" "$work/log" || seen=yes
    [ "$seen" = "$3" ] || fail "$1: '$4' seen: $seen, wanted: $3"
}
# Does it see the runner's source? A program that is kept needs none.
compiles() {
    rm -f "$2"/storescope/*-program
    calls "$@" 'runner\.c'
}
links() {
    calls "$@" '-o program'
}

compiles "an empty cache" "$work/cache" yes
compiles "the cache" "$work/cache" no
object=$work/cache/storescope/aarch64-runner.o
printf x | dd of="$object" bs=1 seek=20000 conv=notrunc status=none
compiles "a changed object" "$work/cache" yes
compiles "the object made again" "$work/cache" no
truncate -s 20000 "$object"
compiles "a shortened object" "$work/cache" yes
links "a program that is kept" "$work/cache" no
calls "a program that is kept" "$work/cache" no .
program=$work/cache/storescope/aarch64-storecopy-program
printf x | dd of="$program" bs=1 seek=20000 conv=notrunc status=none
links "a changed program" "$work/cache" yes
links "the program made again" "$work/cache" no
echo "# another" >>"$work/bin/aarch64-linux-gnu-gcc"
links "another compiler's program" "$work/cache" yes
links "the program of the other compiler" "$work/cache" no
echo "# a third" >>"$work/bin/aarch64-linux-gnu-gcc"
compiles "another compiler" "$work/cache" yes
compiles "the other compiler's" "$work/cache" no
chmod 777 "$work/cache/storescope"
links "a program in a folder of everybody's" "$work/cache" yes
compiles "a folder of everybody's" "$work/cache" yes
compiles "no folder" /proc/nowhere yes
[ "$failures" = 0 ]
