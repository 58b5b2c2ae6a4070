// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/planted/planted.h"

// Assembly is of one CPU; its rows are without code on another.
#define PLANTED(name, op, contract, options, cpu, rules) \
    void *planted_##name(void *to, const void *from, size_t n);
#include "backends/planted/planted.def"
#undef PLANTED

#define CODE(name) (const void *)planted_##name
#if defined __x86_64__
#define CODE_X86_64(name)  CODE(name)
#define CODE_AARCH64(name) NULL
#else
#define CODE_X86_64(name)  NULL
#define CODE_AARCH64(name) CODE(name)
#endif

const struct planted_row planted_rows[] = {
#define PLANTED(name, op, contract, options, cpu, rules) \
    {#name, CODE(name), op, rules, contract, options, cpu, ""},
#define PLANTED_X86_64(name, op, contract, options, cpu, rules) \
    {#name, CODE_X86_64(name), op, rules, contract, options, cpu, "x86_64"},
#define PLANTED_AARCH64(name, op, contract, options, cpu, rules) \
    {#name, CODE_AARCH64(name), op, rules, contract, options, cpu, "aarch64"},
#include "backends/planted/planted.def"
#undef PLANTED
};

const size_t planted_row_count = sizeof planted_rows / sizeof *planted_rows;
