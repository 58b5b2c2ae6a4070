#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# build.sh SOURCE SANITIZER FOLDER
#
# Runs .clusterfuzzlite/build.sh as OSS-Fuzz does, on a copy of SOURCE in FOLDER,
# which is emptied first. What it built is in FOLDER/out.
#
# STORESCOPE_LIBRARY_SOURCES names a folder with the libraries' sources, as
# .clusterfuzzlite/Dockerfile lays them (zycore, zydis, cjson, capstone); then
# these are built as well, and nothing but the system's libraries may be shared.
set -euo pipefail

source=$1 sanitizer=$2 folder=$3
. "$(dirname "$0")/variables.sh"

rm -rf "$folder"
mkdir -p "$SRC/storescope" "$WORK" "$OUT"
tar -C "$source" --exclude=./build --exclude=./.git -cf - . | tar -C "$SRC/storescope" -xf -
if [ -n "${STORESCOPE_LIBRARY_SOURCES:-}" ]; then
    cp -r "$STORESCOPE_LIBRARY_SOURCES/." "$SRC"
fi

cd "$SRC/storescope"
if ! bash -eu .clusterfuzzlite/build.sh >"$folder/build.log" 2>&1; then
    tail -n 30 "$folder/build.log"
    echo "oss-fuzz: build.sh failed; all of its output is in $folder/build.log" >&2
    exit 1
fi
grep '^build.sh: ' "$folder/build.log" || true
ls "$OUT"
