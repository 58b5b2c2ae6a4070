#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# object_cache.sh STORESCOPE
#
# What is the same for every routine of an architecture is compiled once, and again when what
# was kept is not whole, of another compiler, or in a folder that others may write to.
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

# WHAT CACHE WANTED: does the compiler see the runner's source?
compiles() {
    : >"$work/log"
    XDG_CACHE_HOME=$2 PATH=$work/bin:$PATH "$storescope" check "$backend" --contract ram \
        --size 0..4 --dst 0 --src 0 >"$work/out" 2>&1 || fail "$1: $(cat "$work/out")"
    local seen=no
    ! grep -q 'runner\.c' "$work/log" || seen=yes
    [ "$seen" = "$3" ] || fail "$1: compiled: $seen, wanted: $3"
}

compiles "an empty cache" "$work/cache" yes
compiles "the cache" "$work/cache" no
object=$work/cache/storescope/aarch64-runner.o
printf x | dd of="$object" bs=1 seek=20000 conv=notrunc status=none
compiles "a changed object" "$work/cache" yes
compiles "the object made again" "$work/cache" no
truncate -s 20000 "$object"
compiles "a shortened object" "$work/cache" yes
echo "# another" >>"$work/bin/aarch64-linux-gnu-gcc"
compiles "another compiler" "$work/cache" yes
compiles "the other compiler's" "$work/cache" no
chmod 777 "$work/cache/storescope"
compiles "a folder of everybody's" "$work/cache" yes
compiles "no folder" /proc/nowhere yes
[ "$failures" = 0 ]
