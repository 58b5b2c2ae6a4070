// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which differences are told as one, and what a cell of the matrix says of them.

#include "findings/difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct expect_key in_ram = {"ram", DEVICE_DST, OP_MEMCPY};

static struct difference of_size(uint64_t size)
{
    return (struct difference){.kind = DIFFERENCE_NEW_RULE,
                               .key = in_ram,
                               .rule = RULE_TORN_ELEMENT,
                               .has_now = true,
                               .now = {.op = OP_MEMCPY, .size = size, .fill = 1},
                               .sites = "a b"};
}

static void contracts_alone_make_no_other_difference(void **state)
{
    (void)state;
    char mine[] = "mine";
    struct difference a = of_size(8), b = of_size(8);
    a.backend = b.backend = mine;
    strcpy(b.key.contract, "mmio");
    assert_true(difference_is_same(&a, &b));
}

static void all_else_makes_another_difference(void **state)
{
    (void)state;
    char mine[] = "mine", yours[] = "yours";
    struct difference a = of_size(8), others[7];
    for (size_t i = 0; i < 7; i++) {
        others[i] = of_size(i == 0 ? 9 : 8);
        others[i].backend = i == 1 ? yours : mine;
    }
    a.backend = mine;
    others[2].kind = DIFFERENCE_NEW_SITES;
    others[3].rule = RULE_TORN_LOAD;
    others[4].key.device = DEVICE_SRC;
    others[5].key.op = OP_MEMMOVE;
    strcpy(others[6].sites, "a c");
    for (size_t i = 0; i < 7; i++)
        assert_false(difference_is_same(&a, &others[i]));
}

static void a_cell_is_changed_by_any_and_worse_by_all_but_what_is_gone(void **state)
{
    (void)state;
    struct baseline b = {.count = 0};
    assert_int_equal(baseline_cell(&b, "mine", OP_MEMCPY, "ram"), 0);
    baseline_add(&b, DIFFERENCE_GONE, "mine", &in_ram, RULE_TORN_ELEMENT);
    assert_int_equal(baseline_cell(&b, "mine", OP_MEMCPY, "ram"), CELL_CHANGED);
    baseline_add(&b, DIFFERENCE_WORSE, "mine", &in_ram, RULE_TORN_LOAD);
    assert_int_equal(baseline_cell(&b, "mine", OP_MEMCPY, "ram"), CELL_CHANGED | CELL_WORSE);
    assert_int_equal(baseline_cell(&b, "mine", OP_MEMMOVE, "ram"), 0);
    assert_int_equal(baseline_cell(&b, "mine", OP_MEMCPY, "mmio"), 0);
    assert_int_equal(baseline_cell(&b, "yours", OP_MEMCPY, "ram"), 0);
    baseline_free(&b);
}

static void what_is_added_is_a_copy(void **state)
{
    (void)state;
    char name[] = "mine";
    struct baseline b = {.count = 0};
    struct difference *d = baseline_add(&b, DIFFERENCE_GONE, name, &in_ram, RULE_TORN_ELEMENT);
    assert_false(d->has_now || d->has_before || d->sites[0]);
    baseline_add_unjudged(&b, name, "ram", "no CPU for it");
    name[0] = 'M';
    assert_string_equal(b.items[0].backend, "mine");
    assert_string_equal(b.unjudged[0].backend, "mine");
    assert_string_equal(b.unjudged[0].reason, "no CPU for it");
    baseline_free(&b);
    assert_int_equal(b.count + b.unjudged_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contracts_alone_make_no_other_difference),
        cmocka_unit_test(all_else_makes_another_difference),
        cmocka_unit_test(a_cell_is_changed_by_any_and_worse_by_all_but_what_is_gone),
        cmocka_unit_test(what_is_added_is_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
