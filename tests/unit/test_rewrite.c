// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The rewritten copy when there is no room for it.

#include "record/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE_BYTES_STEP = 64, CODE_BYTES_LAST = 4096 };

// Each recorder reserves 36 GiB, of which QEMU 7.2 as a program looks at every page.
static size_t step_bytes(void)
{
    return getenv("STORESCOPE_EMULATED") ? 12 * CODE_BYTES_STEP : CODE_BYTES_STEP;
}

// What three cases come to in a copy of CODE_BYTES.
static void run_three(size_t code_bytes, struct trace traces[3])
{
    struct error error = {""};
    const struct recorder_options options = {
        .loads = true, .blocks = true, .timeout_ms = 2000, .code_bytes = code_bytes};
    const struct recorder_kind *rewrite = recorder_find("rewrite");
    struct backend_list all, found = {0};
    struct routine routine;
    struct arena *arena = arena_new();
    backend_list_all(&all);
    assert_true(backend_list_find(&all, "loop/word", &found, &error));
    assert_true(routine_load(&found.items[0], &routine, &error));
    struct recorder *r = rewrite->open(&routine, 0, &options, &error);
    assert_non_null(r);
    for (unsigned i = 0; i < 3; i++) {
        const struct copy_case c = {.op = OP_MEMCPY, .size = 20 + i, .fill = 1};
        struct layout layout;
        trace_init(&traces[i]);
        rewrite->run(r, arena, &c, false, &layout, &traces[i]);
        arena_clear(arena, &layout, true);
    }
    rewrite->close(r);
    arena_free(arena);
    backend_list_free(&found);
    backend_list_free(&all);
}

static void a_copy_without_room_refuses_every_case(void **state)
{
    (void)state;
    struct trace traces[3];
    unsigned refusals = 0;
    // However little is missing: no room leaves half of a copy that is run.
    size_t left = CODE_BYTES_LAST % step_bytes();
    for (size_t bytes = left ? left : step_bytes(); bytes <= CODE_BYTES_LAST;
         bytes += step_bytes()) {
        run_three(bytes, traces);
        for (unsigned i = 0; i < 3; i++) {
            bool before = i > 0 && traces[i - 1].outcome == OUTCOME_REFUSED;
            if (traces[i].outcome != OUTCOME_RETURNED || before) {
                assert_int_equal(traces[i].outcome, OUTCOME_REFUSED);
                assert_string_equal(traces[i].reason, "the routine is too large to rewrite");
                refusals++;
            }
        }
        if (bytes == CODE_BYTES_LAST)
            assert_int_equal(traces[0].outcome, OUTCOME_RETURNED);
        for (unsigned i = 0; i < 3; i++)
            trace_free(&traces[i]);
    }
    assert_true(refusals >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_copy_without_room_refuses_every_case)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
