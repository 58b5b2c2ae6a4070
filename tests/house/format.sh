#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Is every C file laid out as .clang-format says? Usage: format.sh SOURCE.
# Exit status: 0 yes, 1 no, 77 there is no clang-format 14 (others lay out otherwise).
set -eu
cd "$1"
format=$(command -v clang-format-14 || command -v clang-format) || {
    echo "skipped: no clang-format"
    exit 77
}
case $("$format" --version) in
*"version 14."*) ;;
*)
    echo "skipped: $("$format" --version), not 14"
    exit 77
    ;;
esac
git rev-parse --git-dir >/dev/null 2>&1 || {
    echo "skipped: no clone, whose files git lists"
    exit 77
}
git ls-files '*.c' '*.h' | grep -v '^corpus/' | xargs "$format" --dry-run -Werror
