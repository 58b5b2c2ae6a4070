#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# regions.sh STORESCOPE
#
# The map of a machine's memory, and what accesses arrive as.
set -euo pipefail
storescope=$1
. "$(dirname "$0")/lib.sh"
needs qemu-system-aarch64 qemu-system-arm
cd "$scratch"
virt='qemu-system-aarch64 -M virt'

"$storescope" list regions --on "$virt" >all
has '0x09000000..0x09000fff  i/o   pl011' all
has '0x0a000000..0x0a003fff  i/o   virtio-mmio, 32 of 0x200 bytes' all
has '0x40000000..0x47ffffff  ram   mach-virt.ram' all
has '  both   1: 1  2: 2  4: 4  8: 4+4  2 at +1: 1+1  4 at +1: 1+2+1' all
"$storescope" list regions 'pl0*' --on "$virt" >some
has pl061 some
lacks virtio some
"$storescope" list regions pl011 --on "$virt" --format json >json
has '"name":"pl011"' json
has '"8":"4+4"' json
! "$storescope" list regions none --on "$virt" 2>err || fail 'a region of no machine is listed'
has "no region of" err
! "$storescope" list regions 2>err || fail 'regions of nothing are listed'
has "Give a machine: --on" err
! "$storescope" list rules --on "$virt" 2>err || fail 'rules of a machine are listed'
has "is for \`storescope list regions'" err
finish
