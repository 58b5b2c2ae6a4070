// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A register to work in: one the routine never names, or one saved for a while in
// context.spill[which].

#ifndef STORESCOPE_X86_64_SCRATCH_H
#define STORESCOPE_X86_64_SCRATCH_H

#include "record/rewrite/writer.h"

struct scratch {
    unsigned reg;
    uint64_t *saved; // NULL: free for good
};
struct scratch writer_take(struct writer *w, gpr_set avoid, unsigned which);
struct scratch writer_take_log(struct writer *w, gpr_set avoid); // the log pointer
void writer_give_back(struct writer *w, struct scratch s);

// record.c: value mode: a call stores its return address.
void writer_pushed_value(struct writer *w, const struct insn *in, uint32_t number, int32_t at);

#endif
