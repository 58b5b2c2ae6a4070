// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What workers send is not trusted: a routine may have taken its worker over. Here it is
// looked through before anything is made of it.

#ifndef STORESCOPE_DISTRUST_H
#define STORESCOPE_DISTRUST_H

#include "base/message.h"
#include "sweep/chunk_result.h"

// What was asked of the worker whose result it is to be.
struct distrust_asked {
    uint64_t id, lo, hi;
    bool may_be_empty; // it was told to stop
};

bool distrust_passes_result(const struct job *job, const struct distrust_asked *asked,
                            const struct message *f);

// Bytes of instructions, two bools and a text each.
bool distrust_passes_coverage(const struct message *f);

#endif
