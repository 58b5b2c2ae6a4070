#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# planted.sh STORESCOPE RUN_EXPECTATIONS PROJECT ARCH [OPTION]
#
# The planted routines of another CPU that storescope also runs on, C and assembly: each
# must break, emulated, the rules that its row says. OPTION is run_expectations'.
set -euo pipefail
storescope=$1
run_expectations=$2
project=$3
arch=$4
. "$(dirname "$0")/lib.sh"
needs "$arch"
compiler=$(compiler_of "$arch")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for source in "$project"/backends/planted/planted_*.c "$project"/backends/planted/planted_*_"$arch".S; do
    case $source in */planted_rows.c) continue ;; esac
    object=$(basename "$source")
    "$compiler" -c -O2 -fno-builtin -fno-stack-protector -fno-tree-loop-distribute-patterns -fno-pic \
        -I "$project" -I "$project/oracle" -o "$work/$object.o" "$source"
done
ar rc "$work/planted.a" "$work"/*.o
cd "$project"
"$run_expectations" ${5:+"$5"} "$storescope" planted-as "$arch" "$work/planted.a"
