#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# page_sizes.sh STORESCOPE
#
# Where the guest's pages have 8 KiB, a case that is larger than those before it has its
# whole buffers: it does not crash.
set -euo pipefail
storescope=$1
. "$(dirname "$0")/lib.sh"
needs sparc64
out=$("$storescope" check sparc64/glibc/memmove --contract ram --size 64..8191:8127 --dst 33 \
    --src 0..2 -q) || fail "$out"
grep -q 'under ram: conforms' <<<"$out" || fail "$out"
