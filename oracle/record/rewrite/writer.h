// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the parts of the translator share: where they write. Between two instructions of the routine only moves, leas and jumps
// are added, so its flags, its vector registers, its stack and its red zone
// stay its own. The log pointer lives in a general register that the routine
// never names; where there is none, in the context.

#ifndef STORESCOPE_REWRITE_WRITER_H
#define STORESCOPE_REWRITE_WRITER_H

#include "record/rewrite/rewrite.h"

struct writer {
    struct recorder *r;
    struct translation *t;
    struct emitter *e;
    struct context *c;
    uint32_t pending;       // bytes of records since the log pointer was moved
    uint32_t segment, done; // see struct segment_step
};

// One instruction of the block being written.
struct block_insn {
    uint32_t insn;
    bool fits; // its accesses fit a record
    struct segment_step step;
};

static inline uintptr_t slot(const uint64_t *field)
{
    return (uintptr_t)field;
}

static inline gpr_set bit(unsigned reg)
{
    return reg < GPR_COUNT ? 1u << reg : 0;
}

// The code since BEGIN belongs to an instruction; a jump to an address of the
// routine, known or not.
void writer_map(struct writer *w, const uint8_t *begin, uint32_t insn);
void writer_jump(struct writer *w, uint64_t target);
void writer_jump_later(struct writer *w, uint8_t *end, uint64_t target);
// Where the copy of the block at ADDRESS begins; NULL: not written yet.
const uint8_t *translation_find(const struct translation *t, uint64_t address);

// ---- the CPU's ----

// Chooses the registers of a translation for a program that names NAMED. False where
// none are left.
bool writer_choose_registers(struct translation *t, gpr_set named);

// record.c: a segment's record; what is known only after its first instruction; moving
// the log pointer past the block's records.
void writer_record(struct writer *w, uint32_t insn, uint32_t number);
void writer_after(struct writer *w, uint32_t insn, uint32_t number, int32_t at);
void writer_settle_log(struct writer *w);

// instruction.c: an instruction that goes on to the next; one that ends a block (false: it
// does not); the end of the run at one that cannot be taken.
void writer_plain(struct writer *w, uint32_t insn);
bool writer_flow(struct writer *w, const struct insn *in, uint32_t insn, uint32_t segment,
                 int32_t at);
void writer_refused(struct writer *w, uint32_t insn);

// entry.c: the ways in, out and between; a target of indirect jumps; the end of the run
// where code goes on at TARGET, which is not known.
void writer_entry(struct writer *w);
void writer_indirect(struct writer *w, uint64_t address);
void writer_unknown(struct writer *w, uint64_t target);

#endif
