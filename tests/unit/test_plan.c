// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Plans: ranges, the default sweep, products of what a user said, and what no
// plan can be made of.

#include "case/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan plan; // too large for some stacks

static struct backend routine(const char *name, uint64_t size_min, uint64_t size_unit,
                              uint64_t align)
{
    return (struct backend){.name = (char *)(uintptr_t)name,
                            .size_min = size_min,
                            .size_unit = size_unit,
                            .align = align};
}

static struct range range(const char *text)
{
    struct range r = {0, 0, 0};
    if (text && !range_parse(text, &r))
        fail_msg("'%s' is no range", text);
    return r;
}

static struct plan_request said(const char *size, const char *dst, const char *src,
                                const char *overlap)
{
    return (struct plan_request){
        .size = range(size), .dst = range(dst), .src = range(src), .overlap = range(overlap)};
}

// Each case of it once, with data as it comes.
static struct plan_request only(const char *size, const char *dst, const char *src,
                                const char *overlap)
{
    struct plan_request request = said(size, dst, src, overlap);
    request.has_lower = !overlap;
    request.order = ORDER_SRC;
    request.has_fill = true;
    return request;
}

static void build(struct backend b, enum copy_op op, struct plan_request request)
{
    struct error error = {""};
    if (!plan_build(&b, op, &request, &plan, &error))
        fail_msg("%s", error.text);
}

static void assert_no_plan(struct backend b, enum copy_op op, struct plan_request request,
                           const char *says)
{
    struct error error = {""};
    assert_false(plan_build(&b, op, &request, &plan, &error));
    if (!strstr(error.text, says))
        fail_msg("the message is '%s'; expected one with '%s'", error.text, says);
    assert_null(strchr(error.text, '\n'));
}

static const struct plan_request nothing_said = {.has_tunables = false};

// The cases of the plan; each must be valid.
static uint64_t count_cases(void)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        if (!plan_case(&plan, i, &c))
            continue;
        count++;
        if (!case_is_valid(&c) || c.op != plan.op) {
            char text[CASE_TEXT_MAX];
            case_print(&c, text);
            fail_msg("case %llu of the plan, %s, is not valid", (unsigned long long)i, text);
        }
    }
    return count;
}

// Is this case, but for its data and which buffer is the lower one, in the plan?
static bool has_case(const char *text)
{
    struct copy_case wanted, c;
    struct error error;
    assert_true(case_parse(text, &wanted, &error));
    for (uint64_t i = 0; i < plan.cases; i++) {
        if (!plan_case(&plan, i, &c))
            continue;
        wanted.fill = c.fill;
        wanted.data = c.data;
        wanted.dst_below = c.dst_below;
        if (case_compare(&c, &wanted) == 0)
            return true;
    }
    return false;
}

static void ranges_are_numbers_spans_and_steps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct range range;
        uint64_t count;
    } rows[] = {
        {"7", {7, 7, 1}, 1},
        {"0..63", {0, 63, 1}, 64},
        {"0x10..0x20", {16, 32, 1}, 17},
        {"-80..80", {-80, 80, 1}, 161},
        {"-0x10..-2:3", {-16, -2, 3}, 5},
        {"0..10:4", {0, 10, 4}, 3},
        {"5..4", {5, 4, 1}, 0},
        {"..64", {0, 64, 1}, 65},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct range r = range(rows[i].text);
        assert_int_equal(r.lo, rows[i].range.lo);
        assert_int_equal(r.hi, rows[i].range.hi);
        assert_int_equal(r.step, rows[i].range.step);
        assert_int_equal(range_count(&r), rows[i].count);
    }
}

static void other_texts_are_no_ranges(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      "x",      "1..",     "..",  "1...2",
        "1..2:", "1..2:0", "1..2:-1", "1:2", "1 ..2",
        "1..2 ", "+1",     "--1",     "1-2", "99999999999999999999"};
    struct range r;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (range_parse(texts[i], &r))
            fail_msg("'%s' was taken for a range", texts[i]);
}

static void the_default_sweep_has_a_million_or_two_valid_cases(void **state)
{
    (void)state;
    static const char *const names[] = {"musl/memcpy", "glibc/memmove_erms"};
    for (size_t i = 0; i < 2; i++) {
        for (unsigned op = 0; op_is_copy((enum copy_op)op); op++) {
            build(routine(names[i], 0, 1, 1), (enum copy_op)op, nothing_said);
            assert_in_range(plan.cases, 1200000, 2000000);
            assert_true(count_cases() == plan.cases);
        }
    }
}

static void the_default_sweep_has_every_short_copy_at_every_alignment(void **state)
{
    (void)state;
    static bool seen[193][64][64];
    size_t count = 0;
    memset(seen, 0, sizeof seen);
    build(routine("musl/memcpy", 0, 1, 1), OP_MEMCPY, nothing_said);
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        assert_true(plan_case(&plan, i, &c));
        if (c.size <= 192 && c.dst_off < 64 && c.src_off < 64 && c.fill != 0) {
            count += !seen[c.size][c.dst_off][c.src_off];
            seen[c.size][c.dst_off][c.src_off] = true;
        }
    }
    assert_int_equal(count, 193 * 64 * 64);
}

static void the_default_sweep_goes_to_page_ends_and_thresholds(void **state)
{
    (void)state;
    build(routine("glibc/memmove_erms", 0, 1, 1), OP_MEMMOVE, nothing_said);
    assert_true(has_case("memmove size=1 dst=4095 src=0"));
    assert_true(has_case("memmove size=256 dst=0 src=4095"));
    assert_true(has_case("memmove size=17 dst=4095 src=4095"));
    assert_true(has_case("memmove size=8 dst=2047 src=0"));
    assert_true(has_case("memmove size=200 dst=0 src=3001"));
    assert_true(has_case("memmove size=4352 dst=63 src=32"));
    assert_true(has_case("memmove size=1048577 dst=33 src=17"));
    assert_true(has_case("memmove size=16447 dst=0 src=0 nt=0x4040"));
    assert_true(has_case("memmove size=65793 dst=0 src=0 nt=0x4040"));
    assert_true(has_case("memmove size=263168 dst=0 src=0 nt=0x4040"));
    assert_true(has_case("memmove size=15 dst=0 overlap=-80"));
    assert_true(has_case("memmove size=4352 dst=0 overlap=4351"));
    assert_true(has_case("memmove size=1000 dst=21 overlap=-500"));
}

static void only_memmove_overlaps_and_only_glibc_gets_its_threshold(void **state)
{
    (void)state;
    build(routine("musl/memcpy", 0, 1, 1), OP_MEMCPY, nothing_said);
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        assert_true(plan_case(&plan, i, &c));
        assert_false(c.overlapping);
        assert_int_equal(c.tunable[TUNABLE_NT], 0);
    }
}

static void tunables_that_were_given_hold_in_every_case(void **state)
{
    (void)state;
    struct plan_request request = {.has_tunables = true, .tunable = {[TUNABLE_REP] = 4096}};
    struct copy_case c;
    build(routine("glibc/memmove_erms", 0, 1, 1), OP_MEMMOVE, request);
    for (uint64_t i = 0; i < plan.cases; i++) {
        if (!plan_case(&plan, i, &c))
            continue;
        assert_int_equal(c.tunable[TUNABLE_REP], 4096);
        assert_int_equal(c.tunable[TUNABLE_NT], 0);
    }
    request.size = range("8");
    build(routine("glibc/memmove_erms", 0, 1, 1), OP_MEMMOVE, request);
    assert_true(plan_case(&plan, plan.cases - 1, &c));
    assert_int_equal(c.tunable[TUNABLE_REP], 4096);
}

static void data_is_plain_at_offset_0_and_varied_elsewhere(void **state)
{
    (void)state;
    bool *seen = calloc(65537, sizeof *seen);
    size_t distinct = 0;
    bool equal_data = false;
    assert_non_null(seen);
    build(routine("musl/memmove", 0, 1, 1), OP_MEMMOVE, nothing_said);
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        if (!plan_case(&plan, i, &c))
            continue;
        assert_in_range(c.fill, 0, 65536);
        if (c.fill == 0)
            equal_data = true;
        else if (c.dst_off == 0 && (c.overlapping || c.src_off == 0))
            assert_int_equal(c.fill, 1);
        distinct += !seen[c.fill];
        seen[c.fill] = true;
    }
    free(seen);
    assert_true(equal_data);
    assert_int_equal(distinct, 65537);
}

static void one_size_meets_thousands_of_fills(void **state)
{
    (void)state;
    bool seen[65537] = {false};
    size_t distinct = 0;
    build(routine("musl/memcpy", 0, 1, 1), OP_MEMCPY, only("8", NULL, NULL, NULL));
    assert_int_equal(plan.cases, 4096);
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        assert_true(plan_case(&plan, i, &c));
        distinct += !seen[c.fill];
        seen[c.fill] = true;
    }
    assert_in_range(distinct, 4095, 4096);
}

static void a_product_has_exactly_what_was_said(void **state)
{
    (void)state;
    build(routine("glibc/memmove_erms", 0, 1, 1), OP_MEMMOVE,
          only("0..1024", "0..63", "0..63", NULL));
    assert_true(plan.cases == 1025 * 64 * 64);
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, only("8..24:8", "1..3:2", "4095", NULL));
    assert_int_equal(plan.cases, 6);
    assert_int_equal(count_cases(), 6);
    static const char *const texts[] = {
        "memmove size=8 dst=1 src=4095",  "memmove size=8 dst=3 src=4095",
        "memmove size=16 dst=1 src=4095", "memmove size=16 dst=3 src=4095",
        "memmove size=24 dst=1 src=4095", "memmove size=24 dst=3 src=4095",
    };
    for (size_t i = 0; i < 6; i++)
        assert_true(has_case(texts[i]));
}

static void memmove_gets_overlaps_unless_a_source_is_given(void **state)
{
    (void)state;
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, only("100", "0", NULL, NULL));
    // 64 sources, 33 distances and 8 of the size's own.
    assert_int_equal(count_cases(), 64 + 33 + 8);
    assert_true(has_case("memmove size=100 dst=0 overlap=-16"));
    assert_true(has_case("memmove size=100 dst=0 overlap=50"));
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, only("100", "0", "0", NULL));
    assert_int_equal(count_cases(), 1);
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, only("10..11", "0..1", NULL, "-3..3"));
    assert_int_equal(count_cases(), 2 * 2 * 7);
}

static void a_distance_of_a_size_comes_once_and_not_too_far(void **state)
{
    (void)state;
    // Of the size's own 8 distances, 3 differ for size 0, 5 for 1, 6 for 2.
    static const uint64_t own[] = {3, 5, 6, 8};
    for (size_t size = 0; size < 4; size++) {
        char text[8];
        snprintf(text, sizeof text, "%zu", size);
        build(routine("x/y", 0, 1, 1), OP_MEMMOVE, only(text, "0", NULL, NULL));
        assert_int_equal(count_cases(), 64 + 33 + own[size]);
    }
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, only("0..2", "0", NULL, "8190..8194"));
    assert_int_equal(count_cases(), 3 + 4 + 5);
}

static void a_large_sweep_is_thinned_where_nothing_was_said(void **state)
{
    (void)state;
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, only("1048576", NULL, NULL, NULL));
    assert_int_equal(plan.cases, 64 * 64);
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, only("16777216", NULL, NULL, NULL));
    assert_int_equal(plan.cases, 16 * 16);
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, only("16777216", "0..63", NULL, NULL));
    assert_int_equal(plan.cases, 64 * 16);
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, only("0..67108864:65536", NULL, NULL, NULL));
    assert_int_equal(plan.cases, 1025);
    // What was said is done, however long it takes.
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, only("67108864", "0..63", "0..63", NULL));
    assert_int_equal(plan.cases, 64 * 64);
}

static void cases_that_a_backend_does_not_take_are_left_out(void **state)
{
    (void)state;
    struct backend blocks = routine("psm2/blockcpy", 64, 64, 8);
    for (int defaults = 0; defaults < 2; defaults++) {
        build(blocks, OP_MEMMOVE, defaults ? nothing_said : said("0..200", "0..20", NULL, NULL));
        uint64_t count = 0;
        for (uint64_t i = 0; i < plan.cases; i++) {
            struct copy_case c;
            if (!plan_case(&plan, i, &c))
                continue;
            count++;
            assert_true(c.size >= 64 && c.size % 64 == 0 && c.dst_off % 8 == 0 &&
                        c.src_off % 8 == 0 && c.overlap % 8 == 0);
        }
        assert_true(count > 0);
    }
    build(blocks, OP_MEMCPY, only("0..200", "0..20", "0", NULL));
    assert_int_equal(plan.cases, 3 * 3);
    build(routine("x/y", 0, 4, 1), OP_MEMCPY, only("1..50:3", "0", "0", NULL));
    assert_int_equal(plan.cases, 4); // 4, 16, 28, 40
    build(routine("x/y", 5, 1, 1), OP_MEMCPY, only("0..9:3", "0", "0", NULL));
    assert_int_equal(plan.cases, 2); // 6, 9
    assert_no_plan(blocks, OP_MEMCPY, only("1..63", NULL, NULL, NULL),
                   "psm2/blockcpy takes no case");
    assert_no_plan(blocks, OP_MEMCPY, only("64", "1..7", NULL, NULL), "multiples of 8");
}

static void impossible_plans_say_why(void **state)
{
    (void)state;
    struct backend b = routine("x/y", 0, 1, 1);
    assert_no_plan(b, OP_MEMCPY, said("9..8", NULL, NULL, NULL), "--size 9..8 is empty");
    assert_no_plan(b, OP_MEMCPY, said("67108865", NULL, NULL, NULL), "--size 67108865..67108865");
    assert_no_plan(b, OP_MEMCPY, said("-1..8", NULL, NULL, NULL), "--size -1..8");
    assert_no_plan(b, OP_MEMCPY, said(NULL, "0..4096", NULL, NULL), "--dst 0..4096");
    assert_no_plan(b, OP_MEMCPY, said(NULL, NULL, "-1", NULL), "--src -1..-1");
    assert_no_plan(b, OP_MEMCPY, said(NULL, NULL, NULL, "0..8"),
                   "overlap is undefined for memcpy; use --op memmove");
    assert_no_plan(b, OP_MEMMOVE, said(NULL, NULL, "0", "0..8"), "--src follows");
    assert_no_plan(b, OP_MEMMOVE, said("8", NULL, NULL, "0..9999"), "--overlap 0..9999");
    assert_no_plan(b, OP_MEMMOVE, said("8", NULL, NULL, "-9999..0"), "--overlap -9999..0");
}

static void a_step_beyond_its_range_is_one_value(void **state)
{
    (void)state;
    build(routine("x/y", 0, 64, 1), OP_MEMCPY,
          only("64..128:9223372036854775807", "0..1:9223372036854775807", "0", NULL));
    assert_int_equal(plan.cases, 1);
    assert_int_equal(count_cases(), 1);
    assert_no_plan(routine("x/y", 64, 64, 1), OP_MEMCPY,
                   only("1..128:9223372036854775807", "0", "0", NULL), "takes no case");
}

// Of the disjoint cases of the plan: has each size both orders, and each offset?
static void assert_both_orders_everywhere(void)
{
    enum { SIZES = 4353 };
    static bool sizes[SIZES][2], dst[PAGE_BYTES][2], src[PAGE_BYTES][2];
    memset(sizes, 0, sizeof sizes);
    memset(dst, 0, sizeof dst);
    memset(src, 0, sizeof src);
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        if (!plan_case(&plan, i, &c) || c.overlapping)
            continue;
        if (c.size < SIZES)
            sizes[c.size][c.dst_below] = true;
        dst[c.dst_off][c.dst_below] = src[c.src_off][c.dst_below] = true;
    }
    for (size_t i = 0; i < SIZES; i++)
        assert_int_equal(sizes[i][0], sizes[i][1]);
    for (size_t i = 0; i < PAGE_BYTES; i++) {
        assert_int_equal(dst[i][0], dst[i][1]);
        assert_int_equal(src[i][0], src[i][1]);
    }
}

static void each_size_and_each_offset_come_with_either_buffer_below(void **state)
{
    (void)state;
    static const struct {
        const char *size, *dst, *src;
    } rows[] = {
        {"0..256", NULL, NULL},
        {"8", NULL, NULL},
        {"0..256", "0", "0"},
        {"8", "4095", "4095"},
        {"0..64", "0..1", "5"},
        {"700..800", NULL, "3"},
        {"1..1000:37", "7", "0..4095:5"},
    };
    for (unsigned op = 0; op_is_copy((enum copy_op)op); op++) {
        build(routine("musl/memcpy", 0, 1, 1), (enum copy_op)op, nothing_said);
        assert_both_orders_everywhere();
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            build(routine("x/y", 0, 1, 1), (enum copy_op)op,
                  said(rows[i].size, rows[i].dst, rows[i].src, NULL));
            assert_both_orders_everywhere();
        }
    }
}

// A routine may branch on which buffer is the lower one and on how one of them is aligned.
static void each_size_has_each_offset_with_either_buffer_below(void **state)
{
    (void)state;
    static bool dst[257][64][2], src[257][64][2], apart[257][64][2];
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, said("0..256", NULL, NULL, NULL));
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        assert_true(plan_case(&plan, i, &c));
        dst[c.size][c.dst_off][c.dst_below] = src[c.size][c.src_off][c.dst_below] = true;
        apart[c.size][(c.dst_off - c.src_off) % 64][c.dst_below] = true;
    }
    for (size_t size = 0; size < 257; size++)
        for (size_t i = 0; i < 64; i++)
            assert_true(dst[size][i][0] && dst[size][i][1] && src[size][i][0] && src[size][i][1] &&
                        apart[size][i][0] && apart[size][i][1]);
}

static void few_offsets_come_both_ways_each_and_many_about_as_many_as_before(void **state)
{
    (void)state;
    struct plan_request request = said("100", "0..7", "0..7", NULL);
    request.has_fill = true;
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, request);
    assert_int_equal(plan.cases, 2 * 64);
    request = said("0..256", NULL, NULL, NULL);
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, request);
    assert_in_range(plan.cases, 257 * 4096, 257 * 4096 * 1.01);
}

static void the_smallest_cases_have_the_source_below(void **state)
{
    (void)state;
    bool seen[257] = {false};
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, said("0..256", NULL, NULL, NULL));
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        assert_true(plan_case(&plan, i, &c));
        if (c.dst_off == 0 && c.src_off == 0 && !c.dst_below && c.fill == 1 && !c.data)
            seen[c.size] = true;
    }
    for (size_t size = 0; size < 257; size++)
        assert_true(seen[size]);
}

// Which data the cases of a size have, a bit each: data that differ, equal data, then
// enum case_data.
static unsigned data_of_size(uint64_t size, bool overlapping)
{
    unsigned found = 0;
    for (uint64_t i = 0; i < plan.cases; i++) {
        struct copy_case c;
        if (plan_case(&plan, i, &c) && c.size == size && c.overlapping == overlapping)
            found |= c.data == DATA_OF_SEED ? 1u + (c.fill == 0) : 2u << c.data;
    }
    return found;
}

static void every_kind_of_data_comes_at_every_size_that_was_said(void **state)
{
    (void)state;
    const unsigned all = (2u << DATA_COUNT) - 1;
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, said("8", "3", "0", NULL));
    assert_int_equal(plan.cases, 2 + 2 * 5);
    assert_int_equal(data_of_size(8, false), all);
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, said("250..260", NULL, NULL, NULL));
    for (uint64_t size = 250; size <= 260; size++) {
        assert_int_equal(data_of_size(size, false), all);
        assert_int_equal(data_of_size(size, true), all);
    }
    build(routine("x/y", 0, 1, 1), OP_MEMMOVE, said("9", "3", NULL, "-4..4"));
    assert_int_equal(data_of_size(9, true), all);
    build(routine("musl/memcpy", 0, 1, 1), OP_MEMCPY, nothing_said);
    for (uint64_t size = 0; size < 256; size += 15)
        assert_int_equal(data_of_size(size, false), all);
}

static void kinds_of_data_do_not_make_large_sweeps_long(void **state)
{
    (void)state;
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, only("0..65536", "0", "0", NULL));
    assert_int_equal(plan.cases, 65537);
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, said("0..65536", "0", "0", NULL));
    assert_in_range(plan.cases, 2 * 65537 + 5 * 1000, 2.3 * 65537);
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, said("67108864", "0", "0", NULL));
    assert_in_range(plan.cases, 12, 12);
}

static void what_is_said_of_order_and_data_holds_in_every_case(void **state)
{
    (void)state;
    for (int defaults = 0; defaults < 2; defaults++)
        for (int below = 0; below < 2; below++) {
            struct plan_request request =
                defaults ? nothing_said : said("0..20", "0..20", NULL, NULL);
            request.has_lower = true;
            request.order = below ? ORDER_DST : ORDER_SRC;
            request.has_fill = true;
            request.fill = (struct plane_fill){true, DATA_ONES, 1};
            build(routine("x/y", 0, 1, 1), OP_MEMCPY, request);
            for (uint64_t i = 0; i < plan.cases; i++) {
                struct copy_case c;
                assert_true(plan_case(&plan, i, &c));
                assert_int_equal(c.dst_below, below);
                assert_int_equal(c.data, DATA_ONES);
                assert_int_equal(c.fill, 1);
            }
        }
    struct plan_request request = said("0..20", "0..20", NULL, NULL);
    request.has_lower = true;
    request.order = ORDER_BOTH;
    request.has_fill = true;
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, request);
    assert_int_equal(plan.cases, 2 * 21 * 21 * 64);
}

static void a_light_plan_has_the_sizes_that_it_was_given(void **state)
{
    (void)state;
    struct plan_sizes sizes = {0};
    struct plan_request request = nothing_said;
    for (uint64_t size = 0; size <= 64; size++)
        assert_true(plan_sizes_add(&sizes, size));
    assert_true(plan_sizes_add(&sizes, 333) && plan_sizes_add(&sizes, 150));
    assert_true(plan_sizes_add(&sizes, 333)); // it is there already
    assert_int_equal(sizes.count, 67);
    assert_int_equal(sizes.at[65], 150);
    request.light = &sizes;
    build(routine("any/routine", 0, 1, 1), OP_MEMMOVE, request);
    assert_true(has_case("memmove size=150 dst=63 src=9"));
    assert_true(has_case("memmove size=333 dst=17 src=0"));
    assert_true(has_case("memmove size=333 dst=9 src=17"));
    assert_true(has_case("memmove size=333 dst=21 overlap=332"));
    assert_false(has_case("memmove size=151 dst=63 src=9"));
    uint64_t light = count_cases();
    build(routine("any/routine", 0, 1, 1), OP_MEMMOVE, nothing_said);
    assert_true(light * 8 < count_cases());
}

static void where_a_light_plan_lists_nearly_every_size_it_has_fewer_offsets(void **state)
{
    (void)state;
    struct plan_sizes sizes = {0};
    struct plan_request request = nothing_said;
    for (uint64_t size = 0; size <= 700; size++)
        assert_true(plan_sizes_add(&sizes, size));
    request.light = &sizes;
    build(routine("any/routine", 0, 1, 1), OP_MEMMOVE, request);
    assert_true(has_case("memmove size=63 dst=1 src=17"));
    assert_true(has_case("memmove size=333 dst=60 src=0"));
    assert_true(has_case("memmove size=333 dst=9 src=60"));
    assert_false(has_case("memmove size=333 dst=1 src=0"));
    assert_true(count_cases() < 200000);
}

static void a_request_admits_what_it_asks_for(void **state)
{
    (void)state;
    const struct copy_case low = {.op = OP_MEMMOVE, .size = 8, .dst_off = 4, .dst_below = true};
    const struct copy_case moved = {
        .op = OP_MEMMOVE, .size = 8, .dst_off = 4, .overlapping = true, .overlap = -3};
    struct plan_request request = nothing_said;
    assert_true(plan_request_admits(&request, &low));
    assert_true(plan_request_admits(&request, &moved));
    request.size = (struct range){0, 64, 8};
    assert_true(plan_request_admits(&request, &low));
    request.size = (struct range){1, 64, 8};
    assert_false(plan_request_admits(&request, &low));
    request = nothing_said;
    request.dst = (struct range){0, 3, 1};
    assert_false(plan_request_admits(&request, &low));
    request = nothing_said;
    request.src = (struct range){0, 3, 1};
    assert_true(plan_request_admits(&request, &low));
    assert_false(plan_request_admits(&request, &moved));
    request = nothing_said;
    request.overlap = (struct range){-4, 4, 1};
    assert_false(plan_request_admits(&request, &low));
    assert_true(plan_request_admits(&request, &moved));
    request = nothing_said;
    request.has_lower = true;
    request.order = ORDER_SRC;
    assert_false(plan_request_admits(&request, &low));
    request.order = ORDER_DST;
    assert_true(plan_request_admits(&request, &low));
    request.has_fill = true;
    assert_false(plan_request_admits(&request, &low));
}

static void what_sets_has_places_of_its_destination_alone(void **state)
{
    (void)state;
    struct plan_request request = only("0..20", "0..20", NULL, NULL);
    request.has_lower = false;
    build(routine("x/y", 0, 1, 1), OP_SET, request);
    assert_int_equal(plan.cases, 21 * 21);
    assert_int_equal(count_cases(), plan.cases);
    build(routine("x/y", 0, 1, 1), OP_SET, nothing_said);
    assert_int_equal(count_cases(), plan.cases);
    assert_true(has_case("set size=4352 dst=0"));
    assert_no_plan(routine("x/y", 0, 1, 1), OP_SET, said(NULL, NULL, "0", NULL), "leave --src out");
}

static void fifos_have_whole_elements_where_nobody_says_other_sizes(void **state)
{
    (void)state;
    for (enum copy_op op = OP_TO_FIFO; op <= OP_FROM_FIFO; op++) {
        build(routine("x/y", 0, 1, 1), op, nothing_said);
        assert_int_equal(count_cases(), plan.cases);
        for (uint64_t i = 0; i < plan.cases; i++) {
            struct copy_case c;
            assert_true(plan_case(&plan, i, &c));
            assert_int_equal(c.size % 4, 0);
            assert_int_equal((op == OP_TO_FIFO ? c.dst_off : c.src_off) % 8, 0);
        }
    }
    build(routine("x/y", 0, 1, 1), OP_TO_FIFO, only("3", NULL, "1", NULL));
    assert_int_equal(plan.cases, 8);
}

static void fields_take_each_of_their_values_in_each_case_with_room(void **state)
{
    (void)state;
    struct plan_request request = only("4..8", "0..2", "0", NULL);
    struct copy_case c;
    bool seen[9][3][3][2] = {{{{false}}}};
    request.fields[0] = (struct plan_field){{1, 2, 4}, range("1..3")};
    request.fields[1] = (struct plan_field){{7, 0, 1}, range("7..14:7")};
    request.field_count = 2;
    build(routine("x/y", 0, 1, 1), OP_MEMCPY, request);
    assert_int_equal(plan.cases, 5 * 3 * 3 * 2);
    assert_int_equal(count_cases(), 3 * 3 * 3 * 2); // sizes 6 to 8
    for (uint64_t i = 0; i < plan.cases; i++) {
        if (!plan_case(&plan, i, &c))
            continue;
        bool *at = &seen[c.size][c.dst_off][c.fields[0].value - 1][c.fields[1].value / 7 - 1];
        assert_false(*at);
        *at = true;
    }
    request.size = range("0..5");
    assert_no_plan(routine("x/y", 0, 1, 1), OP_MEMCPY, request, "no size of this sweep");
    request.fields[1].field.off = 5;
    assert_no_plan(routine("x/y", 0, 1, 1), OP_MEMCPY, request, "u8@5: lies over another field");
}

// All shards together are the sweep, and none has twice what another has.
static void shards_have_every_case_once(void **state)
{
    (void)state;
    enum { OF = 3, CASES_MAX = 64 };
    char whole[CASES_MAX][CASE_TEXT_MAX], text[CASE_TEXT_MAX];
    bool seen[CASES_MAX] = {false};
    struct copy_case c;
    build(routine("x", 0, 1, 1), OP_MEMCPY, only("0..4", "0..1", "0..2", NULL));
    uint64_t cases = plan.cases, found = 0;
    assert_in_range(cases, OF + 1, CASES_MAX);
    for (uint64_t i = 0; i < cases; i++) {
        assert_true(plan_case(&plan, i, &c));
        case_print(&c, whole[i]);
    }
    for (uint32_t k = 1; k <= OF; k++) {
        build(routine("x", 0, 1, 1), OP_MEMCPY, only("0..4", "0..1", "0..2", NULL));
        plan_take_shard(&plan, (struct shard){k, OF});
        for (uint64_t i = 0; i < plan.cases; i++, found++) {
            uint64_t number = k - 1 + i * OF;
            assert_true(plan_case(&plan, i, &c));
            case_print(&c, text);
            assert_string_equal(text, whole[number]);
            assert_false(seen[number]);
            seen[number] = true;
        }
    }
    assert_int_equal(found, cases);
}

static void routines_go_round_and_the_rest_is_split(void **state)
{
    (void)state;
    for (uint32_t of = 1; of <= 9; of++)
        for (uint64_t routines = 1; routines <= 20; routines++)
            for (uint64_t i = 0; i < routines; i++) {
                unsigned all = 0, parts = 0;
                uint64_t cases = 0;
                for (uint32_t k = 1; k <= of; k++) {
                    struct shard shard = {k, of};
                    enum shard_share share = shard_share(shard, i, routines, 5);
                    all += share == SHARE_ALL;
                    parts += share == SHARE_CASES;
                    cases += share == SHARE_CASES ? shard_cases(shard, 5) : 0;
                }
                assert_true((all == 1 && parts == 0) || (all == 0 && cases == 5));
                assert_int_equal(parts > 0, of > 1 && i >= routines / of * of);
            }
}

static void a_shard_is_a_number_of_how_many(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "1", "0/2", "3/2", "1/", "/2", "1/2/3", "-1/2", "1/0"};
    struct shard shard;
    assert_true(shard_parse("2/8", &shard));
    assert_int_equal(shard.number, 2);
    assert_int_equal(shard.of, 8);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(shard_parse(wrong[i], &shard));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_numbers_spans_and_steps),
        cmocka_unit_test(other_texts_are_no_ranges),
        cmocka_unit_test(the_default_sweep_has_a_million_or_two_valid_cases),
        cmocka_unit_test(the_default_sweep_has_every_short_copy_at_every_alignment),
        cmocka_unit_test(the_default_sweep_goes_to_page_ends_and_thresholds),
        cmocka_unit_test(only_memmove_overlaps_and_only_glibc_gets_its_threshold),
        cmocka_unit_test(tunables_that_were_given_hold_in_every_case),
        cmocka_unit_test(data_is_plain_at_offset_0_and_varied_elsewhere),
        cmocka_unit_test(one_size_meets_thousands_of_fills),
        cmocka_unit_test(a_product_has_exactly_what_was_said),
        cmocka_unit_test(memmove_gets_overlaps_unless_a_source_is_given),
        cmocka_unit_test(a_distance_of_a_size_comes_once_and_not_too_far),
        cmocka_unit_test(a_large_sweep_is_thinned_where_nothing_was_said),
        cmocka_unit_test(cases_that_a_backend_does_not_take_are_left_out),
        cmocka_unit_test(impossible_plans_say_why),
        cmocka_unit_test(a_step_beyond_its_range_is_one_value),
        cmocka_unit_test(each_size_and_each_offset_come_with_either_buffer_below),
        cmocka_unit_test(each_size_has_each_offset_with_either_buffer_below),
        cmocka_unit_test(few_offsets_come_both_ways_each_and_many_about_as_many_as_before),
        cmocka_unit_test(the_smallest_cases_have_the_source_below),
        cmocka_unit_test(every_kind_of_data_comes_at_every_size_that_was_said),
        cmocka_unit_test(kinds_of_data_do_not_make_large_sweeps_long),
        cmocka_unit_test(what_is_said_of_order_and_data_holds_in_every_case),
        cmocka_unit_test(a_light_plan_has_the_sizes_that_it_was_given),
        cmocka_unit_test(where_a_light_plan_lists_nearly_every_size_it_has_fewer_offsets),
        cmocka_unit_test(a_request_admits_what_it_asks_for),
        cmocka_unit_test(what_sets_has_places_of_its_destination_alone),
        cmocka_unit_test(fifos_have_whole_elements_where_nobody_says_other_sizes),
        cmocka_unit_test(shards_have_every_case_once),
        cmocka_unit_test(routines_go_round_and_the_rest_is_split),
        cmocka_unit_test(a_shard_is_a_number_of_how_many),
        cmocka_unit_test(fields_take_each_of_their_values_in_each_case_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
