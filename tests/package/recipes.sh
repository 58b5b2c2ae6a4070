#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# recipes.sh BUILD FOLDER PYTHON: installs BUILD into FOLDER, and asks recipes.py whether
# docs/ci.md is true of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$2"
mkdir -p "$2"
cmake --install "$1" --prefix "$2/prefix" >"$2/install.log"
exec "$3" "$here/recipes.py" "$2/prefix" "$here/../../docs/ci.md" "$2/work"
