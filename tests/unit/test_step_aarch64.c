// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Recorder `step` on AArch64, on routines that a step is hard for. Where this process may
// not be traced, all of it is skipped, by name.

#include "record/recorder.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

// Copy eight or sixteen bytes by a store-exclusive, tried until it stores; store without a
// reservation; ... with one that was dropped; ... elsewhere than the reservation is.
extern const char copy_exclusive[], copy_exclusive_pair[], store_unreserved[], store_dropped[],
    store_elsewhere[], store_then_trap[], store_into_guard[], store_slowly[];
__asm__(".global copy_exclusive, copy_exclusive_pair, store_unreserved, store_dropped\n"
        ".global store_elsewhere, store_then_trap, store_into_guard, store_slowly\n"
        "copy_exclusive: ldr x3, [x1]\n"
        "1: ldxr x4, [x0]\n"
        "   stlxr w5, x3, [x0]\n"
        "   cbnz w5, 1b\n"
        "   ret\n"
        "copy_exclusive_pair: ldp x3, x4, [x1]\n"
        "1: ldaxp x5, x6, [x0]\n"
        "   stxp w7, x3, x4, [x0]\n"
        "   cbnz w7, 1b\n"
        "   ret\n"
        "store_unreserved: stxr w5, x1, [x0]\n"
        "   mov w0, w5\n"
        "   ret\n"
        "store_dropped: ldxr x3, [x0]\n"
        "   clrex\n"
        "   stxr w5, x1, [x0]\n"
        "   mov w0, w5\n"
        "   ret\n"
        "store_elsewhere: add x3, x0, #8\n"
        "   ldxr x4, [x3]\n"
        "   stxr w5, x1, [x0]\n"
        "   ret\n"
        "store_then_trap: strb w2, [x0], #1\n"
        "   brk #7\n"
        "   ret\n"
        "store_into_guard: mov x3, x0\n"
        "   strb wzr, [x3], #1\n"
        "   b .-4\n"
        "store_slowly: mov x3, #4096\n"
        "1: subs x3, x3, #1\n"
        "   b.ne 1b\n"
        "   strb w2, [x0]\n"
        "   ret\n");

struct run {
    struct recorder *recorder;
    struct arena *arena;
    struct layout layout;
    struct trace trace;
};

static const struct recorder_kind *step;

static void run(struct run *r, const char *entry)
{
    static struct routine routine;
    const struct recorder_options options = {.loads = true, .timeout_ms = 100};
    const struct copy_case c = {.op = OP_MEMCPY, .size = 16, .fill = 3};
    struct error error;
    routine = (struct routine){.entry = (uintptr_t)entry};
    trace_init(&r->trace);
    r->arena = arena_new();
    r->recorder = step->open(&routine, 0, &options, &error);
    assert_non_null(r->recorder);
    step->run(r->recorder, r->arena, &c, true, &r->layout, &r->trace);
}

static void end(struct run *r)
{
    step->close(r->recorder);
    arena_free(r->arena);
    trace_free(&r->trace);
}

static void expect(const struct run *r, size_t i, enum access_kind kind, unsigned width)
{
    assert_true(i < r->trace.count);
    assert_int_equal(r->trace.accesses[i].kind, kind);
    assert_int_equal(r->trace.accesses[i].width, width);
}

static void a_loop_of_exclusives_ends(void **state)
{
    (void)state;
    struct run r;
    run(&r, copy_exclusive);
    assert_int_equal(r.trace.outcome, OUTCOME_RETURNED);
    assert_int_equal(r.trace.count, 3);
    expect(&r, 0, ACCESS_LOAD, 8);
    expect(&r, 1, ACCESS_LOAD, 8);
    expect(&r, 2, ACCESS_STORE, 8);
    assert_memory_equal(r.layout.dst, r.layout.expected, 8);
    end(&r);
}

static void a_pair_is_stored_at_once(void **state)
{
    (void)state;
    struct run r;
    run(&r, copy_exclusive_pair);
    assert_int_equal(r.trace.outcome, OUTCOME_RETURNED);
    expect(&r, r.trace.count - 1, ACCESS_STORE, 16);
    assert_memory_equal(r.trace.values + r.trace.accesses[r.trace.count - 1].value,
                        r.layout.expected, 16);
    assert_memory_equal(r.layout.dst, r.layout.expected, 16);
    end(&r);
}

static void a_store_without_a_reservation_fails(void **state)
{
    (void)state;
    static const char *const entries[] = {store_unreserved, store_dropped};
    for (unsigned i = 0; i < 2; i++) {
        struct run r;
        run(&r, entries[i]);
        assert_int_equal(r.trace.outcome, OUTCOME_RETURNED);
        assert_int_equal(r.trace.return_value, 1);
        assert_int_equal(r.trace.count, i);
        end(&r);
    }
}

static void a_store_elsewhere_is_refused(void **state)
{
    (void)state;
    struct run r;
    run(&r, store_elsewhere);
    assert_int_equal(r.trace.outcome, OUTCOME_REFUSED);
    assert_non_null(strstr(r.trace.reason, "elsewhere than its load-exclusive"));
    end(&r);
}

static volatile sig_atomic_t ticks;

static void count_tick(int signal)
{
    (void)signal;
    ticks++;
}

// A timer's signal has a code of the kernel's, as a fault has.
static void a_signal_from_elsewhere_is_none_of_the_routines(void **state)
{
    (void)state;
    const struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    struct run r;
    signal(SIGALRM, count_tick);
    setitimer(ITIMER_REAL, &often, NULL);
    run(&r, store_slowly);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_int_equal(r.trace.outcome, OUTCOME_RETURNED);
    assert_int_equal(r.trace.count, 1);
    assert_true(ticks > 0);
    end(&r);
}

static void a_trap_of_the_routines_is_its_own(void **state)
{
    (void)state;
    struct run r;
    run(&r, store_then_trap);
    assert_int_equal(r.trace.outcome, OUTCOME_FAULTED);
    assert_int_equal(r.trace.signal, SIGTRAP);
    assert_int_equal(r.trace.fault_pc, (uintptr_t)store_then_trap + 4);
    assert_int_equal(r.trace.count, 1);
    end(&r);
}

static void a_store_that_faults_is_none(void **state)
{
    (void)state;
    struct run r;
    run(&r, store_into_guard);
    size_t stored = r.layout.dst_lane.hi - (uintptr_t)r.layout.dst;
    assert_int_equal(r.trace.outcome, OUTCOME_FAULTED);
    assert_int_equal(r.trace.signal, SIGSEGV);
    assert_int_equal(r.trace.fault_addr, r.layout.dst_lane.hi);
    assert_int_equal(r.trace.count, stored);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_of_exclusives_ends),
        cmocka_unit_test(a_pair_is_stored_at_once),
        cmocka_unit_test(a_store_without_a_reservation_fails),
        cmocka_unit_test(a_store_elsewhere_is_refused),
        cmocka_unit_test(a_signal_from_elsewhere_is_none_of_the_routines),
        cmocka_unit_test(a_trap_of_the_routines_is_its_own),
        cmocka_unit_test(a_store_that_faults_is_none),
    };
    step = recorder_find("step");
    if (step->missing()) {
        print_message("skipped: recorder step: %s\n", step->missing());
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
