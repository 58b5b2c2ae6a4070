// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A random routine in the making. x86_routine.c makes it of items: single
// instructions, and the branches, loops, calls and stack moves of x86_flow.c, which
// are made of items again.

#ifndef STORESCOPE_FUZZ_X86_GEN_H
#define STORESCOPE_FUZZ_X86_GEN_H

#include "fuzz/x86/x86_routine_parts.h"

enum {
    SUBS_MAX = 4,
    SUB_PATCHES_MAX = 64,
};

enum patch_kind { PATCH_REL32, PATCH_ABS64 };

struct sub_patch {
    uint16_t at; // of the field
    uint8_t kind, sub;
};

struct sub {
    bool used, recursive;
    uint8_t pops; // bytes, by its return
};

struct gen {
    struct builder b;
    uint16_t loop_regs; // kept for counters and moving pointers
    uint8_t counter, pointer;
    struct sub subs[SUBS_MAX];
    unsigned first_sub; // that may be called from here
    struct sub_patch patches[SUB_PATCHES_MAX];
    size_t patch_count;
    unsigned nesting;
    bool sets_flags;
};

// One instruction, of any form that runs here.
// Takes note, once, of which forms there are, for gen_form.
void gen_list_forms(void);
void gen_form(struct gen *g);
// At most COUNT items, as long as there is input and room.
void gen_items(struct gen *g, unsigned count);

// The item that PICK, a byte of at least GEN_FLOW_FROM, stands for.
enum { GEN_FLOW_FROM = 176 };
void gen_flow(struct gen *g, unsigned pick);
// Subroutine SUB, which was called.
void gen_sub(struct gen *g, unsigned sub);

// A jump to what gen_patch says: TARGET of the jump that ends at END.
void gen_jump(struct builder *b);
void gen_patch(struct builder *b, unsigned end, unsigned target);
// Brings the stack pointer back to where it was, so that paths may join.
void gen_level_stack(struct gen *g, int depth);
unsigned gen_address_of_next(struct gen *g, unsigned reg);
void gen_here(struct gen *g, unsigned at);
void gen_flags(struct gen *g);
void gen_follow(struct gen *g);

#endif
