// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "handmade.h"
#include "reports/bus.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_log(struct handmade *h, unsigned width, const char *expected)
{
    char *text;
    HANDMADE_TEXT(text, out, bus_print(&h->r, &h->c, width, false, out));
    assert_string_equal(text, expected);
    free(text);
}

static void assert_log_with_loads(struct handmade *h, unsigned width, const char *expected)
{
    char *text;
    HANDMADE_TEXT(text, out, bus_print(&h->r, &h->c, width, true, out));
    assert_string_equal(text, expected);
    free(text);
}

static void loads_are_reads_in_program_order(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 2);
    handmade_load(&h, 0, 8);
    handmade_values(&h, handmade_store(&h, 0, 2), 1);
    handmade_add(&h, ACCESS_LOAD, (uintptr_t)h.r.layout.dst, 2);
    handmade_add(&h, ACCESS_LOAD, 0x900000, 8);
    handmade_add(&h, ACCESS_LOAD, HANDMADE_STACK - 8, 8);
    assert_log_with_loads(&h, 4,
                          "read src addr 0x0, size 0x4\n"
                          "read src addr 0x4, size 0x4\n"
                          "write addr 0x2, data 0x201, size 0x2\n"
                          "read addr 0x2, size 0x2\n"
                          "# 1 load outside source and destination not shown\n");
}

static void what_is_loaded_of_one_buffer_counts_from_the_destinations_page(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    h.r.layout.src = h.r.layout.dst + 8;
    h.r.layout.src_lane = h.r.layout.dst_lane;
    handmade_load(&h, 0, 4);
    assert_log_with_loads(&h, 4, "read addr 0x8, size 0x4\n");
}

static void a_wide_store_is_split_at_the_buss_width_ascending(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 16, 0);
    handmade_values(&h, handmade_store(&h, 0, 16), 0);
    assert_log(&h, 4,
               "write addr 0x0, data 0x3020100, size 0x4\n"
               "write addr 0x4, data 0x7060504, size 0x4\n"
               "write addr 0x8, data 0xb0a0908, size 0x4\n"
               "write addr 0xc, data 0xf0e0d0c, size 0x4\n");
}

static void a_misaligned_store_is_split_at_natural_boundaries_of_the_page(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 2);
    handmade_values(&h, handmade_store(&h, 0, 8), 1);
    assert_log(&h, 4,
               "write addr 0x2, data 0x201, size 0x2\n"
               "write addr 0x4, data 0x6050403, size 0x4\n"
               "write addr 0x8, data 0x807, size 0x2\n");
}

static void a_narrow_store_stays_as_it_is(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 3, 0);
    handmade_values(&h, handmade_store(&h, 0, 2), 0xa0);
    handmade_values(&h, handmade_store(&h, 2, 1), 0);
    assert_log(&h, 8,
               "write addr 0x0, data 0xa1a0, size 0x2\n"
               "write addr 0x2, data 0x0, size 0x1\n");
}

static void leading_zeros_are_left_out_and_inner_ones_kept(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_values(&h, handmade_store(&h, 0, 4), 0);
    h.values[0] = 1, h.values[1] = 0, h.values[2] = 2, h.values[3] = 0;
    assert_log(&h, 4, "write addr 0x0, data 0x20001, size 0x4\n");
}

static void a_masked_store_drives_its_bytes_alone(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    struct access *a = handmade_store(&h, 0, 8);
    handmade_values(&h, a, 1);
    a->flags = ACCESS_MASKED;
    a->mask = 0xb6; // bytes 1 2 4 5 7
    assert_log(&h, 4,
               "write addr 0x1, data 0x302, size 0x2\n"
               "write addr 0x4, data 0x605, size 0x2\n"
               "write addr 0x7, data 0x8, size 0x1\n");
}

static void a_descending_string_op_writes_its_highest_element_first(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    struct access *a = handmade_store(&h, 2, 2);
    a->count = 2;
    a->flags = ACCESS_DESCENDING;
    handmade_values(&h, a, 1);
    assert_log(&h, 4,
               "write addr 0x2, data 0x201, size 0x2\n"
               "write addr 0x0, data 0x403, size 0x2\n");
}

static void a_store_below_the_page_has_a_negative_address(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_values(&h, handmade_store(&h, -1, 1), 7);
    assert_log(&h, 4, "write addr -0x1, data 0x7, size 0x1\n");
}

static void values_that_nobody_captured_are_called_unknown(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_store(&h, 0, 4);
    assert_log(&h, 4,
               "write addr 0x0, data unknown, size 0x4\n"
               "# the recorder gave no values for 1 beat\n");
}

static void what_is_no_store_to_the_destination_makes_no_beat_but_is_told(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_load(&h, 0, 4);
    handmade_add(&h, ACCESS_STORE, HANDMADE_STACK - 8, 8);
    handmade_add(&h, ACCESS_STORE, 0x900000, 8);
    handmade_add(&h, ACCESS_FENCE, 0, 0);
    assert_log(&h, 4, "# 1 store outside the destination not shown\n");
}

static void a_fault_is_told_after_the_beats_up_to_it(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_values(&h, handmade_store(&h, 0, 1), 5);
    h.r.trace.outcome = OUTCOME_FAULTED;
    h.r.trace.signal = 11;
    h.r.trace.fault_addr = 0;
    h.r.trace.fault_pc = 0x400000;
    assert_log(&h, 4,
               "write addr 0x0, data 0x5, size 0x1\n"
               "# faulted: SIGSEGV at 0x0, by scalar at 0x400000\n");
}

static void only_powers_of_two_up_to_64_are_widths(void **state)
{
    (void)state;
    for (uint64_t width = 0; width <= 300; width++) {
        bool expected = width == 1 || width == 2 || width == 4 || width == 8 || width == 16 ||
                        width == 32 || width == 64;
        assert_int_equal(bus_width_is_valid(width), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_store_is_split_at_the_buss_width_ascending),
        cmocka_unit_test(loads_are_reads_in_program_order),
        cmocka_unit_test(what_is_loaded_of_one_buffer_counts_from_the_destinations_page),
        cmocka_unit_test(a_misaligned_store_is_split_at_natural_boundaries_of_the_page),
        cmocka_unit_test(a_narrow_store_stays_as_it_is),
        cmocka_unit_test(leading_zeros_are_left_out_and_inner_ones_kept),
        cmocka_unit_test(a_masked_store_drives_its_bytes_alone),
        cmocka_unit_test(a_descending_string_op_writes_its_highest_element_first),
        cmocka_unit_test(a_store_below_the_page_has_a_negative_address),
        cmocka_unit_test(values_that_nobody_captured_are_called_unknown),
        cmocka_unit_test(what_is_no_store_to_the_destination_makes_no_beat_but_is_told),
        cmocka_unit_test(a_fault_is_told_after_the_beats_up_to_it),
        cmocka_unit_test(only_powers_of_two_up_to_64_are_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
