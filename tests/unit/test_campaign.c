// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Campaigns with a recorder of the test's own. It calls the routine natively;
// the routines below do the copy and note, as a recorder would, the accesses
// they want the campaign to believe in. Some crash, hang, leave, or write where
// they must not. Nothing of it may hurt the test's process, lose other cases'
// results, or pass as conforming.

#include "campaign.h"

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

static const struct site only_site = {
    .addr = 0x1000, .length = 2, .class = CLASS_SCALAR, .text = "mov byte ptr [rdi], al"};

static void note(enum access_kind kind, const void *at, size_t width)
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

static void store_byte(uint8_t *at, uint8_t byte)
{
    *at = byte;
    note(ACCESS_STORE, at, 1);
}

// A correct copy, byte by byte.
static void *good(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;
    for (size_t i = 0; i < n; i++)
        store_byte(d + i, s[i]);
    return dst;
}

static bool is_odd(void)
{
    return now.c->size == ODD_SIZE && now.c->dst_off == ODD_OFFSET;
}

static void *twice_from_100(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    if (n >= 100 && now.c->dst_off >= 3)
        store_byte(dst, *(const uint8_t *)src);
    return dst;
}

static void *wrong_then_right(void *dst, const void *src, size_t n)
{
    if (n == ODD_SIZE)
        store_byte(dst, (uint8_t)(~((const uint8_t *)src)[0]));
    return good(dst, src, n);
}

static void *changes_its_mind(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    if (is_odd()) {
        store_byte(dst, *(const uint8_t *)src);
        if (now.values)
            store_byte(dst, *(const uint8_t *)src);
    }
    return dst;
}

static void *looks_at_data(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;
    for (size_t i = 0; i < n; i++)
        if (n != ODD_SIZE || d[i] != s[i])
            store_byte(d + i, s[i]);
    return dst;
}

static void *dies(void *dst, const void *src, size_t n)
{
    if (is_odd())
        raise(SIGKILL);
    return good(dst, src, n);
}

static void *dies_once(void *dst, const void *src, size_t n)
{
    if (is_odd() && shared->deaths++ == 0)
        raise(SIGKILL);
    return good(dst, src, n);
}

// Something an earlier case left behind in its process makes it die.
static void *dies_unless_first(void *dst, const void *src, size_t n)
{
    static int calls;
    if (is_odd() && calls > 0)
        raise(SIGKILL);
    calls++;
    return good(dst, src, n);
}

static void *always_dies(void *dst, const void *src, size_t n)
{
    (void)src;
    raise(n == SIZE_MAX ? SIGTERM : SIGKILL);
    return dst;
}

static void *leaves(void *dst, const void *src, size_t n)
{
    // Not exit: LeakSanitizer's handler starts a thread, which no worker may.
    if (is_odd())
        _exit(3);
    return good(dst, src, n);
}

static void *leaves_a_child(void *dst, const void *src, size_t n)
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

static void *writes_to_every_file(void *dst, const void *src, size_t n)
{
    for (int fd = 0; is_odd() && fd < 1024; fd++)
        if (write(fd, "all is well, all is well, all is well", 37) < 0)
            continue;
    return good(dst, src, n);
}

static void *prints(void *dst, const void *src, size_t n)
{
    printf("%zu\n", n);
    fflush(stdout);
    fprintf(stderr, "%zu\n", n);
    return good(dst, src, n);
}

static void *sleeps(void *dst, const void *src, size_t n)
{
    while (is_odd())
        pause();
    return good(dst, src, n);
}

// Overwrites all memory it shares with other processes, the test's own aside.
static void scribble_shared_memory(void)
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

static void *scribbles_and_dies(void *dst, const void *src, size_t n)
{
    if (is_odd())
        scribble_shared_memory();
    return good(dst, src, n);
}

static void *stores_wildly(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    if (is_odd())
        note(ACCESS_STORE, (void *)0x123000, 8);
    return dst;
}

static void *always_stores_wildly(void *dst, const void *src, size_t n)
{
    good(dst, src, n);
    note(ACCESS_STORE, (void *)0x123000, 8);
    return dst;
}

static void *faults_at_null(void *dst, const void *src, size_t n)
{
    (void)src;
    if (now.c->dst_off != ODD_OFFSET)
        return good(dst, src, n);
    note(ACCESS_STORE, NULL, 8);
    now.trace->outcome = OUTCOME_FAULTED;
    now.trace->signal = SIGSEGV;
    return dst;
}

static void *hides_a_store_nearby(void *dst, const void *src, size_t n)
{
    if (is_odd())
        ((uint8_t *)dst)[n + 3] ^= 1;
    return good(dst, src, n);
}

static void *hides_a_store_far_off(void *dst, const void *src, size_t n)
{
    if (is_odd())
        ((uint8_t *)now.layout.dst_lane.hi)[-5] ^= 1;
    return good(dst, src, n);
}

static void *does_not_return(void *dst, const void *src, size_t n)
{
    if (n < 50)
        return good(dst, src, n);
    now.trace->outcome = OUTCOME_TIMED_OUT;
    return dst;
}

static void *is_refused(void *dst, const void *src, size_t n)
{
    if (n < 50)
        return good(dst, src, n);
    now.trace->outcome = OUTCOME_REFUSED;
    snprintf(now.trace->reason, TRACE_REASON_MAX, "does not take 'xbegin'");
    return dst;
}

static void *is_not_vouched_for(void *dst, const void *src, size_t n)
{
    if (!is_odd())
        return good(dst, src, n);
    now.trace->outcome = OUTCOME_BROKEN;
    snprintf(now.trace->reason, TRACE_REASON_MAX, "the log was written to");
    return dst;
}

static void *is_slow(void *dst, const void *src, size_t n)
{
    const struct timespec t = {0, 2000000};
    nanosleep(&t, NULL);
    return good(dst, src, n);
}

struct recorder {
    void *(*entry)(void *, const void *, size_t);
};

static const char *fake_missing(void)
{
    return NULL;
}

static struct recorder *fake_open(const struct routine *routine, uint64_t arg4,
                                  const struct recorder_options *options, char *error,
                                  size_t error_size)
{
    shared->opens++;
    shared->opens_with_loads += options->loads;
    if (arg4 == 1) {
        snprintf(error, error_size, "does not take 'xbegin' anywhere");
        return NULL;
    }
    if (arg4 == 2)
        raise(SIGKILL);
    struct recorder *r = malloc(sizeof *r);
    assert_non_null(r);
    memcpy(&r->entry, &routine->entry, sizeof r->entry);
    return r;
}

static void fake_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
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

static void fake_close(struct recorder *r)
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

static struct backend backend_of(routine_fn *routine)
{
    struct backend b = {.name = (char *)(uintptr_t) "test/routine", .size_unit = 1, .align = 1};
    memcpy(&b.code, &routine, sizeof b.code);
    return b;
}

static struct plan whole_plan;

static int build_plan(void **state)
{
    (void)state;
    const struct plan_request request = {
        .size = {0, SIZES - 1, 1}, .dst = {0, OFFSETS - 1, 1}, .src = {0, 0, 1}};
    struct backend b = backend_of(good);
    char error[256];
    return plan_build(&b, OP_MEMCPY, &request, &whole_plan, error, sizeof error) &&
                   whole_plan.cases == CASES
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

static struct campaign_options options_for_two(void)
{
    return (struct campaign_options){.recorder = &fake,
                                     .device = DEVICE_DST,
                                     .jobs = 2,
                                     .timeout_ms = 100,
                                     .stall_ms = STALL_MS};
}

static void sweep_as(const struct backend *b, size_t contract_count,
                     const struct campaign_options *options)
{
    char error[256] = "";
    shared->deaths = 0;
    shared->opens = 0;
    shared->opens_with_loads = 0;
    bool ok = campaign_run(b, &whole_plan, contracts, contract_count, options, results, error,
                           sizeof error);
    assert_string_equal(error, "");
    assert_true(ok);
}

static void sweep(routine_fn *routine, size_t contract_count)
{
    struct backend b = backend_of(routine);
    struct campaign_options options = options_for_two();
    sweep_as(&b, contract_count, &options);
    for (size_t i = 0; i < contract_count; i++)
        results[i].backend = NULL; // it ends with this function
}

// Where a sweep ends early, two workers may get there in either order.
static void sweep_with_one_worker(routine_fn *routine)
{
    struct backend b = backend_of(routine);
    struct campaign_options options = options_for_two();
    options.jobs = 1;
    sweep_as(&b, 1, &options);
    results[0].backend = NULL; // it ends with this function
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACTS; i++)
        result_free(&results[i]);
    // No campaign leaves a process behind.
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static void assert_verdict(const struct result *r, enum verdict verdict)
{
    if (r->verdict != verdict)
        print_error("verdict %s: %s\n", verdict_name[r->verdict], r->reason);
    assert_string_equal(verdict_name[r->verdict], verdict_name[verdict]);
}

static void assert_case(const struct copy_case *c, uint64_t size, uint32_t dst_off)
{
    assert_int_equal(c->size, size);
    assert_int_equal(c->dst_off, dst_off);
}

// All cases were judged but the odd one, which is broken.
static void assert_only_odd_case_is_broken(const char *why)
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

static void a_correct_routine_conforms(void **state)
{
    (void)state;
    sweep(good, CONTRACTS);
    for (size_t i = 0; i < CONTRACTS; i++) {
        assert_verdict(&results[i], VERDICT_CONFORMS);
        assert_int_equal(results[i].cases, CASES);
        assert_int_equal(results[i].planned, CASES);
        assert_string_equal(results[i].reason, "");
    }
}

static void a_finding_has_its_count_and_the_smallest_case_recorded(void **state)
{
    (void)state;
    sweep(twice_from_100, 2);
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_VIOLATES);
    assert_int_equal(r->finding_count, 1);
    const struct finding *f = &r->findings[0];
    assert_int_equal(f->rule, RULE_DUPLICATE_STORE);
    assert_int_equal(f->cases, (SIZES - 100) * (OFFSETS - 3));
    assert_case(&f->witness, 100, 3);
    assert_int_equal(f->recording.trace.count, 101);
    assert_true(f->recording.trace.value_bytes >= 101);
    assert_true(f->access_count > 0);
    assert_string_not_equal(f->message, "");
    // No rule needs loads, but a person who looks at the witness does.
    assert_int_equal(shared->opens_with_loads, 1);
    assert_verdict(&results[DATA_ALONE], VERDICT_CONFORMS);
}

static uint64_t sum_of(const struct chart *chart)
{
    uint64_t sum = 0;
    for (unsigned row = 0; row < CHART_ROWS; row++)
        for (unsigned column = 0; column < CHART_COLUMNS; column++)
            sum += chart->cases[row][column];
    return sum;
}

static void a_chart_has_each_case_where_it_lies_and_is_made_when_asked_for(void **state)
{
    (void)state;
    struct backend b = backend_of(twice_from_100);
    struct campaign_options options = options_for_two();
    options.charts = true;
    sweep_as(&b, 2, &options);
    const struct finding *f = &results[IN_ORDER].findings[0];
    assert_int_equal(sum_of(f->chart), f->cases);
    assert_int_equal(sum_of(results[IN_ORDER].chart), CASES);
    assert_int_equal(f->chart->cases[chart_row(100)][2], 0);
    assert_true(f->chart->cases[chart_row(100)][3] > 0);
    assert_int_equal(f->chart->cases[chart_row(64)][3], 0);
    for (size_t i = 0; i < 2; i++)
        result_free(&results[i]);
    sweep(twice_from_100, 1);
    assert_null(results[IN_ORDER].findings[0].chart);
    assert_null(results[IN_ORDER].chart);
}

static void laws_are_read_off_every_size(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct campaign_options options = options_for_two();
    struct law_line lines[LAW_LINES_MAX];
    struct laws laws;
    size_t count;
    campaign_laws(&b, OP_MEMCPY, &options, &laws);
    assert_int_equal(laws.count, 2); // nothing, and the loop
    laws_lines(&laws, 1, lines, &count);
    assert_string_equal(lines[0].sizes, "1..512");
    assert_string_equal(lines[0].text, "[0,n) in steps of 1");
    laws_free(&laws);
}

static void a_value_written_wrong_and_then_right_is_seen_in_a_second_run(void **state)
{
    (void)state;
    sweep(wrong_then_right, 1);
    const struct result *r = &results[IN_ORDER];
    assert_int_equal(r->finding_count, 2);
    assert_int_equal(r->findings[0].rule, RULE_DUPLICATE_STORE);
    assert_int_equal(r->findings[1].rule, RULE_TRANSIENT_VALUE);
    assert_int_equal(r->findings[1].cases, OFFSETS);
    assert_case(&r->findings[1].witness, ODD_SIZE, 0);
}

static void a_routine_that_does_not_repeat_itself_is_broken(void **state)
{
    (void)state;
    sweep(changes_its_mind, 1);
    assert_only_odd_case_is_broken("does not repeat itself");
}

static void stores_that_depend_on_data_are_found_where_that_matters(void **state)
{
    (void)state;
    sweep(looks_at_data, CONTRACTS);
    assert_verdict(&results[DATA_ALONE], VERDICT_CONFORMS);
    assert_int_equal(results[BLIND].finding_count, 1);
    assert_int_equal(results[BLIND].findings[0].rule, RULE_DATA_DEPENDENT);
    assert_int_equal(results[BLIND].findings[0].cases, OFFSETS);
    assert_case(&results[BLIND].findings[0].witness, ODD_SIZE, 0);
}

static void a_case_at_which_workers_die_is_broken_and_the_others_are_judged(void **state)
{
    (void)state;
    sweep(dies, 1);
    assert_only_odd_case_is_broken("died (signal 9)");
}

static void a_worker_that_dies_once_is_replaced(void **state)
{
    (void)state;
    sweep(dies_once, 1);
    assert_verdict(&results[IN_ORDER], VERDICT_CONFORMS);
    assert_int_equal(results[IN_ORDER].cases, CASES);
}

static void a_case_runs_once_more_in_a_process_of_its_own(void **state)
{
    (void)state;
    sweep_with_one_worker(dies_unless_first);
    assert_verdict(&results[IN_ORDER], VERDICT_CONFORMS);
    assert_int_equal(results[IN_ORDER].cases, CASES);
}

static void a_routine_that_kills_every_worker_is_given_up(void **state)
{
    (void)state;
    sweep(always_dies, 1);
    assert_verdict(&results[IN_ORDER], VERDICT_BROKEN);
    assert_true(results[IN_ORDER].cut_short);
    assert_false(results[IN_ORDER].interrupted);
    assert_int_equal(results[IN_ORDER].cases, 0);
}

static void a_routine_that_exits_is_broken(void **state)
{
    (void)state;
    sweep(leaves, 1);
    assert_only_odd_case_is_broken("exited (status 3)");
}

static void a_routine_may_not_start_a_process(void **state)
{
    (void)state;
    sweep(leaves_a_child, 1);
    assert_only_odd_case_is_broken("made the system call `clone`");
    assert_int_equal(shared->child, 0);
}

static void garbage_on_the_pipe_is_no_report(void **state)
{
    (void)state;
    sweep(writes_to_every_file, 1);
    assert_only_odd_case_is_broken("the worker");
}

static void a_scribbled_progress_word_is_not_believed(void **state)
{
    (void)state;
    sweep(scribbles_and_dies, 1);
    assert_only_odd_case_is_broken("died (signal 9)");
}

static void a_routine_that_stops_the_clock_is_broken(void **state)
{
    (void)state;
    sweep(sleeps, 1);
    assert_only_odd_case_is_broken("stopped the recorder's clock");
}

static void a_wild_store_is_a_finding_and_costs_no_other_result(void **state)
{
    (void)state;
    sweep(stores_wildly, 1);
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_VIOLATES);
    assert_int_equal(r->cases, CASES);
    assert_int_equal(r->finding_count, 1);
    assert_int_equal(r->findings[0].rule, RULE_OUT_OF_BOUNDS_STORE);
    assert_int_equal(r->findings[0].cases, 1);
    assert_case(&r->findings[0].witness, ODD_SIZE, ODD_OFFSET);
    assert_int_equal(r->findings[0].recording.trace.count, ODD_SIZE + 1);
    assert_false(r->cut_short);
}

static void wild_stores_everywhere_end_the_sweep_early(void **state)
{
    (void)state;
    sweep_with_one_worker(always_stores_wildly);
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_VIOLATES);
    assert_true(r->cut_short);
    assert_int_equal(r->cases, 64);
    assert_case(&r->findings[0].witness, 0, 0);
    assert_non_null(strstr(r->reason, "gave up after 64"));
}

static void a_store_that_faulted_is_a_crash_and_distrusts_nobody(void **state)
{
    (void)state;
    sweep(faults_at_null, 1);
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_VIOLATES);
    assert_int_equal(r->cases, CASES);
    assert_false(r->cut_short);
    assert_int_equal(r->finding_count, 1);
    assert_int_equal(r->findings[0].rule, RULE_CRASH);
    assert_int_equal(r->findings[0].cases, SIZES);
}

static void bytes_changed_nearby_without_a_recorded_store_are_broken(void **state)
{
    (void)state;
    sweep(hides_a_store_nearby, 1);
    assert_only_odd_case_is_broken("without a recorded store");
}

static void bytes_changed_far_off_without_a_recorded_store_are_broken(void **state)
{
    (void)state;
    sweep(hides_a_store_far_off, 1);
    assert_only_odd_case_is_broken("without a recorded store");
}

static void a_trace_that_the_recorder_does_not_vouch_for_is_broken(void **state)
{
    (void)state;
    sweep_with_one_worker(is_not_vouched_for);
    assert_only_odd_case_is_broken("the log was written to");
    assert_int_equal(shared->opens, 2); // its process is not used again
}

static void timeouts_are_findings_and_end_the_sweep_early(void **state)
{
    (void)state;
    sweep_with_one_worker(does_not_return);
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_VIOLATES);
    assert_true(r->cut_short);
    assert_int_equal(r->finding_count, 1);
    assert_int_equal(r->findings[0].rule, RULE_TIMEOUT);
    assert_true(r->findings[0].cases >= 4);
    assert_case(&r->findings[0].witness, 50, 0);
}

static void refused_cases_are_skipped_with_the_smallest_as_the_reason(void **state)
{
    (void)state;
    sweep(is_refused, 1);
    const struct result *r = &results[IN_ORDER];
    assert_verdict(r, VERDICT_SKIPPED);
    assert_int_equal(r->skipped_cases, (SIZES - 50) * OFFSETS);
    assert_int_equal(r->cases, 50 * OFFSETS);
    assert_case(&r->reason_case, 50, 0);
    assert_non_null(strstr(r->reason, "xbegin"));
}

static void a_recorder_that_refuses_the_routine_skips_all(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct campaign_options options = options_for_two();
    b.arg4 = 1;
    sweep_as(&b, 2, &options);
    for (int i = 0; i < 2; i++) {
        assert_verdict(&results[i], VERDICT_SKIPPED);
        assert_int_equal(results[i].skipped_cases, CASES);
        assert_int_equal(results[i].cases, 0);
        assert_string_equal(results[i].reason, "does not take 'xbegin' anywhere");
    }
}

static void a_routine_that_kills_its_loader_is_broken(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct campaign_options options = options_for_two();
    b.arg4 = 2;
    sweep_as(&b, 1, &options);
    assert_verdict(&results[0], VERDICT_BROKEN);
    assert_non_null(strstr(results[0].reason, "died (signal 9) while loading"));
}

static void what_cannot_run_here_is_skipped_without_a_process(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct campaign_options options = options_for_two();
    b.missing = (char *)(uintptr_t) "CPU lacks rtm";
    sweep_as(&b, 1, &options);
    assert_verdict(&results[0], VERDICT_SKIPPED);
    assert_string_equal(results[0].reason, "CPU lacks rtm");
    assert_int_equal(shared->opens, 0);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static volatile int stop;
static double stopped_at;
static int calls;

static void stop_after_some(const struct campaign_progress *p, void *context)
{
    (void)context;
    assert_int_equal(p->planned, CASES);
    if (++calls == 3) {
        stop = 1;
        stopped_at = seconds();
    }
}

static void a_stopped_sweep_keeps_what_it_has_and_does_not_conform(void **state)
{
    (void)state;
    struct backend b = backend_of(is_slow);
    struct campaign_options options = options_for_two();
    options.progress = stop_after_some;
    options.stop = &stop;
    stop = calls = 0;
    sweep_as(&b, 1, &options);
    assert_true(seconds() - stopped_at < 1.0);
    assert_true(results[0].interrupted);
    assert_true(results[0].cases > 10 && results[0].cases < CASES);
    assert_verdict(&results[0], VERDICT_BROKEN);
    assert_non_null(strstr(results[0].reason, "interrupted after"));
}

static void a_routine_that_prints_is_not_heard(void **state)
{
    (void)state;
    FILE *heard = tmpfile();
    assert_non_null(heard);
    fflush(NULL);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    dup2(fileno(heard), STDOUT_FILENO);
    dup2(fileno(heard), STDERR_FILENO);
    sweep(prints, 1);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    assert_int_equal(lseek(fileno(heard), 0, SEEK_END), 0);
    assert_verdict(&results[0], VERDICT_CONFORMS);
    fclose(heard);
}

static int open_files(void)
{
    int count = 0;
    DIR *files = opendir("/proc/self/fd");
    assert_non_null(files);
    while (readdir(files))
        count++;
    closedir(files);
    return count;
}

static void many_campaigns_leave_no_open_files(void **state)
{
    (void)state;
    int before = open_files();
    for (int i = 0; i < 40; i++) {
        sweep(i % 2 ? dies : stores_wildly, 1);
        result_free(&results[0]);
    }
    assert_int_equal(open_files(), before);
}

static void one_case_can_be_recorded(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct campaign_options options = options_for_two();
    struct copy_case c = {.op = OP_MEMCPY, .size = 9, .fill = 1};
    struct recording r;
    char error[256];
    assert_true(campaign_record(&b, &c, true, &options, &r, error, sizeof error));
    assert_int_equal(r.trace.count, 9);
    assert_int_equal(r.trace.value_bytes, 9);
    assert_string_equal(r.trace.sites[0].text, only_site.text);
    recording_free(&r);
}

static void a_case_that_kills_its_worker_gives_no_recording(void **state)
{
    (void)state;
    struct backend b = backend_of(dies);
    struct campaign_options options = options_for_two();
    struct copy_case c = {.op = OP_MEMCPY, .size = ODD_SIZE, .dst_off = ODD_OFFSET, .fill = 1};
    struct recording r;
    char error[256];
    assert_false(campaign_record(&b, &c, false, &options, &r, error, sizeof error));
    assert_string_equal(error, "the worker died (signal 9) while recording this case");

    b = backend_of(sleeps);
    assert_false(campaign_record(&b, &c, false, &options, &r, error, sizeof error));
    assert_string_equal(error, "the routine stopped the recorder's clock");
}

#define CAMPAIGN_TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAMPAIGN_TEST(a_correct_routine_conforms),
        CAMPAIGN_TEST(a_finding_has_its_count_and_the_smallest_case_recorded),
        CAMPAIGN_TEST(a_chart_has_each_case_where_it_lies_and_is_made_when_asked_for),
        CAMPAIGN_TEST(laws_are_read_off_every_size),
        CAMPAIGN_TEST(a_value_written_wrong_and_then_right_is_seen_in_a_second_run),
        CAMPAIGN_TEST(a_routine_that_does_not_repeat_itself_is_broken),
        CAMPAIGN_TEST(stores_that_depend_on_data_are_found_where_that_matters),
        CAMPAIGN_TEST(a_case_at_which_workers_die_is_broken_and_the_others_are_judged),
        CAMPAIGN_TEST(a_worker_that_dies_once_is_replaced),
        CAMPAIGN_TEST(a_case_runs_once_more_in_a_process_of_its_own),
        CAMPAIGN_TEST(a_routine_that_kills_every_worker_is_given_up),
        CAMPAIGN_TEST(a_routine_that_exits_is_broken),
        CAMPAIGN_TEST(a_routine_may_not_start_a_process),
        CAMPAIGN_TEST(garbage_on_the_pipe_is_no_report),
        CAMPAIGN_TEST(a_scribbled_progress_word_is_not_believed),
        CAMPAIGN_TEST(a_routine_that_stops_the_clock_is_broken),
        CAMPAIGN_TEST(a_wild_store_is_a_finding_and_costs_no_other_result),
        CAMPAIGN_TEST(wild_stores_everywhere_end_the_sweep_early),
        CAMPAIGN_TEST(a_store_that_faulted_is_a_crash_and_distrusts_nobody),
        CAMPAIGN_TEST(bytes_changed_nearby_without_a_recorded_store_are_broken),
        CAMPAIGN_TEST(bytes_changed_far_off_without_a_recorded_store_are_broken),
        CAMPAIGN_TEST(a_trace_that_the_recorder_does_not_vouch_for_is_broken),
        CAMPAIGN_TEST(timeouts_are_findings_and_end_the_sweep_early),
        CAMPAIGN_TEST(refused_cases_are_skipped_with_the_smallest_as_the_reason),
        CAMPAIGN_TEST(a_recorder_that_refuses_the_routine_skips_all),
        CAMPAIGN_TEST(a_routine_that_kills_its_loader_is_broken),
        CAMPAIGN_TEST(what_cannot_run_here_is_skipped_without_a_process),
        CAMPAIGN_TEST(a_stopped_sweep_keeps_what_it_has_and_does_not_conform),
        CAMPAIGN_TEST(a_routine_that_prints_is_not_heard),
        CAMPAIGN_TEST(many_campaigns_leave_no_open_files),
        CAMPAIGN_TEST(one_case_can_be_recorded),
        CAMPAIGN_TEST(a_case_that_kills_its_worker_gives_no_recording),
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true((void *)shared != MAP_FAILED);
    return cmocka_run_group_tests(tests, build_plan, NULL);
}
