#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# absent.sh STORESCOPE
#
# What is not installed is named; it is trouble only where it was asked for.
set -euo pipefail
storescope=$1
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
backend=aarch64/glibc/memcpy_generic

# Without any emulator or compiler.
listed=$(PATH=$work/bin "$storescope" list backends 'aarch64/glibc/*') ||
    fail "list ends with status $?"
grep -q 'install qemu-user' <<<"$listed" || fail "list does not name qemu-user: $listed"
status=0
PATH=$work/bin "$storescope" check 'aarch64/glibc/*' --contract ram >"$work/out" 2>"$work/error" ||
    status=$?
[ "$status" = 2 ] && grep -q 'install qemu-user' "$work/error" ||
    fail "asked for: status $status, $(cat "$work/error")"
status=0
PATH=$work/bin "$storescope" check loop/word 'aarch64/glibc/*' --contract ram --size 0..8 \
    >"$work/out" 2>"$work/error" || status=$?
[ "$status" = 0 ] || fail "beside others: status $status, $(cat "$work/error")"
PATH=$work/bin "$storescope" list recorders >"$work/out"
grep -A 1 '^qemu' "$work/out" | grep -q 'install qemu-user' || fail "list recorders: $(cat "$work/out")"

# With an emulator that takes no plugin, as a statically linked one does.
needs aarch64
cat >"$work/bin/qemu-aarch64" <<'SCRIPT'
#!/bin/sh
echo "qemu: unknown option 'plugin'" >&2
exit 1
SCRIPT
chmod +x "$work/bin/qemu-aarch64"
status=0
PATH=$work/bin:$PATH "$storescope" trace "$backend" --size 1 >"$work/out" 2>"$work/error" ||
    status=$?
[ "$status" = 2 ] && grep -q 'takes no plugin' "$work/error" ||
    fail "without plugins: status $status, $(cat "$work/error")"

# A shared object of another CPU, and a recorder of this one.
aarch64-linux-gnu-gcc -shared -nostdlib -o "$work/lib.so" -x assembler /dev/null
status=0
"$storescope" check "$work/lib.so:memcpy" --contract ram 2>"$work/error" || status=$?
[ "$status" = 2 ] && grep -q 'object file or archive' "$work/error" ||
    fail "a shared object: status $status, $(cat "$work/error")"
status=0
"$storescope" trace "$backend" --size 1 --recorder step 2>"$work/error" || status=$?
[ "$status" = 2 ] && grep -q 'runs x86-64 alone' "$work/error" ||
    fail "recorder step: status $status, $(cat "$work/error")"
finish
