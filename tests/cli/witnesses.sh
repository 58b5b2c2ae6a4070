#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# What a sweep of many cases finds must be there when its witness is run alone, in a
# process that has run nothing before: where the buffers lie and what they hold
# follows from the case. Every witness of large sweeps is saved, and replayed.
# Usage: witnesses.sh STORESCOPE

set -u
storescope=${1:?usage: witnesses.sh STORESCOPE}
here=$(cd "${0%/*}" && pwd)
. "$here/common.sh"

# One file a finding of the report on stdin, in the current folder.
save_witnesses() {
    awk '
        / under [^ ]+: violates$/ {
            contract = $NF == "violates" ? $(NF - 1) : ""
            sub(/:$/, "", contract)
            backend = $1
        }
        /^  [a-z-]+: [0-9,]+ cases?, the smallest: / {
            rule = $1
            sub(/:$/, "", rule)
            text = $0
            sub(/.*the smallest: /, "", text)
            printf "backend %s\ncontract %s\nrule %s\ncase %s\n", backend, contract, rule, text \
                >(++n ".case")
        }'
}

# Sweeps, and replays each witness.
holds() { # ARGUMENT... ; more than one finding
    rm -rf found && mkdir found
    run check "$@" -q
    (cd found && save_witnesses <../out)
    count=$(find found -type f | wc -l)
    [ "$status" -eq 1 ] && [ "$count" -gt 0 ] && ! grep -q 'not seen again' out &&
        [ "$(grep -c '^  [a-z-]*: [0-9,]* case' out)" -eq "$count" ]
    verdict $? "finds what can be replayed: $*"
    run replay found
    [ "$status" -eq 1 ] && grep -q "^$count held" out && ! grep -q 'gone' out
    verdict $? "all $count witnesses hold in a process of their own: $*"
}

all='--contract ram --contract qemu-ram --contract shared --contract pci-order --contract wc
     --contract mmio --contract device --contract axi32 --contract pmem'

# shellcheck disable=SC2086
holds loop/byte $all --op memmove --size 0..64
# Which buffer lies below decides, or what they hold.
holds planted/cut_short_below planted/missing_store_of_equal --contract ram --size 0..160
holds 'planted/*below*' 'planted/cut_short_*' 'planted/missing_store_of_*' --contract shared \
    --contract ram --size 0..600:9
holds planted/duplicate_store_across_page planted/wrong_data_across_page --contract shared \
    --size 0..16 --dst 4090..4095 --src 0
holds planted/wrong_data_on_byte_a7 planted/move_forward_only --contract shared --size 0..160
# shellcheck disable=SC2086
"$storescope" list backends musl/memcpy 2>/dev/null | grep -q ready && holds musl/memcpy $all
report
