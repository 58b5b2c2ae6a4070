#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# host_python.sh STORESCOPE PROGRAM.PY
#
# This machine's own python3, through a script that starts it: the stores of its
# memoryview are told, and who made them. Exit status: 0 good, 1 not, 77 without
# QEMU or python3.
set -u
storescope=$1 program=$2
command -v qemu-x86_64 >/dev/null 2>&1 || { echo "skipped: install qemu-user"; exit 77; }
[ -x /usr/bin/python3 ] || { echo "skipped: there is no /usr/bin/python3"; exit 77; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
truncate -s 4096 bar
printf '#!/bin/sh\nexec /usr/bin/python3 "$@"\n' >start
chmod +x start
"$storescope" watch --map bar -- ./start "$program" bar 32 >report || exit 1
cat report
grep -q '^ *[0-9]* *[0-9]* *128 .*libc' report && grep -q 'executed .*python3.*recorded too' report
