// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One instruction, as what the rewriter must know of it: where control goes, which
// memory it touches under which mask, which registers it names and what it does to
// them. The decoders are the CPUs': x86_64/decode.c (Zydis, and the Intel SDM, vol. 2,
// where noted) and aarch64/decode.c (the Arm ARM). What is not known to be handled
// right is refused, by name.

#ifndef STORESCOPE_REWRITE_DECODE_H
#define STORESCOPE_REWRITE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

// General registers by their numbers in instructions, of which a CPU has at most so
// many; its folder's registers.h has names for them.
enum { GPR_MOST = 32, GPR_NONE = 0xff, GPR_PC = 0xfe };
typedef uint32_t gpr_set; // a bit a register

enum insn_flow {
    FLOW_NEXT,
    FLOW_JUMP,          // to `target`
    FLOW_BRANCH,        // conditional, rel8 or rel32, to `target` or next
    FLOW_LOOP,          // loop*, j*cxz: conditional, rel8 only
    FLOW_CALL,          // to `target`
    FLOW_JUMP_INDIRECT, // through mem[0], or register `reg`
    FLOW_CALL_INDIRECT,
    FLOW_RETURN,  // x86: pops 8 + `pops` bytes; else to `reg`
    FLOW_REFUSED, // `refused` says why
};

enum mem_segment { SEGMENT_NONE, SEGMENT_FS, SEGMENT_GS };

enum mem_mask {
    MASK_NONE,
    MASK_K,      // opmask register: bit i is element i
    MASK_VECTOR, // vector register: sign bit of element i
    MASK_P,      // SVE predicate: bit i * (bytes of a register's element) is element i
};

// One memory operand.
struct mem {
    uint8_t base, index; // general register, GPR_PC or GPR_NONE
    uint8_t scale;
    uint8_t segment; // enum mem_segment
    bool addr32;     // address is cut to 32 bits
    bool load, store;
    int64_t disp;         // with GPR_PC: the absolute address
    uint16_t width;       // bytes; of one element for gather and scatter
    uint8_t mask;         // enum mem_mask
    uint8_t mask_reg;     // k or vector register
    uint8_t mask_bytes;   // MASK_VECTOR: size of the mask register, bytes
    uint8_t mask_class;   // enum vector_class of the mask register
    uint8_t element;      // bytes that one mask bit governs
    bool whole;           // any of `elements` mask bits set means all bytes are touched
    bool compressed;      // contiguous: popcount(mask) elements
    uint8_t vindex;       // gather, scatter: vector register of indices
    uint8_t vindex_bytes; // bytes of one index, 0: no gather or scatter
    uint16_t elements;    // gather, scatter, whole: number of mask bits that count
    // A part of a register moves the address: its low bytes, divided by a power
    // of two, times a size (bit strings, xlat).
    uint8_t part, part_bytes; // general register; 0 bytes: none
    bool part_signed;
    uint8_t part_shift, part_times;
    // AArch64: several accesses of `width`, one after the other.
    uint16_t pieces; // 0: one
    bool pairs;      // two of 8 bytes are one of 16 where that is aligned and the CPU has FEAT_LSE2
    bool aligned;    // the address is cut down to a multiple of the width (dc zva)
    uint8_t lanes;   // MASK_P: bytes of an element in the register; `element` are in memory
    uint8_t structure; // MASK_P: elements that each bit governs, of as many registers
};

// Which instruction stores a whole vector register for the log.
enum vector_class { VECTOR_MMX, VECTOR_SSE, VECTOR_VEX, VECTOR_EVEX };

enum insn_string { STRING_NONE, STRING_ONCE, STRING_REP, STRING_REP_UNTIL };

// What an instruction does to the general registers, for following addresses.
enum insn_effect {
    EFFECT_NONE, // writes none but those in `written`
    EFFECT_ADD,  // reg += imm; also of an address that is written back, or push and pop
    EFFECT_MOVE, // reg = from
    EFFECT_LEA,  // reg = address of mem[0]
    EFFECT_SUM,  // reg += from
};

enum insn_exclusive { EXCLUSIVE_NONE, EXCLUSIVE_LOAD, EXCLUSIVE_STORE };

enum { INSN_MEMS_MAX = 3 };

struct insn {
    uint64_t addr;
    uint8_t bytes[15];
    uint8_t length;
    uint8_t flow; // enum insn_flow
    uint64_t target;
    uint16_t pops;
    uint8_t reg; // register of an indirect jump, or of the effect
    uint8_t from;
    uint8_t effect; // enum insn_effect
    int64_t imm;
    gpr_set named;   // general registers read or written
    gpr_set written; // those written, that of the effect among them or not
    struct mem mems[INSN_MEMS_MAX];
    uint8_t mem_count;
    uint8_t string;    // enum insn_string
    uint8_t counter;   // ... the register that counts
    uint8_t exclusive; // enum insn_exclusive
    uint8_t status;    // EXCLUSIVE_STORE: register that is told whether it stored, or GPR_NONE
    uint8_t compared, compared_count; // compare and swap: it stores if these registers keep what
                                      // they held; 0: none such
    uint8_t traits; // what the ways in and out must care for: bits of the CPU's registers.h
    bool fence, drains, flush, prefetch;
    bool sets_df, clears_df, pops_flags;
    bool is_lea;                 // mem[0] is no access
    bool undefined;              // ud0, ud1, ud2
    uint8_t modrm_off, disp_off; // of a RIP-relative operand; disp_off 0: none
    const char *refused;         // FLOW_REFUSED: phrase for the user
    const char *may_refuse;      // the same, where only some runs end at it; or NULL
};

// Decodes the instruction at ADDR from CODE (at most LENGTH bytes readable).
// Never fails: what is no instruction is one byte long and refused.
void insn_decode(uint64_t addr, const uint8_t *code, unsigned length, struct insn *out);

// Makes an instruction that was decoded one that is not run: WHY is a phrase for
// the user, which outlives it.
void insn_refuse(struct insn *in, const char *why);

// Does it touch memory, or matter to a trace otherwise?
bool insn_is_site(const struct insn *in);

// Width of the widest store, 0 for none.
unsigned insn_store_bytes(const struct insn *in);

#endif
