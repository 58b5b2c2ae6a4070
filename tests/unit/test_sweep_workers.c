// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Workers that die, leave, hang, lie or are stopped: nothing of it hurts the
// sweep's process, loses other cases' results, or passes as conforming.

#include "base/clock.h"
#include "sweep_fakes.h"

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

static volatile int stop;
static uint64_t stopped_at_ms;
static int calls;

static void stop_after_some(const struct sweep_progress *p, void *context)
{
    (void)context;
    assert_int_equal(p->planned, CASES);
    if (++calls == 3) {
        stop = 1;
        stopped_at_ms = clock_now_ms();
    }
}

static void a_stopped_sweep_keeps_what_it_has_and_does_not_conform(void **state)
{
    (void)state;
    struct backend b = backend_of(is_slow);
    struct sweep_options options = options_for_two();
    options.progress = stop_after_some;
    options.stop = &stop;
    stop = calls = 0;
    sweep_as(&b, 1, &options);
    assert_true(clock_now_ms() - stopped_at_ms < 1000);
    assert_true(results[0].interrupted);
    assert_true(results[0].cases > 10 && results[0].cases < CASES);
    assert_verdict(&results[0], VERDICT_SKIPPED);
    assert_non_null(strstr(results[0].reason, "incomplete: stopped after"));
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

static void many_sweeps_leave_no_open_files(void **state)
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
    struct sweep_options options = options_for_two();
    struct copy_case c = {.op = OP_MEMCPY, .size = 9, .fill = 1};
    struct recording r;
    struct error error;
    assert_true(sweep_record(&b, &c, true, &options, &r, &error));
    assert_int_equal(r.trace.count, 9);
    assert_int_equal(r.trace.value_bytes, 9);
    assert_string_equal(r.trace.sites[0].text, only_site.text);
    recording_free(&r);
}

static void a_case_that_kills_its_worker_gives_no_recording(void **state)
{
    (void)state;
    struct backend b = backend_of(dies);
    struct sweep_options options = options_for_two();
    struct copy_case c = {.op = OP_MEMCPY, .size = ODD_SIZE, .dst_off = ODD_OFFSET, .fill = 1};
    struct recording r;
    struct error error;
    assert_false(sweep_record(&b, &c, false, &options, &r, &error));
    assert_string_equal(error.text, "the worker died (signal 9) while recording this case");

    b = backend_of(sleeps);
    assert_false(sweep_record(&b, &c, false, &options, &r, &error));
    assert_string_equal(error.text, "the routine stopped the recorder's clock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(a_case_at_which_workers_die_is_broken_and_the_others_are_judged),
        SWEEP_TEST(a_worker_that_dies_once_is_replaced),
        SWEEP_TEST(a_case_runs_once_more_in_a_process_of_its_own),
        SWEEP_TEST(a_routine_that_kills_every_worker_is_given_up),
        SWEEP_TEST(a_routine_that_exits_is_broken),
        SWEEP_TEST(a_routine_may_not_start_a_process),
        SWEEP_TEST(garbage_on_the_pipe_is_no_report),
        SWEEP_TEST(a_scribbled_progress_word_is_not_believed),
        SWEEP_TEST(a_routine_that_stops_the_clock_is_broken),
        SWEEP_TEST(a_stopped_sweep_keeps_what_it_has_and_does_not_conform),
        SWEEP_TEST(a_routine_that_prints_is_not_heard),
        SWEEP_TEST(many_sweeps_leave_no_open_files),
        SWEEP_TEST(one_case_can_be_recorded),
        SWEEP_TEST(a_case_that_kills_its_worker_gives_no_recording),
    };
    return RUN_SWEEP_TESTS(tests);
}
