# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What the scripts of this folder share.

failures=0

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

# needs TOOL PACKAGE: ctest counts status 77 as skipped.
needs() {
    command -v "$1" >/dev/null || {
        echo "skipped: $1 is not installed; install $2"
        exit 77
    }
}

# has TEXT FILE: a line of the file holds the text.
has() {
    grep -qF -- "$1" "$2" || fail "no line with \`$1': $(head -c 2000 "$2")"
}

lacks() {
    ! grep -qF -- "$1" "$2" || fail "a line with \`$1': $(head -c 2000 "$2")"
}

finish() {
    [ "$failures" = 0 ] || exit 1
    exit 0
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
