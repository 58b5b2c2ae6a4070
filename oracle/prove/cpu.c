// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/cpu.h"

static const struct prove_cpu *const cpus[] = {&prove_x86_64, &prove_aarch64};

const struct prove_cpu *prove_cpu_of(unsigned machine, bool big_endian)
{
    for (unsigned i = 0; i < sizeof cpus / sizeof *cpus && !big_endian; i++)
        if (cpus[i]->machine == machine)
            return cpus[i];
    return NULL;
}
