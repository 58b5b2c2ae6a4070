// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/linker.h"

const struct supplied supplied_by_cpu[] = {
    // Does this CPU have LSE? libgcc's atomics (lse.S) ask; without, they are loops of
    // exclusive loads and stores, as on a CPU of which nothing is known.
    SUPPLIED_VARIABLE("__aarch64_have_lse_atomics", 1, 0),

    SUPPLIED_CODE("_mcount", "\xc0\x03\x5f\xd6"), // ret
};
const size_t supplied_by_cpu_count = sizeof supplied_by_cpu / sizeof *supplied_by_cpu;
