// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the step recorder must know of an x86-64 instruction before it runs it:
// which memory it may touch, and whether it may be run at all. From Capstone
// and the Intel SDM (vol. 2); nothing here is shared with the rewriter, but for what
// an instruction orders, which is one table for all recorders (barrier.h). What an
// instruction stored is not asked here but seen in memory. Capstone's access
// data is wrong for many vector instructions, so whether a memory operand is
// read or written follows from its place and the instruction's name.

#ifndef STORESCOPE_STEP_FACTS_H
#define STORESCOPE_STEP_FACTS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    REG_NUMBER_RAX = 0,
    REG_NUMBER_RCX = 1,
    REG_NUMBER_RDX = 2,
    REG_NUMBER_RBX = 3,
    REG_NUMBER_RSP = 4,
    REG_NUMBER_RBP = 5,
    REG_NUMBER_RSI = 6,
    REG_NUMBER_RDI = 7,
    REG_NUMBERS = 16,
    REG_NUMBER_RIP = 0xfe,
    REG_NUMBER_NONE = 0xff,
};

enum step_role {
    ROLE_NONE, // an address only, or no memory operand at all
    ROLE_LOAD,
    ROLE_STORE,  // does not depend on what memory held
    ROLE_UPDATE, // loads, then stores the same bytes
    ROLE_FLUSH,
    ROLE_PREFETCH,
};

enum step_mask { STEP_MASK_NONE, STEP_MASK_K, STEP_MASK_VECTOR };

struct step_operand {
    uint8_t role;        // enum step_role
    uint8_t base, index; // numbers of registers
    uint8_t scale;
    uint8_t segment; // 'f', 'g' or 0
    bool addr32;
    int64_t disp;                   // with REG_NUMBER_RIP: from the next instruction
    uint16_t width;                 // bytes; of one element for gather and scatter
    uint8_t mask;                   // enum step_mask
    uint8_t mask_reg;               // k or vector register
    uint8_t element;                // bytes that one mask bit governs
    uint8_t whole;                  // any of so many mask bits: all bytes; 0: see element
    bool compressed;                // contiguous: an element a mask bit
    uint8_t indices;                // gather, scatter: elements; else 0
    uint8_t index_reg, index_bytes; // ... vector register of the indices
    uint8_t bit_reg;                // bt and its like: register with the bit's number
};

// Accesses that no operand shows.
struct step_hidden {
    uint8_t push, pop;                        // bytes on the stack, below rsp and at it
    uint8_t frame;                            // leave: bytes loaded at rbp
    uint8_t loads_rsi, loads_rdi, stores_rdi; // string ops: width in bytes
    uint8_t masked_rdi;                       // maskmovq, maskmovdqu: width in bytes
    uint8_t masked_by;                        // ... number of the register of masks
};

struct step_insn {
    uint64_t addr;
    uint8_t bytes[15];
    uint8_t length;
    uint32_t site; // index of its site, UINT32_MAX: touches nothing
    struct step_operand operand;
    struct step_hidden hidden;
    bool repeats; // rep and its like
    bool fence, drains;
    bool pushes_flags, pops_flags;
    bool breakpoint;     // int3, int1: traps by itself
    const char *refused; // phrase for the user, or NULL
};

// Decodes the instruction at ADDR from CODE, of which LENGTH bytes are there.
// Allocates nothing, so a signal handler may call it after facts_open. What is
// not known is refused.
void facts_decode(uint64_t addr, const uint8_t *code, unsigned length, struct step_insn *out);

// False when Capstone cannot be had.
bool facts_open(void);

// Does it touch memory, or matter to a trace otherwise?
bool facts_is_site(const struct step_insn *in);

#endif
