// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A process that records may have handlers of its own, as fuzzing engines have for
// their timers. Their frames must not land where a routine's stack pointer is.

#include "backends/backend.h"
#include "record/native.h"
#include "record/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/time.h>

#include <cmocka.h>

enum { ALARMS = 200, RUNS_MAX = 2000000, DST_OFF = 2048, SIZE = 2000 };

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void alarm_every(suseconds_t microseconds)
{
    const struct timeval period = {0, microseconds};
    alarms = 0;
    assert_int_equal(setitimer(ITIMER_REAL, &(struct itimerval){period, period}, NULL), 0);
}

// Runs planted/regs_push, which stores by push with its stack pointer in the
// destination, until the timer has come often.
static void run_under_alarms(const char *recorder_name)
{
    const struct recorder_kind *kind = recorder_find(recorder_name);
    const struct recorder_options options = {.loads = true, .timeout_ms = 2000};
    const struct copy_case c = {.op = OP_MEMCPY, .size = SIZE, .dst_off = DST_OFF, .fill = 1};
    struct backend_list all = {0}, found = {0};
    struct routine routine;
    struct layout layout;
    struct trace trace;
    struct error error = {""};
    backend_list_all(&all);
    assert_true(backend_list_find(&all, "planted/regs_push", &found, &error));
    if (!found.items[0].code)
        skip(); // it is assembly of another CPU
    assert_true(routine_load(&found.items[0], &routine, &error));
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct recorder *recorder = kind->open(&routine, 0, &options, &error);
    assert_non_null(recorder);
    trace_init(&trace);
    signal(SIGALRM, on_alarm);
    native_tame_handlers();
    alarm_every(200);
    for (int runs = 0; alarms < ALARMS; runs++) {
        assert_true(runs < RUNS_MAX);
        kind->run(recorder, arena, &c, false, &layout, &trace);
        assert_int_equal(trace.outcome, OUTCOME_RETURNED);
        assert_memory_equal(layout.dst, layout.expected, SIZE);
        arena_clear(arena, &layout, false);
        assert_true(arena_is_clean(arena, &layout));
    }
    alarm_every(0);
    kind->close(recorder);
    trace_free(&trace);
    arena_free(arena);
    backend_list_free(&found);
    backend_list_free(&all);
}

static void a_handler_of_the_process_leaves_the_routines_stack_alone(void **state)
{
    (void)state;
    run_under_alarms("rewrite");
    run_under_alarms("step");
}

static void a_handler_is_still_called_as_it_asked(void **state)
{
    (void)state;
    signal(SIGUSR1, on_alarm);
    native_tame_handlers();
    native_tame_handlers();
    alarms = 0;
    raise(SIGUSR1);
    assert_int_equal(alarms, 1);
    signal(SIGUSR1, SIG_IGN);
    native_tame_handlers();
    raise(SIGUSR1);
    assert_int_equal(alarms, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_of_the_process_leaves_the_routines_stack_alone),
        cmocka_unit_test(a_handler_is_still_called_as_it_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
