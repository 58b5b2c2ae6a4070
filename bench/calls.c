// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// storescope_bench_calls PATH:SYMBOL SIZE CALLS native|recorded|stores
//
// Calls a routine so many times, natively or its rewritten copy (`stores': that records
// no loads), and prints how many accesses a call has. For counting instructions, where time means nothing:
// in an emulator, and on a machine that does other things as well. See bench/instructions.sh.

#include "base/error.h"
#include "record/rewrite/rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 100000, ARGUMENTS = 5 };

static int refuse(const char *why)
{
    fprintf(stderr, "bench: %s\n", why);
    return 2;
}

static void call(rewrite_function *function, unsigned long calls, const struct layout *l,
                 uint64_t arg4)
{
    rewrite_function *volatile each = function; // so that the compiler makes each call
    const uint64_t words[NATIVE_WORDS] = {(uintptr_t)l->dst, layout_second(l), l->size, arg4};
    for (unsigned long i = 0; i < calls; i++)
        CPU_ENTER(each, words);
}

int main(int argc, char **argv)
{
    struct backend_list all = {0}, chosen = {0};
    struct routine routine;
    struct layout layout = {0};
    struct trace trace;
    struct error error;
    if (argc != ARGUMENTS)
        return refuse("usage: storescope_bench_calls PATH:SYMBOL SIZE CALLS MODE");
    const char *mode = argv[4];
    const struct recorder_options options = {
        .loads = strcmp(mode, "stores") != 0,
        .timeout_ms = TIMEOUT_MS,
    };
    const struct recorder_kind *kind = recorder_find("rewrite");
    if (!backend_list_find(&all, argv[1], &chosen, &error) ||
        !routine_load(&chosen.items[0], &routine, &error))
        return refuse(error.text);
    const struct backend *b = &chosen.items[0];
    struct recorder *r = kind->open(&routine, b->arg4, &options, &error);
    struct arena *arena = r ? arena_new() : NULL;
    if (!arena)
        return refuse(r ? "no memory for an arena" : error.text);

    // Once through the recorder, so that all the code is rewritten.
    const struct copy_case c = {.op = b->op, .size = strtoul(argv[2], NULL, 0), .fill = 1};
    trace_init(&trace);
    kind->run(r, arena, &c, false, &layout, &trace);
    if (trace.outcome != OUTCOME_RETURNED)
        return refuse(trace.reason);
    unsigned long calls = strtoul(argv[3], NULL, 0);
    if (strcmp(mode, "native") == 0)
        call((rewrite_function *)routine.entry, calls, &layout, b->arg4);
    else
        call(rewrite_entry(r), calls, &layout, b->arg4);
    printf("%zu\n", trace.count);
    backend_list_free(&chosen);
    return 0;
}
