// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shadow memory in the corners that chance would not find (test_shadow_random.c).

#include "judge/shadow.h"

#include "handmade.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LANE_BYTES = 3 * PAGE_BYTES, SIZE_MAX_HERE = 300, ACCESSES_MAX = 400 };
enum { STACK = 0x7f0000000000, STACK_BYTES = 0x4000, IMAGE = 0x560000000000 };

static _Alignas(PAGE_BYTES) uint8_t lanes[2][LANE_BYTES];

// One site a class: the index is the class.
static struct site sites[SITE_CLASS_COUNT];

static uint8_t some_old[64], some_expected[64];

// Size bytes at the start of a page.
static struct layout plain_layout(uint64_t size)
{
    return (struct layout){
        .dst = lanes[0] + PAGE_BYTES,
        .src = lanes[1] + PAGE_BYTES,
        .size = size,
        .dst_size = size,
        .src_size = size,
        .expected = lanes[0] + PAGE_BYTES,
        .old = some_old,
        .dst_lane = {(uintptr_t)lanes[0], (uintptr_t)lanes[0] + LANE_BYTES},
        .src_lane = {(uintptr_t)lanes[1], (uintptr_t)lanes[1] + LANE_BYTES},
    };
}

static struct access store_at(const struct layout *l, uint64_t off, uint16_t width)
{
    return (struct access){.addr = (uintptr_t)l->dst + off,
                           .count = 1,
                           .width = width,
                           .kind = ACCESS_STORE,
                           .value = TRACE_NO_VALUE};
}

static struct trace plain_trace(const struct layout *l, struct access *accesses, size_t count)
{
    return (struct trace){
        .accesses = accesses,
        .count = count,
        .sites = sites,
        .site_count = SITE_CLASS_COUNT,
        .return_value = (uintptr_t)l->dst,
        .stack = {STACK, STACK + STACK_BYTES},
        .stack_entry = STACK + STACK_BYTES - 256,
    };
}

static void a_valued_run_that_stores_otherwise_is_not_believed(void **state)
{
    (void)state;
    struct layout l = plain_layout(8);
    struct copy_case c = {.op = OP_MEMCPY, .size = 8};
    struct access first[] = {store_at(&l, 0, 8), store_at(&l, 0, 8)}, second[3];
    uint8_t values[64] = {0};
    struct trace t = plain_trace(&l, first, 2);
    struct shadow *s = shadow_new();

    for (int change = 0; change <= 7; change++) {
        memcpy(second, first, sizeof first);
        second[0].value = 0;
        second[1].value = 8;
        second[2] = second[1];
        struct trace valued = plain_trace(&l, second, change == 1 ? 3 : change == 2 ? 1 : 2);
        valued.values = values;
        valued.value_bytes = change == 3 ? 15 : sizeof values;
        if (change == 4)
            second[1].value = TRACE_NO_VALUE;
        if (change == 5)
            second[1].width = 4;
        if (change == 6)
            second[1].addr++;
        if (change == 7)
            valued.outcome = OUTCOME_FAULTED;
        shadow_build(s, &c, &l, &t, RESULT_OF_OP);
        assert_true(shadow_needs_values(s));
        shadow_build_values(s, &l, &valued);
        assert_int_equal(s->values_differ, change != 0);
        assert_false(shadow_needs_values(s));
    }
    shadow_free(s);
}

static void a_valued_run_may_lie_elsewhere_and_touch_the_stack_otherwise(void **state)
{
    (void)state;
    struct layout l = plain_layout(1), moved = plain_layout(1);
    moved.dst += 5;
    struct copy_case c = {.op = OP_MEMCPY, .size = 1};
    struct access first[] = {store_at(&l, 0, 1), store_at(&l, 0, 1)};
    struct access second[] = {store_at(&moved, 0, 1),
                              store_at(&moved, 0, 1),
                              {.addr = STACK + 64, .count = 1, .width = 8, .kind = ACCESS_STORE}};
    uint8_t values[] = {7, 9};
    second[0].value = 0;
    second[1].value = 1;
    struct trace t = plain_trace(&l, first, 2), valued = plain_trace(&moved, second, 3);
    valued.values = values;
    valued.value_bytes = 2;
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    shadow_build_values(s, &moved, &valued);
    assert_false(s->values_differ);
    assert_true(s->transient);
    assert_int_equal(s->transient_at, 0);
    assert_int_equal(s->transient_access, 0);
    assert_int_equal(s->transient_value, 7);
    shadow_free(s);
}

static void a_trace_with_values_needs_no_second_run(void **state)
{
    (void)state;
    struct layout l = plain_layout(1);
    struct copy_case c = {.op = OP_MEMCPY, .size = 1};
    struct access accesses[] = {store_at(&l, 0, 1), store_at(&l, 0, 1)};
    uint8_t values[] = {7, 9};
    accesses[0].value = 0;
    accesses[1].value = 1;
    struct trace t = plain_trace(&l, accesses, 2);
    t.values = values;
    t.value_bytes = 2;
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_false(shadow_needs_values(s));
    assert_true(s->transient);
    shadow_free(s);
}

static void a_routine_that_did_not_return_needs_no_values_and_no_data(void **state)
{
    (void)state;
    struct layout l = plain_layout(8);
    l.expected = some_expected;
    memset(l.dst, 0x55, 8);
    struct copy_case c = {.op = OP_MEMCPY, .size = 8};
    struct access accesses[] = {store_at(&l, 0, 8), store_at(&l, 0, 8)};
    struct trace t = plain_trace(&l, accesses, 2);
    t.return_value = 1;
    struct shadow *s = shadow_new();
    for (int outcome = OUTCOME_FAULTED; outcome <= OUTCOME_TIMED_OUT; outcome++) {
        t.outcome = (enum trace_outcome)outcome;
        shadow_build(s, &c, &l, &t, RESULT_OF_OP);
        assert_false(shadow_needs_values(s));
        assert_false(s->wrong_data);
        assert_false(s->wrong_return);
        assert_true(s->duplicate);
    }
    shadow_free(s);
}

static void wrong_data_names_the_first_wrong_byte(void **state)
{
    (void)state;
    struct layout l = plain_layout(16);
    memset(l.dst, 0x11, 16);
    memset(some_expected, 0x11, 16);
    some_expected[13] = 0x22;
    some_expected[15] = 0x33;
    l.expected = some_expected;
    struct copy_case c = {.op = OP_MEMCPY, .size = 16};
    struct access accesses[] = {store_at(&l, 0, 16)};
    struct trace t = plain_trace(&l, accesses, 1);
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_true(s->wrong_data);
    assert_int_equal(s->wrong_at, 13);
    assert_int_equal(s->wrong_got, 0x11);
    assert_int_equal(s->wrong_want, 0x22);
    some_expected[13] = some_expected[15] = 0x11;
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_false(s->wrong_data);
    shadow_free(s);
}

static void a_return_value_is_judged_by_the_op_and_only_where_there_is_one(void **state)
{
    (void)state;
    struct layout l = plain_layout(8);
    struct copy_case c = {.op = OP_MEMPCPY, .size = 8};
    struct access accesses[] = {store_at(&l, 0, 8)};
    struct trace t = plain_trace(&l, accesses, 1);
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_true(s->wrong_return);
    shadow_build(s, &c, &l, &t, RESULT_NONE);
    assert_false(s->wrong_return);
    t.return_value += 8;
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_false(s->wrong_return);
    c.op = OP_MEMMOVE;
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_true(s->wrong_return);
    shadow_free(s);
}

static void a_string_op_that_runs_off_the_address_space_is_outside_and_wild(void **state)
{
    (void)state;
    struct layout l = plain_layout(8);
    struct copy_case c = {.op = OP_MEMCPY, .size = 8};
    struct access accesses[] = {store_at(&l, 0, 8)};
    struct trace t = plain_trace(&l, accesses, 1);
    struct shadow *s = shadow_new();
    accesses[0].count = UINT64_MAX;
    for (int down = 0; down <= 1; down++) {
        accesses[0].flags = down ? ACCESS_DESCENDING : 0;
        shadow_build(s, &c, &l, &t, RESULT_OF_OP);
        assert_true(s->store_outside);
        assert_true(s->wild_store);
        assert_false(s->stores.missing);
        assert_int_equal(s->stores.accesses, 1);
    }
    shadow_free(s);
}

static void a_large_copy_made_twice_byte_by_byte_is_duplicate_and_not_overlapping(void **state)
{
    (void)state;
    enum { SIZE = 6000 };
    struct layout l = plain_layout(SIZE);
    struct copy_case c = {.op = OP_MEMCPY, .size = SIZE};
    struct access *accesses = calloc(2 * SIZE + 1, sizeof *accesses);
    for (uint64_t i = 0; i < 2 * SIZE; i++)
        accesses[i] = store_at(&l, i % SIZE, 1);
    accesses[2 * SIZE] = store_at(&l, 5000, 2);
    struct trace t = plain_trace(&l, accesses, 2 * SIZE);
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_true(s->duplicate);
    assert_false(s->overlapping);
    t.count++;
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_true(s->overlapping);
    shadow_free(s);
    free(accesses);
}

static void a_full_masked_store_tears_the_element_at_its_far_end(void **state)
{
    (void)state;
    struct layout l = plain_layout(80);
    l.dst += 4;
    l.expected += 4;
    struct copy_case c = {.op = OP_MEMCPY, .size = 80};
    struct access accesses[] = {store_at(&l, 0, 64)};
    accesses[0].flags = ACCESS_MASKED;
    accesses[0].mask = UINT64_MAX;
    struct trace t = plain_trace(&l, accesses, 1);
    t.return_value = (uintptr_t)l.dst;
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &l, &t, RESULT_OF_OP);
    assert_int_equal(s->stores.torn_sizes, 8);
    shadow_free(s);
}

static void nothing_of_a_larger_case_is_left_in_a_smaller_one(void **state)
{
    (void)state;
    struct layout large = plain_layout(4096), small = plain_layout(64);
    struct copy_case c = {.op = OP_MEMCPY, .size = 4096}, d = {.op = OP_MEMCPY, .size = 64};
    struct access all[] = {store_at(&large, 0, 1), store_at(&large, 0, 1)};
    struct access half[] = {store_at(&small, 32, 32)};
    all[0].count = all[1].count = 4096;
    struct trace t = plain_trace(&large, all, 2), u = plain_trace(&small, half, 1);
    struct shadow *s = shadow_new();
    shadow_build(s, &c, &large, &t, RESULT_OF_OP);
    assert_true(s->duplicate);
    assert_false(s->stores.missing);
    shadow_build(s, &d, &small, &u, RESULT_OF_OP);
    assert_false(s->duplicate);
    assert_true(s->stores.missing);
    assert_false(s->stores.any_again);
    assert_int_equal(s->stores.once[0], UINT64_MAX << 32);
    shadow_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valued_run_that_stores_otherwise_is_not_believed),
        cmocka_unit_test(a_valued_run_may_lie_elsewhere_and_touch_the_stack_otherwise),
        cmocka_unit_test(a_trace_with_values_needs_no_second_run),
        cmocka_unit_test(a_routine_that_did_not_return_needs_no_values_and_no_data),
        cmocka_unit_test(wrong_data_names_the_first_wrong_byte),
        cmocka_unit_test(a_return_value_is_judged_by_the_op_and_only_where_there_is_one),
        cmocka_unit_test(a_string_op_that_runs_off_the_address_space_is_outside_and_wild),
        cmocka_unit_test(a_large_copy_made_twice_byte_by_byte_is_duplicate_and_not_overlapping),
        cmocka_unit_test(a_full_masked_store_tears_the_element_at_its_far_end),
        cmocka_unit_test(nothing_of_a_larger_case_is_left_in_a_smaller_one),
    };
    handmade_sites(sites, 0x1000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
