// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a proof costs: processor time for all paths of a routine and the rules of all built-in
// contracts, the recording of a case of each path left out. Not measured: what is not
// followed to its end within a million instructions.

#include "prove/prove.h"
#include "backends/selection.h"
#include "base/memory.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { INSTRUCTIONS_MAX = 1000 * 1000 };

static struct contract *contracts;
static size_t contract_count;
static const struct sweep_options run = {.device = DEVICE_DST, .jobs = 1, .timeout_ms = 1000};

static const struct {
    const char *glob, *sizes;
    uint64_t size_hi;
    const char *goal;
} rows[] = {
    {"glibc/memmove_*", "0..4096", 4096, "<= 0.2"},
    {"musl/mem*", "0..64", 64, ""},
    {"klibc/mem*", "0..64", 64, ""},
    {"engine/*", "0..64", 64, "<= 2"},
};

// Seconds; NAN where some path was not followed to its end.
static double seconds_of(const struct backend *b, uint64_t size_hi, struct proof *proofs)
{
    struct proof_options options = proof_defaults;
    struct error error;
    options.size_hi = size_hi;
    options.instructions_max = INSTRUCTIONS_MAX;
    options.unconfirmed = true;
    options.run = &run;
    if (!prove_run(b, b->op, contracts, contract_count, &options, proofs, &error) ||
        proofs[0].verdict == PROOF_SKIPPED || proofs[0].why[0] != '\0')
        return NAN;
    return proofs[0].seconds;
}

static void measure(struct table *t, const struct backend *b, size_t row, struct proof *proofs)
{
    char what[160];
    snprintf(what, sizeof what, "%.80s, sizes %s: seconds of all contracts", b->name,
             rows[row].sizes);
    table_row(t, what, "%.2f", seconds_of(b, rows[row].size_hi, proofs), BETTER_LESS,
              rows[row].goal);
}

static void take_contracts(void)
{
    contract_count = contract_builtin_count;
    contracts = must(calloc(contract_count, sizeof *contracts));
    for (size_t i = 0; i < contract_count; i++)
        contracts[i] = *contract_builtin(i);
}

static bool measure_all(struct table *t, struct error *error)
{
    struct proof *proofs = must(calloc(contract_count, sizeof *proofs));
    bool ok = true;
    for (size_t row = 0; row < sizeof rows / sizeof *rows && ok; row++) {
        struct selection s;
        char *glob = (char *)rows[row].glob;
        ok = select_backends(&glob, 1, &s, error);
        for (size_t i = 0; ok && i < s.count; i++)
            if (!s.items[i]->missing)
                measure(t, s.items[i], row, proofs);
        if (ok)
            select_free(&s);
    }
    free(proofs);
    return ok;
}

int main(int argc, char **argv)
{
    struct table t;
    struct error error;
    int next;
    take_contracts();
    if (table_open(&t, "prove", argc, argv, &next, &error) && measure_all(&t, &error) &&
        table_close(&t, &error))
        return EXIT_SUCCESS;
    fprintf(stderr, "bench: %s\n", error.text);
    return EXIT_FAILURE;
}
