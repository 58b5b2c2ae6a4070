#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# semantics.sh DIFFERENTIAL OBJECT NM
#
# Every routine of OBJECT, which semantics.S is, in every case of a small sweep: it lies on one of
# the prover's paths, and none is left out.
set -u
usage="usage: semantics.sh DIFFERENTIAL OBJECT NM"
differential=${1:?$usage} object=${2:?$usage} nm=${3:?$usage}
set --
for routine in $("$nm" "$object" | sed -n 's/.* T memcpy_//p'); do
    set -- "$@" "$object:memcpy_$routine"
done
out=$("$differential" 14 "$@")
echo "$out"
echo "$out" | grep -q "^$# routines, [1-9][0-9]* cases agree, 0 differ, 0 are left out"
