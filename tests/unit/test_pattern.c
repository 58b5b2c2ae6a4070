// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/pattern.h"

#include "handmade.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// Stores of N bytes as a routine would make them.
typedef void stores_fn(struct handmade *h, uint64_t n);

static struct patterns patterns_of(stores_fn *stores, uint64_t lo, uint64_t hi)
{
    struct patterns patterns = {0};
    struct handmade h;
    for (uint64_t n = lo; n <= hi; n++) {
        handmade_init(&h, n, 0);
        stores(&h, n);
        patterns_add(&patterns, &h.r, n, 1);
    }
    return patterns;
}

// EXPECTED: all lines, each "sizes: text" with a newline.
static void assert_patterns(stores_fn *stores, uint64_t lo, uint64_t hi, const char *expected)
{
    struct patterns patterns = patterns_of(stores, lo, hi);
    struct pattern_line lines[PATTERN_LINES_MAX];
    char text[4096] = "";
    size_t count, length = 0;
    for (size_t i = 0; i < patterns.count;) {
        i = patterns_lines(&patterns, i, lines, &count);
        for (size_t k = 0; k < count; k++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s: %s\n",
                                       lines[k].sizes, lines[k].text);
    }
    assert_string_equal(text, expected);
    patterns_free(&patterns);
}

static void two_halves(struct handmade *h, uint64_t n)
{
    handmade_store(h, 0, 32);
    handmade_store(h, (int64_t)n - 32, 32);
}

static void a_store_at_the_start_and_one_at_the_end_are_one_pattern(void **state)
{
    (void)state;
    assert_patterns(two_halves, 33, 64,
                    "33..64: [0,32) then [n-32,n); [n-32,32) is stored twice\n");
}

static void once_up_to_40(struct handmade *h, uint64_t n)
{
    handmade_store(h, 0, n <= 40 ? 32 : 16);
    handmade_store(h, (int64_t)n - 32, 32);
}

static void where_the_stores_change_another_pattern_begins(void **state)
{
    (void)state;
    assert_patterns(once_up_to_40, 39, 42,
                    "39..40: [0,32) then [n-32,n); [n-32,32) is stored twice\n"
                    "41..42: [0,16) then [n-32,n); [n-32,16) is stored twice\n");
}

static void words_then_bytes(struct handmade *h, uint64_t n)
{
    uint64_t at = 0;
    for (; n - at >= 8; at += 8)
        handmade_store(h, (int64_t)at, 8);
    for (; at < n; at++)
        handmade_store(h, (int64_t)at, 1);
}

static void patterns_that_come_again_for_larger_sizes_are_told_once(void **state)
{
    (void)state;
    assert_patterns(words_then_bytes, 16, 47,
                    "8k: [0,8k) in steps of 8  (k = 2..5)\n"
                    "8k+1..8k+7: [0,8k) in steps of 8 then [8k,n) in steps of 1  (k = 2..5)\n");
}

static void backwards(struct handmade *h, uint64_t n)
{
    for (uint64_t at = n; at > 0; at--)
        handmade_store(h, (int64_t)at - 1, 1);
}

static void a_run_may_go_downwards(void **state)
{
    (void)state;
    assert_patterns(backwards, 0, 30, "0: no store\n1..30: [0,n) downwards in steps of 1\n");
}

static void string_op(struct handmade *h, uint64_t n)
{
    if (n > 0)
        handmade_store(h, 0, 1)->count = n;
}

static void a_string_op_is_a_run(void **state)
{
    (void)state;
    assert_patterns(string_op, 1, 9, "1..9: [0,n) in steps of 1\n");
}

static void scattered(struct handmade *h, uint64_t n)
{
    for (uint64_t i = 0; i < 20; i++)
        handmade_store(h, (int64_t)((i * 7 + n) % 50), 2);
}

static void what_has_no_simple_pattern_is_said_to_have_none(void **state)
{
    (void)state;
    assert_patterns(scattered, 60, 70, "60..70: no simple pattern\n");
}

static void faults_at_5(struct handmade *h, uint64_t n)
{
    handmade_store(h, 0, (unsigned)n);
    if (n == 5)
        h->r.trace.outcome = OUTCOME_FAULTED;
}

static void a_size_that_did_not_return_has_no_pattern(void **state)
{
    (void)state;
    assert_patterns(faults_at_5, 5, 5, "5: no simple pattern\n");
}

static void thrice(struct handmade *h, uint64_t n)
{
    for (unsigned i = 0; i < 3; i++)
        handmade_store(h, 0, (unsigned)n);
}

static void bytes_stored_more_than_twice_are_not_said_to_be_stored_twice(void **state)
{
    (void)state;
    assert_patterns(thrice, 3, 9,
                    "3..9: [0,n) then [0,n) then [0,n); [0,n) is stored more than once\n");
}

// Both ends again: two bytes, and what they are apart grows.
static void both_ends_again(struct handmade *h, uint64_t n)
{
    handmade_store(h, 0, (unsigned)n);
    handmade_store(h, 0, 1);
    handmade_store(h, (int64_t)n - 1, 1);
}

static void two_runs_of_bytes_that_are_stored_again_are_counted(void **state)
{
    (void)state;
    assert_patterns(both_ends_again, 3, 9,
                    "3..9: [0,n) then [0,1) then [n-1,n); 2 bytes are stored twice\n");
}

// All but two bytes in the middle.
static void with_a_hole(struct handmade *h, uint64_t n)
{
    handmade_store(h, 0, (unsigned)n);
    handmade_store(h, 0, 2);
    handmade_store(h, 4, (unsigned)n - 4);
}

static void bytes_around_a_hole_are_counted(void **state)
{
    (void)state;
    assert_patterns(with_a_hole, 6, 9,
                    "6..9: [0,n) then [0,2) then [4,n); all bytes but 2 are stored twice\n");
}

// Up to the size where they touch and store nothing again.
static void halves_that_come_to_touch(struct handmade *h, uint64_t n)
{
    handmade_store(h, 0, 8);
    handmade_store(h, n < 15 ? (int64_t)n - 8 : 8, n < 15 ? 8 : (unsigned)n - 8);
}

static void none_stored_again_does_not_hold_where_some_should_be(void **state)
{
    (void)state;
    assert_patterns(halves_that_come_to_touch, 15, 16, "15..16: [0,8) then [8,n)\n");
    assert_patterns(two_halves, 63, 64,
                    "63..64: [0,32) then [n-32,n); [n-32,32) is stored twice\n");
    assert_patterns(two_halves, 63, 63, "63: [0,32) then [31,63); [31,32) is stored twice\n");
}

static void sizes_that_were_refused_say_why(void **state)
{
    (void)state;
    struct patterns patterns = {0};
    struct pattern_line lines[PATTERN_LINES_MAX];
    struct handmade h;
    size_t count;
    for (uint64_t n = 1; n <= 6; n++) {
        handmade_init(&h, n, 0);
        handmade_store(&h, 0, (uint16_t)n);
        if (n >= 3 && n <= 5) {
            h.r.trace.outcome = OUTCOME_REFUSED;
            snprintf(h.r.trace.reason, sizeof h.r.trace.reason, n < 5 ? "no" : "never");
        }
        patterns_add(&patterns, &h.r, n, 1);
    }
    assert_int_equal(patterns.count, 4);
    assert_int_equal(patterns_lines(&patterns, 1, lines, &count), 2);
    assert_string_equal(lines[0].sizes, "3..4");
    assert_string_equal(lines[0].text, "no");
    patterns_lines(&patterns, 2, lines, &count);
    assert_string_equal(lines[0].text, "never");
    patterns_lines(&patterns, 3, lines, &count);
    assert_string_equal(lines[0].text, "[0,6)");
    patterns_free(&patterns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_at_the_start_and_one_at_the_end_are_one_pattern),
        cmocka_unit_test(where_the_stores_change_another_pattern_begins),
        cmocka_unit_test(patterns_that_come_again_for_larger_sizes_are_told_once),
        cmocka_unit_test(a_run_may_go_downwards),
        cmocka_unit_test(a_string_op_is_a_run),
        cmocka_unit_test(what_has_no_simple_pattern_is_said_to_have_none),
        cmocka_unit_test(a_size_that_did_not_return_has_no_pattern),
        cmocka_unit_test(bytes_stored_more_than_twice_are_not_said_to_be_stored_twice),
        cmocka_unit_test(two_runs_of_bytes_that_are_stored_again_are_counted),
        cmocka_unit_test(bytes_around_a_hole_are_counted),
        cmocka_unit_test(none_stored_again_does_not_hold_where_some_should_be),
        cmocka_unit_test(sizes_that_were_refused_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
