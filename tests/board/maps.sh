#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# maps.sh STORESCOPE [MACHINE PACKAGE]...
#
# A map of one's own: what is seen where, and what a call breaks in each region. And each
# machine, written as a map: what accesses arrive as by the rules is what its devices got.
set -euo pipefail
storescope=$1
shift
. "$(dirname "$0")/lib.sh"
cd "$scratch"

cat >card.map <<'END'
# a card: registers, and its buffer behind them
map        card
ram        dram    at=0 size=1M contract=ram
container  bar     at=0x10000000 size=64K
i/o        regs    at=0 size=4K in=bar valid=4..4 contract=axi32
ram        buffer  at=0x1000 size=60K in=bar contract=shared
i/o        "a port" at=0x1800 size=16 in=bar priority=1 implemented=8..8 unaligned=both
alias      window  at=0x20000000 size=4K of=bar from=0x0800
END
"$storescope" list regions --map card.map >regions
diff - <(grep '^0x' regions) <<'END' || fail 'the map is another'
0x00000000..0x000fffff  ram   dram
0x10000000..0x10000fff  i/o   regs
0x10001000..0x100017ff  ram   buffer
0x10001800..0x1000180f  i/o   a port
0x10001810..0x1000ffff  ram   buffer
0x20000000..0x200007ff  i/o   regs
0x20000800..0x20000fff  ram   buffer
END
has '8 at +4: 4+4' regions
"$storescope" trace engine/from_device 'memcpy size=8' --map card.map --at 0x10000ffc >across &&
    fail 'a store of 8 bytes conforms to axi32'
has '-> regs: write addr 0xffc, size 4' across
has 'regs under axi32: violates' across
has 'buffer under shared: ' across
"$storescope" trace engine/to_device_4 'memcpy size=8' --map card.map --at 0x10000100 >good ||
    fail "what conforms does not: $(cat good)"
has 'regs under axi32: conforms' good

refuses() { # TEXT LINE...
    local text=$1
    shift
    printf '%s\n' "$@" >bad.map
    ! "$storescope" list regions --map bad.map >out 2>err || fail "$*: is taken"
    has "$text" err
}
refuses 'bad.map:2: `a` lies nowhere' 'map x' 'i/o a at=0'
refuses 'is an alias of what it is in' 'map x' 'container c at=0 size=1M' 'alias a at=0 size=1M of=c in=c'
refuses 'expected a line `map NAME`' 'ram a at=0 size=1'
refuses 'expected map, container' 'map x' 'rum a at=0 size=1'
refuses 'expected one of at, size' 'map x' 'ram a at=0 size=1 wide=1'
refuses 'a container of a line above' 'map x' 'ram a at=0 size=1 in=b'
refuses 'bytes, 1, 2, 4 or 8' 'map x' 'i/o a at=0 size=1 valid=3'
refuses 'ends beyond 2^64' 'map x' 'ram a at=0xffffffffffffffff size=2'
refuses 'a map without regions' '# nothing'

while [ $# -gt 0 ]; do
    if ! command -v "${1%% *}" >/dev/null; then
        echo "skipped: install $2"
        shift 2
        continue
    fi
    "$storescope" list regions --on "$1" >machine
    "$storescope" list regions --on "$1" --format map -o machine.map
    "$storescope" list regions --map machine.map >map
    # fw_cfg asks what no rule knows.
    diff <(tail -n +2 machine | grep -v -A2 fwcfg) <(tail -n +2 map | grep -v -A2 fwcfg) |
        grep '^[<>] 0x' && fail "$1: another map"
    while read -r name; do
        [ "$(grep -A2 " $name\$" machine | sed '3{/^0x/d}')" = "$(grep -A2 " $name\$" map | sed '3{/^0x/d}')" ] ||
            fail "$1: $name: what arrives is another"
    done < <(sed -n 's/^[a-z/]* *\([^ "]*\) at=.*/\1/p' machine.map | grep -v fwcfg | sort -u)
    shift 2
done

command -v qemu-system-aarch64 >/dev/null || finish
virt='qemu-system-aarch64 -M virt'
"$storescope" list regions --on "$virt" --format map -o virt.map
for at in 0x08000ff5 0x0a003ff9; do
    arrives() {
        "$storescope" trace engine/to_bar 'memcpy size=24' "$@" --at $at |
            sed -n 's/, data 0x[0-9a-f]*//; /QEMU says/d; /->/p'
    }
    arrives --on "$virt" >real
    arrives --map virt.map >ruled
    [ -s real ] && cmp -s real ruled || fail "$at: $(diff real ruled)"
done
finish
