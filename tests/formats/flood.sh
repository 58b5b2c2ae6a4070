#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# A report of 100,000 findings takes hardly more memory than one of 1,000, in
# every format of check; and SARIF stays within what GitHub takes. Usage:
# flood.sh FLOOD FOLDER

set -u
flood=${1:?usage: flood.sh FLOOD FOLDER} here=$2
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
passed=0 failed=0 skipped=0

# AddressSanitizer keeps what was freed, to catch who uses it.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
more_kib=32768 # that memory may grow by, whatever the allocator keeps

for format in text json sarif junit csv markdown html; do
    few=$("$flood" "$format" 1000 2>&1 >/dev/null)
    many=$("$flood" "$format" 100000 2>&1 >/dev/null)
    if [ "$many" -lt $((few + more_kib)) ]; then
        passed=$((passed + 1)) && echo "ok   $format: $few KiB, then $many KiB"
    else
        failed=$((failed + 1)) && echo "FAIL $format: $few KiB, then $many KiB"
    fi
done

"$flood" sarif 26000 >"$folder/many.sarif" 2>/dev/null
if ! command -v python3 >/dev/null; then
    skipped=1 && echo "skip SARIF of 26,000 findings: python3 is not installed"
elif python3 "$here/sarif_limits.py" "$folder/many.sarif" 26000; then
    passed=$((passed + 1)) && echo "ok   SARIF of 26,000 findings goes on in a second run"
else
    failed=$((failed + 1)) && echo "FAIL SARIF of 26,000 findings"
fi

"$flood" markdown 100000 >"$folder/many.md" 2>/dev/null
if [ "$(wc -c <"$folder/many.md")" -le 65536 ] && grep -q 'Cut to fit' "$folder/many.md"; then
    passed=$((passed + 1)) && echo "ok   a comment on 100,000 findings fits"
else
    failed=$((failed + 1)) && echo "FAIL a comment on 100,000 findings"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
