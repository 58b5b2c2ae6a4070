// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The sizes of a light plan, from paths made by hand and from routines that are run.

#include "sweep/boundaries.h"

#include "backends/selection.h"
#include "handmade.h"
#include "trace/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_chosen(const uint64_t *paths, size_t count, const char *expected)
{
    struct plan_sizes sizes = {0};
    char text[256] = "";
    size_t length = 0;
    boundaries_choose(paths, count, 100, 1, &sizes);
    for (uint32_t i = 0; i < sizes.count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%u", i ? " " : "",
                                   sizes.at[i]);
    assert_string_equal(text, expected);
}

static void the_ends_of_each_run_of_a_path_are_sizes(void **state)
{
    (void)state;
    const uint64_t paths[] = {1, 1, 1, 2, 3, 3};
    assert_chosen(paths, 6, "100 102 103 104 105");
}

static void of_a_path_that_comes_again_the_first_and_the_last_run_are_sizes(void **state)
{
    (void)state;
    const uint64_t paths[] = {1, 2, 1, 2, 1, 2, 1, 2};
    assert_chosen(paths, 8, "100 101 106 107");
}

static void a_long_run_has_more_sizes_than_its_ends(void **state)
{
    (void)state;
    uint64_t paths[40];
    for (size_t i = 0; i < 40; i++)
        paths[i] = 5;
    assert_chosen(paths, 40, "100 101 120 139");
}

static void what_is_no_case_is_no_size(void **state)
{
    (void)state;
    const uint64_t paths[] = {0, 0, 7, 0};
    assert_chosen(paths, 4, "102");
}

static uint64_t path_of_stores(const int64_t *offsets, size_t count)
{
    struct handmade h;
    handmade_init(&h, 64, 0);
    for (size_t i = 0; i < count; i++)
        handmade_store(&h, offsets[i], 4);
    return path_of(&h.r.trace);
}

static void how_far_a_loop_came_is_no_other_path(void **state)
{
    (void)state;
    const int64_t offsets[] = {0, 4, 8, 12, 16};
    assert_true(path_of_stores(offsets, 3) == path_of_stores(offsets, 5));
    assert_true(path_of_stores(offsets, 0) != path_of_stores(offsets, 1));
    assert_true(path_of_stores(offsets, 1) != path_of_stores(offsets, 2));
}

static struct plan_sizes sizes_of(const char *name)
{
    char *names[] = {(char *)(uintptr_t)name};
    struct selection selection;
    struct plan_sizes sizes;
    struct error error;
    const struct sweep_options options = {.timeout_ms = 2000, .jobs = 1};
    const uint64_t tunable[TUNABLE_COUNT] = {0};
    assert_true(select_backends(names, 1, &selection, &error));
    if (!boundaries_find(selection.items[0], selection.items[0]->op, tunable, &options, &sizes))
        sizes.count = 0;
    select_free(&selection);
    return sizes;
}

static bool has_size(const struct plan_sizes *sizes, uint32_t size)
{
    for (uint32_t i = 0; i < sizes->count; i++)
        if (sizes->at[i] == size)
            return true;
    return false;
}

static void small_sizes_and_powers_of_two_are_always_there(void **state)
{
    (void)state;
    struct plan_sizes sizes = sizes_of("loop/byte");
    for (uint32_t size = 0; size <= BOUNDARIES_ALL; size++)
        assert_true(has_size(&sizes, size));
    for (uint32_t power = 128; power < BOUNDARIES_FAR; power *= 2)
        assert_true(has_size(&sizes, power - 1) && has_size(&sizes, power) &&
                    has_size(&sizes, power + 1));
    for (uint32_t i = 1; i < sizes.count; i++)
        assert_true(sizes.at[i - 1] < sizes.at[i]);
}

static void a_size_that_has_a_branch_of_its_own_is_found(void **state)
{
    (void)state;
    struct plan_sizes sizes = sizes_of("planted/duplicate_store_at_size_333");
    assert_true(has_size(&sizes, 333));
    assert_true(sizes.count < 200);
}

static void of_what_does_not_return_no_sizes_can_be_told(void **state)
{
    (void)state;
    assert_int_equal(sizes_of("planted/timeout_spinning").count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ends_of_each_run_of_a_path_are_sizes),
        cmocka_unit_test(of_a_path_that_comes_again_the_first_and_the_last_run_are_sizes),
        cmocka_unit_test(a_long_run_has_more_sizes_than_its_ends),
        cmocka_unit_test(what_is_no_case_is_no_size),
        cmocka_unit_test(how_far_a_loop_came_is_no_other_path),
        cmocka_unit_test(small_sizes_and_powers_of_two_are_always_there),
        cmocka_unit_test(a_size_that_has_a_branch_of_its_own_is_found),
        cmocka_unit_test(of_what_does_not_return_no_sizes_can_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
