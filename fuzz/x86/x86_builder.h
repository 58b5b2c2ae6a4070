// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Builds a routine's code instruction by instruction out of fuzz bytes. It keeps
// track of what registers hold as far as that is known, so that an instruction
// of any form can be given an address that lies where it should: the registers
// it needs are set before it. Everything is checked by decoding it: what names
// a register it must not, or is no instruction, is not written.

#ifndef STORESCOPE_FUZZ_X86_BUILDER_H
#define STORESCOPE_FUZZ_X86_BUILDER_H

#include "fuzz/x86/sandbox.h"
#include "fuzz/x86/x86_form.h"

// ---- fuzz bytes: all zeros behind the end ----

struct reader {
    const uint8_t *bytes;
    size_t left;
};
unsigned read_byte(struct reader *r);
uint64_t read_number(struct reader *r, unsigned bytes);
unsigned read_below(struct reader *r, unsigned limit); // 0..limit-1; limit >= 1
bool read_chance(struct reader *r, unsigned of_256);   // false when there are no more

// ---- a routine ----

enum { ROUTINE_POOL = 3 * PAGE_BYTES, ROUTINE_FIXUPS_MAX = 1024, ROUTINE_INSNS_MAX = 4096 };

enum place { PLACE_FIXED, PLACE_DST, PLACE_SRC, PLACE_FS };

// 8 bytes of the code that hold the address of a place of this process, plus or
// minus what is in the code: dst, src, or minus the fs base.
struct fixup {
    uint16_t at;
    uint8_t place; // PLACE_FIXED: no address
    bool minus_fs;
    int64_t addend;
};

struct x86_routine {
    bool far;                         // runs at SANDBOX_CODE_FAR
    bool loads;                       // record loads too
    bool may_be_refused;              // a routine in text: no recorder need take it
    uint64_t seed;                    // of what memory holds
    uint32_t size, dst_off, src_off;  // of the case
    uint8_t code[SANDBOX_CODE_BYTES]; // entry at 0; constants from ROUTINE_POOL
    uint16_t code_bytes, pool_bytes;
    uint16_t body_bytes; // of them before the prologue; 0: not known
    struct fixup fixups[ROUTINE_FIXUPS_MAX];
    size_t fixup_count;
    // Where the instructions that came of forms are, for counting.
    struct {
        uint16_t at, form;
    } made[ROUTINE_INSNS_MAX];
    size_t made_count;
};

static inline uint64_t routine_base(const struct x86_routine *r)
{
    return r->far ? SANDBOX_CODE_FAR : SANDBOX_CODE_NEAR;
}

// ---- building ----

// What is known of a register: an address in a place, up to `slop` more.
struct known {
    bool known;
    uint8_t place; // enum place, not PLACE_FS
    int64_t at;
    uint32_t slop;
};

struct builder {
    struct x86_routine *r;
    struct reader in;
    uint16_t allowed; // general registers that may be named
    uint16_t pinned;  // ... and not written for now
    struct known regs[16];
    bool may_fault;    // some addresses are bad on purpose
    bool common;       // no form in an encoding that a recorder refuses
    bool aligned_only; // for trying forms: good, aligned addresses alone
    unsigned skew;     // ... plus this
    bool shallow;      // in a subroutine: the stack's depth is not known
    int depth;         // bytes pushed since the last label
    uint16_t gprs;     // named so far
    uint32_t vectors;
    uint8_t masks;
    bool x87;
    bool full; // no more room
    // Of the last address that was chosen.
    uint8_t target_place;
    int64_t target_at;
};

enum { RSP = 4, RBP = 5 }; // general registers' numbers in an instruction

void builder_init(struct builder *b, struct x86_routine *r, struct reader in);

// Writes one instruction as it is; it must be one.
void builder_put(struct builder *b, const void *bytes, size_t length);

// Address of the next instruction; room for COUNT more of them.
static inline uint64_t builder_pc(const struct builder *b)
{
    return routine_base(b->r) + b->r->code_bytes;
}
bool builder_has_room(const struct builder *b, unsigned count);

// Control may come here from elsewhere: nothing is known but what is pinned.
void builder_forget(struct builder *b);

// REG = place + at, in one of several ways.
void builder_set(struct builder *b, unsigned reg, enum place place, int64_t at);

// An address for BYTES bytes, and MARGIN on both sides, aligned to ALIGN.
struct address {
    uint8_t place;
    int64_t at;
};
struct address builder_address(struct builder *b, bool store, unsigned bytes, unsigned margin,
                               unsigned align);

// A register that may be written and is not in AVOID; X86_NO_REG when none.
unsigned builder_free_reg(struct builder *b, uint16_t avoid);

// BYTES constants; where they are, as an offset of the code.
unsigned builder_pool(struct builder *b, const void *data, unsigned bytes);

// Is there no recorder that refuses these bytes as an instruction? The step
// recorder's decoder knows the least.
bool x86_every_recorder_takes(const uint8_t *bytes, size_t length);

// One instruction of FORM, and before it what it takes to give it a good
// address. False when it did not come to be.
bool builder_form(struct builder *b, const struct x86_form *form);

#endif
