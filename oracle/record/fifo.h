// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A source that is a FIFO, as a recorder in this process plays it: a load of its address
// takes what it holds, which is followed by what comes next.

#ifndef STORESCOPE_FIFO_H
#define STORESCOPE_FIFO_H

#include "case/arena.h"
#include "trace/trace.h"

struct fifo {
    const struct layout *layout; // NULL: no source is one
    uint64_t given;              // bytes, at most the request's
};

// Before each run of a case that was just laid out.
void fifo_begin(struct fifo *f, const struct copy_case *c, const struct layout *layout);

// After the instruction that made the access. True: the source's LAYOUT_FIFO_BYTES were
// written anew.
bool fifo_follow(struct fifo *f, const struct access *a);

// After a run: the source is as the case was laid out.
void fifo_end(struct fifo *f);

#endif
