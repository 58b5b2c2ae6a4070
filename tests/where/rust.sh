#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Slices and methods of Rust, called as they are, and the lines of their source.
# Usage: rust.sh STORESCOPE SOURCES

set -u
storescope=${1:?usage: rust.sh STORESCOPE SOURCES}
command -v rustc >/dev/null || {
    echo "cannot run here: rustc is not installed"
    exit 77
}
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cp "$2/put.rs" "$folder" && cd "$folder" || exit 2
rustc --edition=2021 --crate-type=lib --emit=obj -C opt-level=2 -C debuginfo=2 -o put.o put.rs || {
    echo "cannot run here: rustc makes no object file"
    exit 77
}
passed=0 failed=0

says() { # NAME PATTERN
    if grep -Eq -- "$2" out; then
        passed=$((passed + 1))
        echo "ok   $1: $2"
    else
        failed=$((failed + 1))
        echo "FAIL $1: $2"
        sed 's/^/     /' out | head -n 20
    fi
}

"$storescope" check put.o --call 'void put::put(dst, n, src, n)' --contract ram --contract mmio \
    --size 0..16 --quiet >out 2>&1
says slices ' under ram: conforms'
says slices '  split-store: '
says slices 'put::put\+0x[0-9a-f]+ \(mod\.rs:[0-9]+, from put\.rs:11\)'
"$storescope" check put.o --call 'void put::Bar::write(self=&{dst}, src, n/4)' --contract axi32 \
    --size 0..32:4 --dst 0..16:4 --src 0..16:4 --quiet >out 2>&1
says 'a method' ' under axi32: conforms'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
