// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Every case of an exhaustive small sweep lies on one of the prover's paths, and no other,
// and its recorded accesses are those that the path foretells.
//
// Usage: differential SIZE BACKEND...
//
// Prints the number of cases of each. Exit status: 0 all agree; 1 some do not, or the
// prover could not follow one.

#include "backends/selection.h"
#include "base/memory.h"
#include "prove/prove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct sweep_options run = {.device = DEVICE_DST, .jobs = 1, .timeout_ms = 1000};

static bool plan_small(const struct backend *b, int64_t size, struct plan *plan)
{
    struct error error;
    const struct plan_request request = {
        .size = {0, size, 1}, .dst = {0, 15, 1}, .src = {0, 15, 1}};
    if (plan_build(b, b->op, &request, plan, &error))
        return true;
    fprintf(stderr, "%s: %s\n", b->name, error.text);
    return false;
}

static bool compare(const struct backend *b, int64_t size)
{
    struct plan *plan = must(malloc(sizeof *plan));
    struct proof *proof = must(malloc(sizeof *proof));
    struct proof_options options = proof_defaults;
    struct error error = {""};
    options.size_hi = (uint64_t)size;
    options.run = &run;
    options.also = plan;
    bool agrees = plan_small(b, size, plan) &&
                  prove_run(b, b->op, contract_find("ram"), 1, &options, proof, &error) &&
                  proof->also > 0 && proof->why[0] == '\0';
    printf("%s %s: %" PRIu64 " paths, %" PRIu64 " cases; %s%s\n", agrees ? "ok  " : "FAIL", b->name,
           proof->paths, proof->also, proof->why, error.text);
    free(proof);
    free(plan);
    return agrees;
}

int main(int argc, char **argv)
{
    struct selection selection;
    struct error error;
    bool all = true;
    if (argc < 3 || !select_backends(argv + 2, (size_t)argc - 2, &selection, &error)) {
        fprintf(stderr, "%s\n", argc < 3 ? "usage: differential SIZE BACKEND..." : error.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < selection.count; i++)
        if (selection.items[i]->missing == NULL)
            all &= compare(selection.items[i], atoi(argv[1]));
    select_free(&selection);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
