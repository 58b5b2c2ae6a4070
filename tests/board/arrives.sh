#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# arrives.sh STORESCOPE
#
# What real device models get of a recorded call.
set -euo pipefail
storescope=$1
. "$(dirname "$0")/lib.sh"
needs qemu-system-aarch64 qemu-system-arm
cd "$scratch"
virt='qemu-system-aarch64 -M virt'

# A bytewise copy to a serial port is text on the console.
"$storescope" trace engine/to_device 'memcpy size=1 u8@0=0x41' --on "$virt" --at 0x09000000 >uart
has '-> pl011: write addr 0x0, data 0x41, size 1' uart
has 'console: "A"' uart

# 8 bytes are two of 4 to virtio-mmio; where nothing is, nothing takes them.
"$storescope" trace engine/to_device 'memcpy size=8 fill=zeros u64@0=0x0807060504030201' \
    --on "$virt" --at 0x0a000200 >virtio
has 'dst=512' virtio
has '-> virtio-mmio: write addr 0x0, data 0x4030201, size 4' virtio
has '-> virtio-mmio: write addr 0x4, data 0x8070605, size 4' virtio
"$storescope" trace engine/to_device 'memcpy size=8' --on "$virt" --at 0x0b000000 >nothing
has '-> refused: nothing takes size 4 at 0xb000004' nothing
has '2 refused' nothing

# A source is read: virtio-mmio's magic number.
"$storescope" trace engine/from_device 'memcpy size=4' --on "$virt" --at 0x0a000000 --device src \
    >source
has '-> virtio-mmio: read addr 0x0, data 0x74726976, size 4' source
"$storescope" trace engine/from_device 'memcpy size=4' --on "$virt" --at 0x0a000000 --device src \
    --format json >source.json
has '"value":"0x74726976"' source.json

# The machine's own CPU runs the routine: bytes are loaded and stored by those instructions.
if "$storescope" trace aarch64/glibc/memcpy_generic 'memcpy size=1 u8@0=65' --on "$virt" \
    --at 0x09000000 --run >run 2>err; then
    has 'console: "AAA"' run
    has 'its CPU made 3 accesses' run
    "$storescope" trace aarch64/glibc/memcpy_generic 'memcpy size=8' --on "$virt" \
        --at 0x0b000000 --run >fault && fail 'a fault is no finding'
    has "faulted on the machine's CPU" fault
    has '-> refused: nothing takes size 8 at 0xb000000' fault
else
    grep -q 'install ' err || fail "$(cat err run)"
fi

# So does that of another CPU.
runs() { # BACKEND MACHINE ADDRESS PACKAGE TEXT
    command -v "${2%% *}" >/dev/null || {
        echo "not run: ${2%% *} is not installed; install $4"
        return
    }
    if "$storescope" trace "$1" --size 4 --on "$2" --at "$3" --run >run 2>err; then
        has 'as recorded' run
        has "$5" run
    else
        grep -q 'install ' err || fail "$(cat err run)"
    fi
}
runs riscv64/glibc/memcpy 'qemu-system-riscv64 -M virt' 0x10000000 qemu-system-misc \
    '-> serial: write addr 0x3'
[ "$(uname -m)" = x86_64 ] && runs dietlibc/memcpy 'qemu-system-x86_64 -M pc' 0xfec00000 qemu-system-x86 \
    '-> ioapic: write addr 0x3'

# A call of another kind, with a record; and buffers that overlap, both in the device.
if [ "$(uname -m)" = x86_64 ] && command -v qemu-system-x86_64 >/dev/null; then
    cat >words.c <<'END'
#include <stdint.h>
struct job { const uint32_t *from; uint64_t n; };
void words(struct job *j, int a, int b, int c, int d, uint32_t *to)
{
    for (uint64_t i = 0; i < j->n; i++)
        ((volatile uint32_t *)to)[i] = j->from[i];
}
END
    ${CC:-gcc} -O2 -c words.c
    pc='qemu-system-x86_64 -M pc'
    "$storescope" trace words.o:words --call 'void words(&{src, n/4}, 1, 2, 3, 4, dst)' --size 8 \
        --on "$pc" --at 0xfec00000 --run >call
    has '-> ioapic: write addr 0x4, data 0x47a9f7f8, size 4' call
    has 'its CPU made 2 accesses' call
    "$storescope" trace dietlibc/memmove 'memmove size=4 overlap=1' --on "$pc" --at 0xfec00010 \
        --run >overlap 2>err || grep -q 'cannot run here' err || fail "$(cat err)"
    grep -q 'cannot run here' err || {
        has '-> ioapic: read addr 0x12' overlap
        has '-> ioapic: write addr 0x13' overlap
        has 'its CPU made 8 accesses' overlap
    }
fi

# What cannot be is one line that says what to do.
refuses() { # TEXT ARGUMENT...
    local text=$1 status=0
    shift
    "$storescope" trace engine/to_device 'memcpy size=8' "$@" >out 2>err || status=$?
    [ "$status" = 2 ] || fail "$*: status $status"
    [ "$(wc -l <err)" = 1 ] || fail "$*: $(cat err)"
    has "$text" err
}
refuses 'give that as well' --at 0x1000
refuses 'Give --at ADDRESS' --on "$virt"
refuses 'expected a physical address' --on "$virt" --at here
refuses 'the machine ended' --on "$virt -nonsense" --at 0
refuses 'is not installed; install qemu-system-sparc' --on 'qemu-system-sparc-not-here' --at 0
refuses 'expected a command line of qemu-system' --on virt --at 0
# PROGRAM TEXT ARGUMENT...: a routine that cannot be run there.
refuses_run() {
    local backend=$1 text=$2 status=0
    shift 2
    "$storescope" trace "$backend" --size 8 --run "$@" >out 2>err || status=$?
    [ "$status" = 2 ] || fail "$backend $*: status $status"
    [ "$(wc -l <err)" = 1 ] || fail "$backend $*: $(cat err)"
    grep -q 'install \|cannot run here' err || has "$text" err
}
refuses_run engine/to_device 'part of storescope' --on "$virt" --at 0
[ "$(uname -m)" = x86_64 ] && refuses_run musl/memcpy "the routine is one of x86-64, and that machine's CPU is aarch64" \
    --on "$virt" --at 0
refuses 'on which machine' --run
refuses 'leave out --format svg' --on "$virt" --at 0 --format svg
finish
