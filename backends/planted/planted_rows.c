// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/planted/planted.h"

// Those in assembly are of one CPU; their rows are without code on another.
#if defined __x86_64__
#define LINKED
#else
#define LINKED __attribute__((weak))
#endif
#define PLANTED(name, op, contract, options, cpu, rules) \
    LINKED void *planted_##name(void *to, const void *from, size_t n);
#include "backends/planted/planted.def"
#undef PLANTED

const struct planted_row planted_rows[] = {
#define PLANTED(name, op, contract, options, cpu, rules) \
    {#name, (const void *)planted_##name, op, rules, contract, options, cpu},
#include "backends/planted/planted.def"
#undef PLANTED
};

const size_t planted_row_count = sizeof planted_rows / sizeof *planted_rows;
