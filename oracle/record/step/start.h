// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What step_enter takes, for C and for assembly.

#ifndef STORESCOPE_STEP_START_H
#define STORESCOPE_STEP_START_H

#define START_ENTRY 0
#define START_RSP   8
#define START_DST   16
#define START_SRC   24
#define START_SIZE  32
#define START_ARG4  40

#ifndef __ASSEMBLER__
#include <stdint.h>

struct step_start {
    uint64_t entry, rsp, dst, src, size, arg4;
};

uint64_t step_enter(const struct step_start *start);
extern const char step_returned[], step_left[];
#endif

#endif
