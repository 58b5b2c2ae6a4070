#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# agree_saved.sh AGREE PATH:SYMBOL
#
# What `agree --save' wrote, another recorder agrees with (`--against'); a file that was cut
# short is said to be.
set -uo pipefail
agree=$1 routine=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
file=$work/saved

fail() {
    echo "agree_saved: $1" >&2
    exit 1
}
"$agree" -r rewrite -n 45 -z 20 --save "$file" "$routine" || fail "nothing was saved"
"$agree" -r step --against "$file" | tee "$work/says" || fail "step differs from what was saved"
grep -q '^1 backends, 44 cases compared' "$work/says" || fail "not all cases were compared"
truncate -s -10 "$file"
if "$agree" -r step --against "$file" >"$work/says"; then
    fail "a file cut short is taken for a whole one"
fi
grep -q 'not whole' "$work/says" || fail "nothing says that the file is cut short: $(cat "$work/says")"
