#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# words.sh SOURCE: the bare-metal guests' words are what their sources assemble to.
set -u
made=$(mktemp)
trap 'rm -f "$made"' EXIT
for cpu in aarch64 riscv64 x86_64; do
    "$1/script/guest-words" $cpu >"$made" || exit $?
    diff "$made" "$1/oracle/board/guest/$cpu.inc" || exit 1
done
