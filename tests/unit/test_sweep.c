// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a sweep makes of routines that do well and of routines that do not:
// nothing that they do loses other cases' results, or passes as conforming.

#include "sweep_fakes.h"

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
    struct sweep_options options = options_for_two();
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

static void patterns_are_read_off_every_size(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct sweep_options options = options_for_two();
    struct pattern_line lines[PATTERN_LINES_MAX];
    struct patterns patterns;
    size_t count;
    sweep_patterns(&b, OP_MEMCPY, &options, &patterns);
    assert_int_equal(patterns.count, 2); // nothing, and the loop
    patterns_lines(&patterns, 1, lines, &count);
    assert_string_equal(lines[0].sizes, "1..512");
    assert_string_equal(lines[0].text, "[0,n) in steps of 1");
    patterns_free(&patterns);
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
    // After fewer where a worker takes long to start: it is not waited for as many then.
    assert_in_range(r->cases, 4, 64);
    assert_case(&r->findings[0].witness, 0, 0);
    assert_non_null(strstr(r->reason, "gave up after "));
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

// What a worker says of them is believed, though none of them is judged.
static void timeouts_whose_loads_are_unseen_end_the_sweep_early_too(void **state)
{
    (void)state;
    struct backend b = backend_of(does_not_return_unseen);
    struct sweep_options options = options_for_two();
    options.jobs = 1;
    sweep_as(&b, CONTRACTS, &options);
    const struct result *r = &results[IN_ORDER];
    assert_true(r->cut_short);
    assert_int_equal(r->cases, 50 * OFFSETS);
    assert_non_null(strstr(r->reason, "cases that did not return"));
    assert_int_equal(r->findings[0].rule, RULE_TIMEOUT);
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
    struct sweep_options options = options_for_two();
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
    struct sweep_options options = options_for_two();
    b.arg4 = 2;
    sweep_as(&b, 1, &options);
    assert_verdict(&results[0], VERDICT_BROKEN);
    assert_non_null(strstr(results[0].reason, "died (signal 9) while loading"));
}

static void what_cannot_run_here_is_skipped_without_a_process(void **state)
{
    (void)state;
    struct backend b = backend_of(good);
    struct sweep_options options = options_for_two();
    b.missing = (char *)(uintptr_t) "CPU lacks rtm";
    sweep_as(&b, 1, &options);
    assert_verdict(&results[0], VERDICT_SKIPPED);
    assert_string_equal(results[0].reason, "CPU lacks rtm");
    assert_int_equal(shared->opens, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(a_correct_routine_conforms),
        SWEEP_TEST(a_finding_has_its_count_and_the_smallest_case_recorded),
        SWEEP_TEST(a_chart_has_each_case_where_it_lies_and_is_made_when_asked_for),
        SWEEP_TEST(patterns_are_read_off_every_size),
        SWEEP_TEST(a_value_written_wrong_and_then_right_is_seen_in_a_second_run),
        SWEEP_TEST(a_routine_that_does_not_repeat_itself_is_broken),
        SWEEP_TEST(stores_that_depend_on_data_are_found_where_that_matters),
        SWEEP_TEST(a_wild_store_is_a_finding_and_costs_no_other_result),
        SWEEP_TEST(wild_stores_everywhere_end_the_sweep_early),
        SWEEP_TEST(a_store_that_faulted_is_a_crash_and_distrusts_nobody),
        SWEEP_TEST(bytes_changed_nearby_without_a_recorded_store_are_broken),
        SWEEP_TEST(bytes_changed_far_off_without_a_recorded_store_are_broken),
        SWEEP_TEST(a_trace_that_the_recorder_does_not_vouch_for_is_broken),
        SWEEP_TEST(timeouts_are_findings_and_end_the_sweep_early),
        SWEEP_TEST(timeouts_whose_loads_are_unseen_end_the_sweep_early_too),
        SWEEP_TEST(refused_cases_are_skipped_with_the_smallest_as_the_reason),
        SWEEP_TEST(a_recorder_that_refuses_the_routine_skips_all),
        SWEEP_TEST(a_routine_that_kills_its_loader_is_broken),
        SWEEP_TEST(what_cannot_run_here_is_skipped_without_a_process),
    };
    return RUN_SWEEP_TESTS(tests);
}
