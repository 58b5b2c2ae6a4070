// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/number.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void numbers_end_where_their_digits_do(void **state)
{
    (void)state;
    const char *end;
    uint64_t n;
    assert_true(number_parse("12..", &end, &n));
    assert_int_equal(n, 12);
    assert_string_equal(end, "..");
    assert_true(number_parse("0xffffffffffffffff", &end, &n));
    assert_true(n == UINT64_MAX);
    assert_false(number_parse("-1", &end, &n));
    assert_false(number_parse(" 1", &end, &n));
    assert_false(number_parse("18446744073709551616", &end, &n));
    assert_false(number_parse("0x10000000000000000", &end, &n));
}

static void a_whole_number_has_nothing_behind_it(void **state)
{
    (void)state;
    uint64_t n;
    assert_true(number_whole("0x40", &n));
    assert_int_equal(n, 0x40);
    assert_false(number_whole("0x40 ", &n));
    assert_false(number_whole("", &n));
}

static void a_time_has_one_of_the_units_that_are_asked_for(void **state)
{
    (void)state;
    uint64_t ms;
    assert_true(number_time("500ms", NUMBER_MS, NUMBER_M, 3600000, &ms));
    assert_int_equal(ms, 500);
    assert_true(number_time("2d", NUMBER_S, NUMBER_D, UINT64_MAX, &ms));
    assert_int_equal(ms, 2 * 24 * 3600 * 1000);
    assert_false(number_time("1h", NUMBER_MS, NUMBER_M, 3600000, &ms));
    assert_false(number_time("1ms", NUMBER_S, NUMBER_D, 3600000, &ms));
    assert_false(number_time("5", NUMBER_MS, NUMBER_D, 3600000, &ms));
    assert_false(number_time("s", NUMBER_MS, NUMBER_D, 3600000, &ms));
}

static void a_time_is_above_0_and_no_longer_than_asked_for(void **state)
{
    (void)state;
    uint64_t ms;
    assert_true(number_time("60m", NUMBER_MS, NUMBER_M, 3600000, &ms));
    assert_int_equal(ms, 3600000);
    assert_false(number_time("61m", NUMBER_MS, NUMBER_M, 3600000, &ms));
    assert_false(number_time("0s", NUMBER_MS, NUMBER_M, 3600000, &ms));
    assert_false(number_time("18446744073709551615m", NUMBER_MS, NUMBER_M, 3600000, &ms));
    assert_false(number_time("307445734561825861m", NUMBER_MS, NUMBER_M, UINT64_MAX, &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_end_where_their_digits_do),
        cmocka_unit_test(a_whole_number_has_nothing_behind_it),
        cmocka_unit_test(a_time_has_one_of_the_units_that_are_asked_for),
        cmocka_unit_test(a_time_is_above_0_and_no_longer_than_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
