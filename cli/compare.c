// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "run.h"

#include <assert.h>
#include <stdlib.h>

static const struct command_help help = {
    .name = "storescope compare",
    .arguments = "[BACKEND...]",
    .about =
        "Sweeps copy routines and prints the matrix of backends and contracts: which routine is "
        "safe for which memory."
        "\vWithout BACKEND: all that `storescope list backends' has. Without --contract: every "
        "built-in contract.\n\n"
        "Examples:\n"
        "  storescope compare\n"
        "  storescope compare 'glibc/*' 'musl/*'\n"
        "  storescope compare 'qemu/*' --contract qemu-ram --contract mmio\n"
        "  storescope compare --size 0..128 --format json -o matrix.json\n\n"
        "Exit status: 0 no finding; 1 findings; 2 bad usage, nothing to test, or a case that "
        "could not be judged.",
    .command = FORMAT_COMPARE,
    .groups = OPTIONS_CASES | OPTIONS_SWEEP | OPTIONS_RUN | OPTIONS_OUTPUT,
};

static void take_builtin_contracts(struct options *o)
{
    o->contracts = calloc(contract_builtin_count, sizeof *o->contracts);
    assert(o->contracts != NULL);
    for (size_t i = 0; i < contract_builtin_count; i++)
        o->contracts[i] = *contract_builtin(i);
    o->contract_count = contract_builtin_count;
}

int command_compare(int argc, char **argv)
{
    struct options o;
    int status;
    if (!options_read(&help, argc, argv, &o, &status))
        return status;
    if (o.contract_count == 0)
        take_builtin_contracts(&o);
    status = run_command(&o);
    options_free(&o);
    return status;
}
