// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/steps.h"

#include "handmade.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// The marks of all steps, "-" for none, blanks between.
static void assert_marks(struct handmade *h, const char *expected)
{
    struct steps s;
    struct step step;
    char text[512] = "", marks[64];
    size_t length = 0;
    steps_init(&s, &h->r, h->c.size);
    while (steps_next(&s, &step)) {
        step_marks_print(&step, marks, sizeof marks);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", length ? "; " : "",
                                   *marks ? marks : "-");
        steps_apply(&s, &step);
    }
    assert_string_equal(text, expected);
    steps_free(&s);
}

static void a_step_that_stores_bytes_again_says_so(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 16, 0);
    handmade_store(&h, 0, 8);
    handmade_store(&h, 0, 8);
    handmade_store(&h, 8, 8);
    assert_marks(&h, "-; again; -");
}

static void the_first_store_that_leaves_an_element_half_written_tears_it(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 16, 0);
    handmade_store(&h, 0, 4);
    handmade_store(&h, 4, 4);
    handmade_store(&h, 8, 8);
    assert_marks(&h, "tears; -; -");
}

static void an_element_that_is_not_wholly_inside_cannot_be_torn(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 4);
    handmade_store(&h, 0, 4);
    handmade_store(&h, 4, 4);
    assert_marks(&h, "-; -");
}

static void the_elements_of_a_string_op_are_stores_of_their_own(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 16, 0);
    handmade_store(&h, 0, 8)->count = 2;
    handmade_init(&h, 16, 0);
    handmade_store(&h, 0, 1)->count = 16;
    assert_marks(&h, "tears");
}

static void a_masked_store_touches_what_its_mask_says(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 16, 0);
    struct access *a = handmade_store(&h, 0, 16);
    a->flags = ACCESS_MASKED;
    a->mask = 0xff00;
    handmade_store(&h, 0, 8);
    assert_marks(&h, "-; backwards");
}

static void order_and_bounds_are_marked(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 16, 0);
    handmade_load(&h, 8, 8);
    handmade_load(&h, 0, 8);
    handmade_store(&h, 8, 8);
    handmade_store(&h, 0, 8);
    handmade_store(&h, 16, 8);
    assert_marks(&h, "-; backwards; -; backwards; outside");
}

static void the_stack_and_prefetches_are_no_steps(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    handmade_add(&h, ACCESS_STORE, HANDMADE_STACK - 8, 8);
    handmade_add(&h, ACCESS_PREFETCH, 0x200000, 1);
    handmade_store(&h, 0, 8);
    assert_marks(&h, "-");
}

static void a_run_ends_where_the_count_changes(void **state)
{
    (void)state;
    struct handmade h;
    struct steps s;
    struct step step;
    uint64_t lo = 0, hi;
    handmade_init(&h, 16, 0);
    handmade_store(&h, 0, 8);
    handmade_store(&h, 4, 8);
    steps_init(&s, &h.r, 16);
    assert_true(steps_next(&s, &step));
    steps_apply(&s, &step);
    assert_true(steps_next(&s, &step));
    assert_true(steps_run(&s, &step, &lo, &hi));
    assert_int_equal(lo, 4);
    assert_int_equal(hi, 8);
    assert_int_equal(s.stored[lo], 1);
    lo = hi;
    assert_true(steps_run(&s, &step, &lo, &hi));
    assert_int_equal(hi, 12);
    assert_int_equal(s.stored[lo], 0);
    lo = hi;
    assert_false(steps_run(&s, &step, &lo, &hi));
    steps_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_stores_bytes_again_says_so),
        cmocka_unit_test(the_first_store_that_leaves_an_element_half_written_tears_it),
        cmocka_unit_test(an_element_that_is_not_wholly_inside_cannot_be_torn),
        cmocka_unit_test(the_elements_of_a_string_op_are_stores_of_their_own),
        cmocka_unit_test(a_masked_store_touches_what_its_mask_says),
        cmocka_unit_test(order_and_bounds_are_marked),
        cmocka_unit_test(the_stack_and_prefetches_are_no_steps),
        cmocka_unit_test(a_run_ends_where_the_count_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
