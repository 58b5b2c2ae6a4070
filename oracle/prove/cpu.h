// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the prover must know of a CPU: how its instructions are read and what they do, and how
// its ABI has a routine entered and left. Each has a folder (x86_64/, aarch64/); the rest of
// this one is for all.

#ifndef STORESCOPE_PROVE_CPU_H
#define STORESCOPE_PROVE_CPU_H

#include "prove/code.h"

struct execution;

enum { CPU_ON_STACK = 0xff };

struct prove_cpu {
    uint16_t machine;   // EM_* of ELF headers
    uint8_t insn_bytes; // that an instruction has at most
    // From COUNT bytes of code at s->at: all else of S. False: they are no known instruction.
    bool (*decode)(struct step *s, const uint8_t *code, size_t count);
    // Runs the step that x->step is. The machine is then at the next instruction, or x->end
    // says what became of it.
    void (*run)(struct execution *x);
    const char *const *names; // of the general registers
    uint8_t registers;        // how many
    uint8_t arguments[4], result, stack;
    uint8_t link;        // register that has where to return to; or CPU_ON_STACK
    uint8_t above;       // the stack pointer at entry, above a multiple of 16
    uint8_t popped;      // by returning
    uint32_t kept;       // registers that a routine gives back, a bit each
    uint8_t kept_vector; // the first of those of which it does so, and how many
    uint8_t kept_vectors;
    bool keeps_order; // of plain loads and stores of memory, each among themselves
    bool keeps_lines; // misaligned accesses within a cache line are whole
};

extern const struct prove_cpu prove_x86_64, prove_aarch64;

// NULL: routines of that machine are not followed.
const struct prove_cpu *prove_cpu_of(unsigned machine, bool big_endian);

#endif
