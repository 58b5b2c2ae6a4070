// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the rewriter's shared files ask of the CPU: its folder (x86_64/, aarch64/) has a
// registers.h with names and numbers, and defines what is declared here and at the end of
// writer.h. This is the one place that chooses between the folders, beside the build.

#ifndef STORESCOPE_REWRITE_CPU_H
#define STORESCOPE_REWRITE_CPU_H

#include "record/rewrite/decode.h"
#include "record/rewrite/emit.h"
#include "trace/trace.h"

#ifdef __aarch64__
#include "record/rewrite/aarch64/registers.h"
#else
#include "record/rewrite/x86_64/registers.h"
#endif

#include <ucontext.h>

struct recorder;
struct translation;

// The site of an instruction that touches memory: its text and classes.
void insn_describe(const struct insn *in, struct site *site);

// frame.c: of a signal that came while the copy ran. What it says of the registers that
// tell how far an instruction came; and what has the handler return to PC on the stack at
// SP, as C code expects the CPU.
const uint8_t *frame_pc(const ucontext_t *uc);
uint64_t frame_register(const ucontext_t *uc, unsigned reg);
void frame_progress(const ucontext_t *uc, struct recorder *r);
void frame_leave(ucontext_t *uc, const uint8_t *pc, uint64_t sp);

// state.c: of this thread and CPU, before any code is written; bytes that hold all vector
// registers; registers that a routine must give back (entry_registers.h), of those
// that it names; and what of the caller's state it did not give back, as trace.clobbered
// has it, when it has returned.
void state_open(struct recorder *r);
size_t state_vector_bytes(void);
gpr_set state_callee_saved(const struct recorder *r);
uint32_t state_clobbered(const struct recorder *r, const struct translation *t);

#endif
