#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# words.sh SOURCE: the bare-metal guest's words are what its source assembles to.
set -u
made=$(mktemp)
trap 'rm -f "$made"' EXIT
"$1/script/guest-words" >"$made" || exit $?
diff "$made" "$1/oracle/board/guest/aarch64.inc"
