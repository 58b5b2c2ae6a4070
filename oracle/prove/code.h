// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A loaded routine as bytes: its code, which is decoded once an instruction, and the
// constants that it reads. Nothing of it is run here.

#ifndef STORESCOPE_PROVE_CODE_H
#define STORESCOPE_PROVE_CODE_H

#include "trace/trace.h"

#include <Zydis/Zydis.h>

struct execution;

struct prove_cpu;

// What an instruction does; see the CPU's semantics.h.
typedef void semantics(struct execution *x);

// One instruction.
struct step {
    uint64_t at;
    uint64_t next;
    union { // as the CPU has them
        struct {
            ZydisDecodedInstruction in;
            ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
        };
        uint32_t word;
    };
    struct site site;
    semantics *run; // NULL: not modelled
};

// Memory that was mapped with the routine.
struct extent {
    uint64_t lo, hi;
    bool writable;
    const uint8_t *bytes; // hi - lo of them
};

struct code {
    uint64_t entry;
    struct extent *extents;
    size_t extent_count;
    struct step **steps; // hash table by address
    size_t step_count, step_capacity;
    const struct prove_cpu *cpu;
};

// Takes over EXTENTS, which malloc gave; their bytes are the caller's.
void code_init(struct code *p, uint64_t entry, struct extent *extents, size_t count,
               const struct prove_cpu *cpu);
void code_free(struct code *p);

// The instruction there. NULL: none, and why in WHY.
const struct step *code_step(struct code *p, uint64_t at, const char **why);

// The bytes there, all of one extent, or NULL.
const uint8_t *code_bytes(const struct code *p, uint64_t at, uint64_t count, bool *writable);

#endif
