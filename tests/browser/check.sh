#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Runs a Python program of this folder, where there is Python; else status 77:
# skipped. Usage: check.sh PROGRAM ARGUMENT...
set -eu

if ! command -v python3 >/dev/null 2>&1; then
    echo "skipped: no Python here; install python3"
    exit 77
fi
program=$(dirname "$0")/$1
shift
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$program" "$@"
