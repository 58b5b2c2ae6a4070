// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What step_enter takes, for C and for assembly.

#ifndef STORESCOPE_STEP_START_H
#define STORESCOPE_STEP_START_H

#define START_ENTRY 0
#define START_RSP   8
#define START_WORDS 16

#ifndef __ASSEMBLER__
#include <stdint.h>

struct step_start {
    uint64_t entry, rsp;
    uint64_t words[6]; // of the argument registers, rdi first
};

uint64_t step_enter(const struct step_start *start);
extern const char step_returned[], step_left[];
#endif

#endif
