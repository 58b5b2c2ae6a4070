// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A case's text form: what is printed parses to the same case, and what is
// wrong with a text is said by the field's name.

#include "case/case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct copy_case parsed(const char *text)
{
    struct copy_case c;
    struct error error = {""};
    if (!case_parse(text, &c, &error))
        fail_msg("%s: %s", text, error.text);
    return c;
}

static void assert_round_trip(const char *text)
{
    struct copy_case c = parsed(text);
    char printed[CASE_TEXT_MAX];
    assert_true(case_is_valid(&c));
    case_print(&c, printed);
    assert_string_equal(printed, text);
}

// The message names what was wrong (SAYS) and what was expected instead.
static void assert_refused(const char *text, const char *says)
{
    struct copy_case c = {.size = 77};
    struct error error = {""};
    assert_false(case_parse(text, &c, &error));
    if (!strstr(error.text, says))
        fail_msg("%s: the message is '%s'; expected one with '%s'", text, error.text, says);
    assert_null(strchr(error.text, '\n'));
    assert_int_equal(c.size, 77);
}

static void a_printed_case_parses_to_the_same_case(void **state)
{
    (void)state;
    assert_round_trip("memmove size=920 dst=0 src=0 fill=1");
    assert_round_trip("memcpy size=0 dst=4095 src=4095 fill=0");
    assert_round_trip("mempcpy size=67108864 dst=1 src=2 fill=18446744073709551615");
    assert_round_trip("memmove size=64 dst=16 src=0 overlap=16 fill=1");
    assert_round_trip("memmove size=64 dst=0 src=16 overlap=-16 fill=1");
    assert_round_trip("memmove size=64 dst=5 src=5 overlap=0 fill=1");
    assert_round_trip("memcpy size=32768 dst=0 src=0 fill=1 nt=0x4040");
    assert_round_trip("memcpy size=9 dst=1 src=2 lower=dst fill=1");
    assert_round_trip("mempcpy size=9 dst=1 src=2 lower=dst fill=zeros nt=0x4040");
    assert_round_trip("memcpy size=9 dst=1 src=2 fill=ones");
    assert_round_trip("memcpy size=9 dst=1 src=2 fill=equal-zeros");
    assert_round_trip("memmove size=9 dst=4 src=2 overlap=2 fill=equal-ones");
    assert_round_trip("set size=64 dst=3 fill=1");
    assert_round_trip("set size=0 dst=4095 fill=equal-ones");
    assert_round_trip("to-fifo size=64 dst=8 src=3 fill=0");
    assert_round_trip("from-fifo size=64 dst=8 src=3 lower=dst fill=1 nt=0x4040");
    assert_round_trip("memcpy size=16 dst=0 src=0 fill=1 u32@4=64");
    assert_round_trip("to-fifo size=16 dst=0 src=0 fill=1 u8@15=255 u64@0=18446744073709551615");
    assert_round_trip("memmove size=64 dst=16 src=0 overlap=16 fill=1 u16@62=1");
    assert_round_trip("memcpy size=1 dst=0 src=0 fill=1 nt=0x1 rep=0x2 rep-stop=0x3 "
                      "half-cache=0x4 string=0x5");
}

static void the_longest_case_fits_its_text(void **state)
{
    (void)state;
    struct copy_case c = {.op = OP_MEMMOVE,
                          .size = CASE_SIZE_MAX,
                          .dst_off = 4095,
                          .overlapping = true,
                          .fill = UINT64_MAX,
                          .overlap = -(int64_t)(CASE_SIZE_MAX + CASE_GAP_MAX)};
    c.src_off = case_src_off(c.dst_off, c.overlap);
    for (size_t i = 0; i < TUNABLE_COUNT; i++)
        c.tunable[i] = UINT64_MAX;
    char text[CASE_TEXT_MAX];
    case_print(&c, text);
    struct copy_case again = parsed(text);
    assert_true(strlen(text) < CASE_TEXT_MAX - 1);
    assert_int_equal(case_compare(&c, &again), 0);
}

static void fields_come_in_any_order_and_have_defaults(void **state)
{
    (void)state;
    struct copy_case c = parsed(" memmove\tfill=0x10 src=0xfff  size=0X20\n");
    assert_int_equal(c.op, OP_MEMMOVE);
    assert_int_equal(c.size, 32);
    assert_int_equal(c.dst_off, 0);
    assert_int_equal(c.src_off, 4095);
    assert_int_equal(c.fill, 16);
    assert_false(c.overlapping);
    assert_int_equal(parsed("memcpy size=1").fill, 1);
}

static void the_source_follows_from_destination_and_overlap(void **state)
{
    (void)state;
    assert_int_equal(parsed("memmove size=64 dst=0 overlap=1").src_off, 4095);
    assert_int_equal(parsed("memmove size=64 dst=4000 overlap=-100").src_off, 4);
    assert_int_equal(parsed("memmove size=9000 dst=7 overlap=8192").src_off, 7);
    assert_refused("memmove size=64 dst=0 src=1 overlap=16", "src=1 contradicts");
}

static void a_wrong_field_is_named_with_what_was_expected(void **state)
{
    (void)state;
    assert_refused("", "expected memcpy, memmove, mempcpy, set, to-fifo or from-fifo");
    assert_refused("set size=1 src=0", "set has no source; leave src out");
    assert_refused("set size=1 lower=dst", "set has no source; leave lower out");
    assert_refused("set size=1 u8@0=1", "set has no source; leave u8@0=1 out");
    assert_refused("to-fifo size=4 overlap=0", "to-fifo has no overlap; leave overlap out");
    assert_refused("memcpy size=4 u32@1=1", "the 4 bytes of the source");
    assert_refused("memcpy size=4 u32@0=1 u8@3=1", "none over another");
    assert_refused("memcpy size=4 u8@0=256", "at most 8 bits");
    assert_refused("memcpy size=4 u24@0=1", "unknown field 'u24@0=1'");
    assert_refused("memcpy size=9 u8@0=1 u8@1=1 u8@2=1 u8@3=1 u8@4=1", "at most 4 fields");
    assert_refused("strcpy size=1", "'strcpy'");
    assert_refused("memcpy", "no size");
    assert_refused("memcpy dst=1", "no size");
    assert_refused("memcpy size=1 width=3", "unknown field 'width=3'");
    assert_refused("memcpy size=1 dst", "unknown field 'dst'");
    assert_refused("memcpy size=1 size=1", "given twice");
    assert_refused("memcpy size=67108865", "size=67108865; expected");
    assert_refused("memcpy size=1 dst=4096", "dst=4096; expected");
    assert_refused("memcpy size=1 src=-1", "src=-1; expected");
    assert_refused("memmove size=1 overlap=8194", "overlap=8194; expected");
    assert_refused("memmove size=1 overlap=--1", "overlap=--1; expected");
    assert_refused("memcpy size=1 fill=x", "fill=x; expected");
    assert_refused("memcpy size=1 fill=zero", "fill=zero; expected");
    assert_refused("memcpy size=1 lower=both", "lower=both; expected dst or src");
    assert_refused("memmove size=8 overlap=4 lower=dst", "lower=dst contradicts overlap=4");
    assert_refused("memmove size=8 overlap=0 lower=src", "lower=src contradicts overlap=0");
    assert_refused("memcpy size=1 rep-stop=", "rep-stop=; expected");
    const char *const numbers[] = {"", "+1", "0x", "1.5", "1e3", "18446744073709551616", "7 x"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[64] = "memcpy size=";
        strcat(text, numbers[i]);
        assert_refused(text, "expected");
    }
}

static void which_buffer_is_lower_is_said_or_follows(void **state)
{
    (void)state;
    // As it was when no case said it.
    assert_false(parsed("memcpy size=1").dst_below);
    assert_false(parsed("memcpy size=1 lower=src").dst_below);
    assert_true(parsed("memcpy size=1 lower=dst").dst_below);
    assert_string_equal(case_lower(&(struct copy_case){.size = 1}), "src");
    struct copy_case c = parsed("memcpy size=1 lower=dst");
    assert_string_equal(case_lower(&c), "dst");
    c = parsed("memmove size=8 overlap=-4 lower=dst");
    assert_false(c.dst_below);
    assert_string_equal(case_lower(&c), "dst");
    c = parsed("memmove size=8 overlap=4 lower=src");
    assert_string_equal(case_lower(&c), "src");
    c = parsed("memmove size=8 overlap=0");
    assert_null(case_lower(&c));
}

static void fills_have_numbers_and_names(void **state)
{
    (void)state;
    struct copy_case c = parsed("memcpy size=1 fill=equal");
    assert_true(c.data == DATA_OF_SEED && c.fill == 0);
    c = parsed("memcpy size=1 fill=different");
    assert_true(c.data == DATA_OF_SEED && c.fill == 1);
    c = parsed("memcpy size=1 fill=zeros");
    assert_true(c.data == DATA_ZEROS && c.fill == 1);
    c.fill = 2; // says nothing
    assert_false(case_is_valid(&c));
    c.fill = 1;
    c.data = DATA_COUNT;
    assert_false(case_is_valid(&c));
}

static void overlapping_buffers_are_only_for_memmove(void **state)
{
    (void)state;
    assert_refused("memcpy size=16 overlap=15", "undefined for memcpy");
    assert_refused("mempcpy size=16 overlap=-15", "undefined for mempcpy");
    // Side by side in one buffer is fine.
    assert_int_equal(parsed("memcpy size=16 overlap=16").overlap, 16);
}

static void only_consistent_cases_are_valid(void **state)
{
    (void)state;
    const struct copy_case good = parsed("memmove size=64 dst=16 overlap=16");
    struct copy_case c = good;
    c.size = CASE_SIZE_MAX + 1;
    assert_false(case_is_valid(&c));
    c = good;
    c.dst_off = PAGE_BYTES;
    assert_false(case_is_valid(&c));
    c = good;
    c.src_off = 1;
    assert_false(case_is_valid(&c));
    c = good;
    c.op = OP_MEMCPY;
    assert_false(case_is_valid(&c));
    c = good;
    c.overlapping = false; // but still at a distance
    assert_false(case_is_valid(&c));
    c = good;
    c.dst_below = true; // contradicts the overlap, or repeats it
    assert_false(case_is_valid(&c));
    c = good;
    c.overlap = INT64_MIN;
    assert_false(case_is_valid(&c));
}

static void cases_are_ordered_by_size_then_place_then_data(void **state)
{
    (void)state;
    static const char *const ascending[] = {
        "memmove size=1 dst=9 src=9 fill=9",
        "memmove size=2 dst=0 src=0 fill=1",
        "memmove size=2 dst=0 src=0 fill=2",
        "memmove size=2 dst=0 src=0 fill=0",
        "memmove size=2 dst=0 src=0 fill=zeros",
        "memmove size=2 dst=0 src=0 fill=ones",
        "memmove size=2 dst=0 src=0 fill=1 rep=1",
        "memmove size=2 dst=0 src=0 fill=0 nt=1",
        "memmove size=2 dst=0 src=0 lower=dst fill=1",
        "memmove size=2 dst=0 src=1 fill=0",
        "memmove size=2 dst=1 src=0 fill=0",
        "memmove size=2 dst=9 overlap=0",
        "memmove size=2 dst=9 overlap=1",
        "memmove size=2 dst=0 overlap=-2",
        "memmove size=2 dst=0 overlap=2",
        "memmove size=2 dst=1 overlap=-2",
    };
    size_t count = sizeof ascending / sizeof *ascending;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct copy_case a = parsed(ascending[i]), b = parsed(ascending[j]);
            int order = case_compare(&a, &b);
            if ((order > 0) - (order < 0) != (i > j) - (i < j))
                fail_msg("'%s' against '%s' gives %d", ascending[i], ascending[j], order);
        }
    }
    struct copy_case copy = parsed("memcpy size=1"), move = parsed("memmove size=1");
    assert_int_not_equal(case_compare(&copy, &move), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printed_case_parses_to_the_same_case),
        cmocka_unit_test(the_longest_case_fits_its_text),
        cmocka_unit_test(fields_come_in_any_order_and_have_defaults),
        cmocka_unit_test(the_source_follows_from_destination_and_overlap),
        cmocka_unit_test(a_wrong_field_is_named_with_what_was_expected),
        cmocka_unit_test(which_buffer_is_lower_is_said_or_follows),
        cmocka_unit_test(fills_have_numbers_and_names),
        cmocka_unit_test(overlapping_buffers_are_only_for_memmove),
        cmocka_unit_test(only_consistent_cases_are_valid),
        cmocka_unit_test(cases_are_ordered_by_size_then_place_then_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
