// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Texts of AArch64 instructions that Capstone 4.0.2 does not know. What is expected
// is binutils' text, but for aliases.

#include "record/qemu/a64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct row {
    uint32_t insn;
    const char *text;
    unsigned element;
} rows[] = {
    {0xb8218001, "swp w1, w1, [x0]", 0},
    {0xf8e480c4, "swpal x4, x4, [x6]", 0},
    {0x38a083e1, "swpab w0, w1, [sp]", 0},
    {0xb8220000, "ldadd w2, w0, [x0]", 0},
    {0x7862101f, "stclrlh w2, [x0]", 0},
    {0xf8bf7041, "ldumina xzr, x1, [x2]", 0},
    {0xf8bfc041, "ldapr x1, [x2]", 0},
    {0x88a17c02, "cas w1, w2, [x0]", 0},
    {0x08e1fc02, "casalb w1, w2, [x0]", 0},
    {0x48207c82, "casp x0, x1, x2, x3, [x4]", 0},
    {0xd9408041, "ldapur x1, [x2, #8]", 0},
    {0x991fc041, "stlur w1, [x2, #-4]", 0},
    {0xd9200841, "stg x1, [x2]", 0},
    {0xe4004400, "st1b {z0.b}, p1, [x0, x0]", 1},
    {0xe430f000, "st2b {z0.b, z1.b}, p4, [x0]", 1},
    {0xe5f7e7fe, "st4d {z30.d, z31.d, z0.d, z1.d}, p1, [sp, #28, mul vl]", 8},
    {0xe5006401, "stnt1w {z1.s}, p1, [x0, x0, lsl #2]", 4},
    {0xe5804000, "str z0, [x0]", 1},
    {0xe5bf1c05, "str p5, [x0, #-1, mul vl]", 1},
    {0xe581a000, "st1d {z0.d}, p0, [x0, z1.d]", 8},
    {0xe5a1a000, "st1d {z0.d}, p0, [x0, z1.d, lsl #3]", 8},
    {0xe5618000, "st1w {z0.s}, p0, [x0, z1.s, uxtw #2]", 4},
    {0xe542a020, "st1w {z0.d}, p0, [z1.d, #8]", 4},
    {0xa400a000, "ld1b {z0.b}, p0/z, [x0]", 1},
    {0xa5e04000, "ld1d {z0.d}, p0/z, [x0, x0, lsl #3]", 8},
};

static void each_instruction_has_its_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct a64_text text;
        char line[96] = "";
        if (a64_print(rows[i].insn, &text))
            snprintf(line, sizeof line, "%s %s", text.name, text.operands);
        assert_string_equal(line, rows[i].text);
        assert_int_equal(text.element, rows[i].element);
    }
}

static void what_capstone_knows_is_left_to_it(void **state)
{
    static const uint32_t others[] = {0xd503201f, 0xf9400000, 0x3dc00000, 0xd65f03c0, 0x08007c00};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(a64_print(others[i], &(struct a64_text){0}));
}

static void only_scatters_store_in_no_order(void **state)
{
    (void)state;
    assert_true(a64_stores_in_order(0xe4004400));  // st1b
    assert_true(a64_stores_in_order(0xe5f7e7fe));  // st4d
    assert_true(a64_stores_in_order(0xe5bf1c05));  // str p
    assert_false(a64_stores_in_order(0xe581a000)); // st1d [x, z]
    assert_false(a64_stores_in_order(0xe5618000)); // st1w [x, z.s]
    assert_false(a64_stores_in_order(0xe45f26d1)); // stnt1b [z.s]
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_instruction_has_its_text),
        cmocka_unit_test(what_capstone_knows_is_left_to_it),
        cmocka_unit_test(only_scatters_store_in_no_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
