// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Every case of an exhaustive small sweep lies on one of the prover's paths, and no other,
// and its recorded accesses are those that the path foretells.
//
// Usage: differential SIZE BACKEND...
//
// Prints the number of cases of each. Those that lie where a path could not be followed, or
// fault, are left out. Exit status: 0 all others agree; 1 some do not, or there are none; 77 no
// such routine is here.

#include "backends/selection.h"
#include "base/memory.h"
#include "prove/prove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sweep_options run = {.device = DEVICE_DST, .jobs = 1, .timeout_ms = 1000};
static struct {
    uint64_t routines, agreed, differ, left;
} all;

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

static void tell(const struct backend *b, const struct proof *proof, const char *trouble)
{
    const struct proof_also *also = &proof->also;
    bool compared = also->agreed + also->differ > 0;
    printf("%s %s: %" PRIu64 " paths, %" PRIu64 " cases", also->differ ? "FAIL" : "ok  ", b->name,
           proof->paths, also->agreed);
    if (also->left)
        printf(", %" PRIu64 " left out", also->left);
    printf("%s%s%s\n", also->differ || !compared ? ": " : "",
           also->differ ? also->why
           : compared   ? ""
                        : proof->why,
           trouble);
    fflush(stdout);
    all.routines += compared;
    all.agreed += also->agreed;
    all.differ += also->differ;
    all.left += also->left;
}

static void compare(const struct backend *b, int64_t size)
{
    // What has more paths than these is left out.
    enum { INSTRUCTIONS = 400 * 1000, SOLVER_MS = 2000 };
    struct plan *plan = must(malloc(sizeof *plan));
    struct proof *proof = must(malloc(sizeof *proof));
    struct proof_options options = proof_defaults;
    struct error error = {""};
    options.size_hi = (uint64_t)size;
    options.instructions_max = INSTRUCTIONS;
    options.solver_ms = SOLVER_MS;
    options.run = &run;
    options.also = plan;
    memset(proof, 0, sizeof *proof);
    if (op_is_copy(b->op) && plan_small(b, size, plan))
        if (prove_run(b, b->op, contract_find("ram"), 1, &options, proof, &error))
            tell(b, proof, error.text);
    free(proof);
    free(plan);
}

int main(int argc, char **argv)
{
    struct selection selection;
    struct error error;
    bool here = false;
    if (argc < 3 || !select_backends(argv + 2, (size_t)argc - 2, &selection, &error)) {
        fprintf(stderr, "%s\n", argc < 3 ? "usage: differential SIZE BACKEND..." : error.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < selection.count; i++) {
        const struct backend *b = selection.items[i];
        here |= b->missing == NULL;
        if (b->missing == NULL)
            compare(b, atoi(argv[1]));
        else
            printf("skip %s: %s\n", b->name, b->missing);
    }
    select_free(&selection);
    if (!here)
        return 77;
    printf("%" PRIu64 " routines, %" PRIu64 " cases agree, %" PRIu64 " differ, %" PRIu64
           " are left out\n",
           all.routines, all.agreed, all.differ, all.left);
    return all.differ == 0 && all.agreed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
