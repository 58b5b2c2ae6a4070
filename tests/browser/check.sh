#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# check.py, where there is Python and a browser; else status 77: skipped.
# Usage: check.sh STORESCOPE
set -eu

if ! command -v python3 >/dev/null 2>&1; then
    echo "skipped: no Python here; install python3"
    exit 77
fi
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/check.py" "$1"
