#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# python.sh NAME SOURCE BUILD: runs NAME.py, or is skipped (77) without python3.
set -eu
command -v python3 >/dev/null || { echo "skipped: there is no python3"; exit 77; }
exec python3 "$(dirname "$0")/$1.py" "$2" "$3"
