// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A recorder for tests of sweeps, and routines for it. The recorder calls the
// routine natively; the routines do the copy and note, as a recorder would, the
// accesses that they want the sweep to believe in. Some crash, hang, leave, or
// write where they must not.

#ifndef STORESCOPE_TEST_SWEEP_FAKES_H
#define STORESCOPE_TEST_SWEEP_FAKES_H

#include "base/error.h"
#include "sweep/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    SIZES = 200,  // 0..199
    OFFSETS = 16, // destination
    CASES = SIZES * OFFSETS,
    ODD_SIZE = 77, // where a routine that is bad for one size goes wrong
    ODD_OFFSET = 5,
    STALL_MS = 400,
};

// What the recorder is doing in this process.
static struct {
    struct trace *trace;
    struct layout layout;
    const struct copy_case *c;
    bool values;
} now;

// Survives workers.
static struct {
    _Atomic int deaths, opens, opens_with_loads, child;
} * shared;

static const struct site only_site = {.addr = 0x1000,
                                      .length = 2,
                                      .class = CLASS_SCALAR,
                                      .classes = 1u << CLASS_SCALAR,
                                      .text = "mov byte ptr [rdi], al"};

static inline void note(enum access_kind kind, const void *at, size_t width)
{
    struct trace *t = now.trace;
    trace_reserve(t, t->count + 1);
    uint32_t value = TRACE_NO_VALUE;
    if (now.values && kind == ACCESS_STORE) {
        trace_reserve_values(t, t->value_bytes + width);
        memcpy(t->values + t->value_bytes, at, width);
        value = (uint32_t)t->value_bytes;
        t->value_bytes += width;
    }
    t->accesses[t->count++] = (struct access){.addr = (uintptr_t)at,
                                              .count = 1,
                                              .width = (uint16_t)width,
                                              .kind = (uint8_t)kind,
                                              .value = value};
}

static inline void store_byte(uint8_t *at, uint8_t byte)
{
    *at = byte;
    note(ACCESS_STORE, at, 1);
}

// A correct copy, byte by byte.
static inline void *good(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;
    for (size_t i = 0; i < n; i++)
        store_byte(d + i, s[i]);
    return dst;
}

static inline bool is_odd(void)
{
    return now.c->size == ODD_SIZE && now.c->dst_off == ODD_OFFSET;
}

static inline void *twice_from_100(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    if (n >= 100 && now.c->dst_off >= 3)
        store_byte(dst, *(const uint8_t *)src);
    return dst;
}

static inline void *wrong_then_right(void *dst, const void *src, size_t n)
{
    if (n == ODD_SIZE)
        store_byte(dst, (uint8_t)(~((const uint8_t *)src)[0]));
    return good(dst, src, n);
}

static inline void *changes_its_mind(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    if (is_odd()) {
        store_byte(dst, *(const uint8_t *)src);
        if (now.values)
            store_byte(dst, *(const uint8_t *)src);
    }
    return dst;
}

static inline void *looks_at_data(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;
    for (size_t i = 0; i < n; i++)
        if (n != ODD_SIZE || d[i] != s[i])
            store_byte(d + i, s[i]);
    return dst;
}

static inline void *dies(void *dst, const void *src, size_t n)
{
    if (is_odd())
        raise(SIGKILL);
    return good(dst, src, n);
}

static inline void *dies_once(void *dst, const void *src, size_t n)
{
    if (is_odd() && shared->deaths++ == 0)
        raise(SIGKILL);
    return good(dst, src, n);
}

// Something an earlier case left behind in its process makes it die.
static inline void *dies_unless_first(void *dst, const void *src, size_t n)
{
    static int calls;
    if (is_odd() && calls > 0)
        raise(SIGKILL);
    calls++;
    return good(dst, src, n);
}

static inline void *always_dies(void *dst, const void *src, size_t n)
{
    (void)src;
    raise(n == SIZE_MAX ? SIGTERM : SIGKILL);
    return dst;
}

static inline void *leaves(void *dst, const void *src, size_t n)
{
    // Not exit: LeakSanitizer's handler starts a thread, which no worker may.
    if (is_odd())
        _exit(3);
    return good(dst, src, n);
}

static inline void *leaves_a_child(void *dst, const void *src, size_t n)
{
    if (is_odd()) {
        int child = fork();
        if (child == 0)
            pause();
        shared->child = child;
        raise(SIGKILL);
    }
    return good(dst, src, n);
}

static inline void *writes_to_every_file(void *dst, const void *src, size_t n)
{
    for (int fd = 0; is_odd() && fd < 1024; fd++)
        if (write(fd, "all is well, all is well, all is well", 37) < 0)
            continue;
    return good(dst, src, n);
}

static inline void *prints(void *dst, const void *src, size_t n)
{
    printf("%zu\n", n);
    fflush(stdout);
    fprintf(stderr, "%zu\n", n);
    return good(dst, src, n);
}

static inline void *sleeps(void *dst, const void *src, size_t n)
{
    while (is_odd())
        pause();
    return good(dst, src, n);
}

// Overwrites all memory it shares with other processes, the test's own aside.
static inline void scribble_shared_memory(void)
{
    char line[256];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t lo, hi;
        if (!strstr(line, " rw-s ") || sscanf(line, "%lx-%lx", &lo, &hi) != 2 ||
            (void *)lo == (void *)shared)
            continue;
        memset((void *)lo, 0x5a, hi - lo);
    }
    raise(SIGKILL);
}

static inline void *scribbles_and_dies(void *dst, const void *src, size_t n)
{
    if (is_odd())
        scribble_shared_memory();
    return good(dst, src, n);
}

static inline void *stores_wildly(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    if (is_odd())
        note(ACCESS_STORE, (void *)0x123000, 8);
    return dst;
}

static inline void *always_stores_wildly(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    note(ACCESS_STORE, (void *)0x123000, 8);
    return dst;
}

static inline void *faults_at_null(void *dst, const void *src, size_t n)
{
    (void)src;
    if (now.c->dst_off != ODD_OFFSET)
        return good(dst, src, n);
    note(ACCESS_STORE, NULL, 8);
    now.trace->outcome = OUTCOME_FAULTED;
    now.trace->signal = SIGSEGV;
    return dst;
}

static inline void *hides_a_store_nearby(void *dst, const void *src, size_t n)
{
    if (is_odd())
        ((uint8_t *)dst)[n + 3] ^= 1;
    return good(dst, src, n);
}

static inline void *hides_a_store_far_off(void *dst, const void *src, size_t n)
{
    if (is_odd())
        ((uint8_t *)now.layout.dst_lane.hi)[-5] ^= 1;
    return good(dst, src, n);
}

static inline void *does_not_return(void *dst, const void *src, size_t n)
{
    if (n < 50)
        return good(dst, src, n);
    now.trace->outcome = OUTCOME_TIMED_OUT;
    return dst;
}

static inline void *does_not_return_unseen(void *dst, const void *src, size_t n)
{
    now.trace->loads_unseen = n >= 50;
    return does_not_return(dst, src, n);
}

static inline void *is_refused(void *dst, const void *src, size_t n)
{
    if (n < 50)
        return good(dst, src, n);
    now.trace->outcome = OUTCOME_REFUSED;
    snprintf(now.trace->reason, TRACE_REASON_MAX, "does not take 'xbegin'");
    return dst;
}

static inline void *is_not_vouched_for(void *dst, const void *src, size_t n)
{
    if (!is_odd())
        return good(dst, src, n);
    now.trace->outcome = OUTCOME_BROKEN;
    snprintf(now.trace->reason, TRACE_REASON_MAX, "the log was written to");
    return dst;
}

static inline void *is_slow(void *dst, const void *src, size_t n)
{
    const struct timespec t = {0, 2000000};
    nanosleep(&t, NULL);
    return good(dst, src, n);
}

struct recorder {
    void *(*entry)(void *, const void *, size_t);
};

static inline const char *fake_missing(void)
{
    return NULL;
}

static inline struct recorder *fake_open(const struct routine *routine, uint64_t arg4,
                                         const struct recorder_options *options,
                                         struct error *error)
{
    shared->opens++;
    shared->opens_with_loads += options->loads;
    if (arg4 == 1) {
        error_set(error, "does not take 'xbegin' anywhere");
        return NULL;
    }
    if (arg4 == 2)
        raise(SIGKILL);
    struct recorder *r = malloc(sizeof *r);
    assert_non_null(r);
    memcpy(&r->entry, &routine->entry, sizeof r->entry);
    return r;
}

static inline void fake_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
                            bool values, struct layout *layout, struct trace *trace)
{
    if (!arena_lay(arena, c, layout))
        abort();
    trace_reset(trace);
    trace->sites = &only_site;
    trace->site_count = 1;
    now.trace = trace;
    now.layout = *layout;
    now.c = c;
    now.values = values;
    trace->return_value = (uintptr_t)r->entry(layout->dst, layout->src, layout->size);
}

static inline void fake_close(struct recorder *r)
{
    free(r);
}

static const struct recorder_kind fake = {
    .name = "fake",
    .missing = fake_missing,
    .open = fake_open,
    .run = fake_run,
    .close = fake_close,
};

typedef void *routine_fn(void *, const void *, size_t);

static inline struct backend backend_of(routine_fn *routine)
{
    struct backend b = {.name = (char *)(uintptr_t) "test/routine", .size_unit = 1, .align = 1};
    memcpy(&b.code, &routine, sizeof b.code);
    return b;
}

static struct plan whole_plan;

static inline int build_plan(void **state)
{
    (void)state;
    const struct plan_request request = {
        .size = {0, SIZES - 1, 1},
        .dst = {0, OFFSETS - 1, 1},
        .src = {0, 0, 1},
        // Each case once.
        .has_lower = true,
        .order = ORDER_SRC,
        .has_fill = true,
    };
    struct backend b = backend_of(good);
    struct error error;
    return plan_build(&b, OP_MEMCPY, &request, &whole_plan, &error) && whole_plan.cases == CASES
               ? 0
               : -1;
}

#define ROW(id)                                          \
    {                                                    \
        .rule = id, .sides = DEVICE_BOTH, .always = true \
    }

static const struct contract contracts[] = {
    {.name = "in-order",
     .rules = {ROW(RULE_WRONG_DATA), ROW(RULE_WRONG_RETURN), ROW(RULE_MISSING_STORE),
               ROW(RULE_OUT_OF_BOUNDS_STORE), ROW(RULE_DUPLICATE_STORE), ROW(RULE_TRANSIENT_VALUE)},
     .rule_count = 6},
    {.name = "data-alone",
     .rules = {ROW(RULE_WRONG_DATA), ROW(RULE_OUT_OF_BOUNDS_STORE)},
     .rule_count = 2},
    {.name = "blind", .rules = {ROW(RULE_DATA_DEPENDENT)}, .rule_count = 1},
};
enum { IN_ORDER, DATA_ALONE, BLIND, CONTRACTS };

static struct result results[CONTRACTS];

static inline struct sweep_options options_for_two(void)
{
    return (struct sweep_options){.recorder = &fake,
                                  .device = DEVICE_DST,
                                  .jobs = 2,
                                  .timeout_ms = 100,
                                  .stall_ms = STALL_MS};
}

static inline void sweep_as(const struct backend *b, size_t contract_count,
                            const struct sweep_options *options)
{
    struct error error = {""};
    shared->deaths = 0;
    shared->opens = 0;
    shared->opens_with_loads = 0;
    bool ok = sweep_run(b, &whole_plan, contracts, contract_count, options, results, &error);
    assert_string_equal(error.text, "");
    assert_true(ok);
}

static inline void sweep(routine_fn *routine, size_t contract_count)
{
    struct backend b = backend_of(routine);
    struct sweep_options options = options_for_two();
    sweep_as(&b, contract_count, &options);
    for (size_t i = 0; i < contract_count; i++)
        results[i].backend = NULL; // it ends with this function
}

// Where a sweep ends early, two workers may get there in either order.
static inline void sweep_with_one_worker(routine_fn *routine)
{
    struct backend b = backend_of(routine);
    struct sweep_options options = options_for_two();
    options.jobs = 1;
    sweep_as(&b, 1, &options);
    results[0].backend = NULL; // it ends with this function
}

static inline int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACTS; i++)
        result_free(&results[i]);
    // No sweep leaves a process behind.
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static inline void assert_verdict(const struct result *r, enum verdict verdict)
{
    if (r->verdict != verdict)
        print_error("verdict %s: %s\n", verdict_name[r->verdict], r->reason);
    assert_string_equal(verdict_name[r->verdict], verdict_name[verdict]);
}

static inline void assert_case(const struct copy_case *c, uint64_t size, uint32_t dst_off)
{
    assert_int_equal(c->size, size);
    assert_int_equal(c->dst_off, dst_off);
}

// All cases were judged but the odd one, which is broken.
static inline void assert_only_odd_case_is_broken(const char *why)
{
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_BROKEN);
    assert_non_null(strstr(r->reason, why));
    assert_int_equal(r->broken_cases, 1);
    assert_int_equal(r->cases, CASES - 1);
    assert_true(r->has_reason_case);
    assert_case(&r->reason_case, ODD_SIZE, ODD_OFFSET);
    assert_false(r->interrupted);
    assert_false(r->cut_short);
}

#define SWEEP_TEST(f) cmocka_unit_test_teardown(f, teardown)

static inline void share_memory(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true((void *)shared != MAP_FAILED);
}

#define RUN_SWEEP_TESTS(tests) (share_memory(), cmocka_run_group_tests(tests, build_plan, NULL))

#endif
