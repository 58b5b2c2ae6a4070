// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions of AArch64 that Capstone 4.0.2 and QEMU 7.2 do not print: FEAT_LSE's
// atomics, FEAT_LRCPC's loads, memory copy and tag instructions, and the loads and
// stores of SVE. Taken from the Arm Architecture Reference Manual, C4.1.

#ifndef STORESCOPE_QEMU_A64_H
#define STORESCOPE_QEMU_A64_H

#include <stdbool.h>
#include <stdint.h>

struct a64_text {
    char name[24], operands[64];
    uint8_t element; // bytes of an element of SVE's in memory, else 0
};

// False when it is none of them.
bool a64_print(uint32_t insn, struct a64_text *out);

// Of a store of SVE's: do its elements follow each other in memory, each stored
// once? A scatter's do not.
bool a64_stores_in_order(uint32_t insn);

// Of what looks like a load of SVE's: is it only a hint?
bool a64_prefetches(uint32_t insn);

#endif
