// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the step recorder must know of an A64 instruction before it runs it: which memory
// its operands name, in what parts, and whether it may be run at all. From the Arm
// Architecture Reference Manual (C4.1, C6, C8); nothing here is shared with the rewriter,
// but for what an instruction orders, which is one table for all recorders (barrier.h).
// Which bytes an instruction stored is not asked here but seen in memory.

#ifndef STORESCOPE_STEP_OPERANDS_H
#define STORESCOPE_STEP_OPERANDS_H

#include <stdbool.h>
#include <stdint.h>

enum { STEP_SP = 31, STEP_ZERO = 31, STEP_PC = 32 };

enum step_does { DOES_NOTHING, DOES_LOAD, DOES_STORE, DOES_BOTH, DOES_FLUSH, DOES_FENCE };

enum step_exclusive { NOT_EXCLUSIVE, EXCLUSIVE_TAKES, EXCLUSIVE_GIVES, EXCLUSIVE_DROPS };

// How a register is extended before it is added to an address: as instructions encode it.
enum step_extend { EXTEND_UXTW = 2, EXTEND_UXTX = 3, EXTEND_SXTW = 6, EXTEND_SXTX = 7 };

struct step_operands {
    const char *refused; // a phrase for the user; NULL: it is run
    bool undefined;      // udf, hlt: no CPU has it
    uint8_t does;        // enum step_does
    bool drains;         // of a fence
    // The address: base + index extended, shifted + offset.
    uint8_t base;  // register, or STEP_PC
    uint8_t index; // register, of which STEP_ZERO is none
    uint8_t extend, shift;
    int64_t offset;
    bool aligned; // cut down to a multiple of the width
    // PIECES accesses of WIDTH bytes each, one after the other.
    uint16_t width, pieces;
    bool pairs; // two of 8 bytes are one where that is aligned to 16 and the CPU has FEAT_LSE2
    // Exclusives, and compare and swap: which registers they store, and are told whether they
    // did in, or compare.
    uint8_t exclusive; // enum step_exclusive
    uint8_t data[2], data_count, status;
    uint8_t compared, compared_count; // 0: compares nothing
    // SVE: each of ELEMENTS, under its bit of a predicate, STRUCTURE pieces; `lane` bytes of
    // a register are an element's. 0 elements: no predicate.
    uint16_t elements;
    uint8_t predicate, lane, structure;
    bool replicates; // one element, where any is active
};

// What it depends on of the CPU.
struct step_cpu {
    unsigned vector_bytes; // of SVE's; 0: it has none
    unsigned zero_bytes;   // of dc zva
    bool whole_pairs;      // FEAT_LSE2
};

struct step_operands operands_read(uint32_t word, const struct step_cpu *cpu);

// Does it touch memory, or order what does?
static inline bool operands_are_site(const struct step_operands *o)
{
    return o->does != DOES_NOTHING;
}

#endif
