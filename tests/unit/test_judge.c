// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Checks from contracts by hand, and the shortcut that decides which rules are
// worth asking, against asking all of them.

#include "judge/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROW(id, on, ...)                                   \
    {                                                      \
        .rule = id, .sides = on, .params = { __VA_ARGS__ } \
    }

static const struct contract narrow = {
    .name = "narrow",
    .rules = {ROW(RULE_WIDE_STORE, DEVICE_DST, .max = 4),
              ROW(RULE_DUPLICATE_STORE, DEVICE_DST, .max = 0)},
    .rule_count = 2,
};
static const struct contract wide = {
    .name = "wide",
    .rules = {ROW(RULE_WIDE_STORE, DEVICE_DST, .max = 8),
              ROW(RULE_DUPLICATE_STORE, DEVICE_DST, .max = 0),
              ROW(RULE_REPEATED_LOAD, DEVICE_SRC, .max = 0)},
    .rule_count = 3,
};
// The same rule for each side, with parameters of its own.
static const struct contract two_sided = {
    .name = "two-sided",
    .rules = {ROW(RULE_SPLIT_STORE, DEVICE_DST, .request = REQUEST_DST_ALIGNED),
              ROW(RULE_SPLIT_STORE, DEVICE_SRC, .request = REQUEST_SRC_ALIGNED)},
    .rule_count = 2,
};

static void contracts_share_a_check_only_with_equal_parameters(void **state)
{
    (void)state;
    const struct contract both[] = {narrow, wide};
    struct judge j;
    assert_true(judge_init(&j, both, 2, DEVICE_DST));
    // crash, timeout, duplicate-store, and wide-store twice
    assert_int_equal(j.count, 5);
    assert_int_equal(j.check_of[0][RULE_DUPLICATE_STORE], j.check_of[1][RULE_DUPLICATE_STORE]);
    assert_int_not_equal(j.check_of[0][RULE_WIDE_STORE], j.check_of[1][RULE_WIDE_STORE]);
    assert_int_equal(j.check_of[1][RULE_REPEATED_LOAD], CHECK_NONE);
    assert_false(j.loads);
    assert_false(j.values);
    judge_free(&j);
}

static void the_device_side_chooses_the_rows(void **state)
{
    (void)state;
    struct judge j;
    assert_true(judge_init(&j, &wide, 1, DEVICE_SRC));
    assert_int_equal(j.check_of[0][RULE_WIDE_STORE], CHECK_NONE);
    assert_int_not_equal(j.check_of[0][RULE_REPEATED_LOAD], CHECK_NONE);
    assert_true(j.loads);
    judge_free(&j);
}

static void crash_and_timeout_hold_in_every_contract(void **state)
{
    (void)state;
    const struct contract empty = {.name = "empty"};
    struct judge j;
    assert_true(judge_init(&j, &empty, 1, DEVICE_DST));
    assert_int_equal(j.count, 2);
    assert_int_equal(j.checks[j.check_of[0][RULE_CRASH]].rule, RULE_CRASH);
    assert_int_equal(j.checks[j.check_of[0][RULE_TIMEOUT]].rule, RULE_TIMEOUT);
    judge_free(&j);
}

static void rows_for_both_sides_are_one_check_with_both_parameters(void **state)
{
    (void)state;
    struct judge j;
    assert_true(judge_init(&j, &two_sided, 1, DEVICE_BOTH));
    const struct check *check = &j.checks[j.check_of[0][RULE_SPLIT_STORE]];
    assert_int_equal(check->param_count, 2);
    assert_int_equal(check->params[0].request, REQUEST_DST_ALIGNED);
    assert_int_equal(check->params[1].request, REQUEST_SRC_ALIGNED);
    judge_free(&j);
}

static void a_tally_keeps_the_smallest_case(void **state)
{
    (void)state;
    struct tally t = {0}, other = {0};
    tally_add(&t, &(struct copy_case){.size = 5, .dst_off = 2});
    tally_add(&t, &(struct copy_case){.size = 5, .dst_off = 1});
    tally_add(&t, &(struct copy_case){.size = 6});
    assert_int_equal(t.cases, 3);
    assert_int_equal(t.witness.size, 5);
    assert_int_equal(t.witness.dst_off, 1);
    tally_merge(&t, &other);
    assert_int_equal(t.cases, 3);
    tally_add(&other, &(struct copy_case){.size = 4, .dst_off = 9});
    tally_merge(&t, &other);
    assert_int_equal(t.cases, 4);
    assert_int_equal(t.witness.size, 4);
}

static uint64_t random_state = 1;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static bool rarely(void)
{
    return random_bits() % 4 == 0;
}

static void random_side(struct shadow_side *side)
{
    side->accesses = random_bits() % 3;
    side->classes = (uint32_t)(random_bits() & random_bits()) % (1u << SITE_CLASS_COUNT);
    side->width_max = 1u << random_bits() % 7;
    side->width_min = random_bits() % 3 ? 1u << random_bits() % 5 : UINT32_MAX;
    side->torn_sizes = (uint32_t)(random_bits() & 14);
    side->any_again = rarely();
    side->missing = rarely();
    side->descending = rarely();
    side->last_byte_last = !rarely();
    side->misaligned = rarely();
    side->whole_request = !rarely();
}

static void random_facts(struct shadow *s)
{
    random_side(&s->stores);
    random_side(&s->loads);
    s->store_outside = rarely();
    s->static_store = rarely();
    s->load_outside = rarely();
    s->load_outside_page = s->load_outside && rarely();
    s->destination_load = rarely();
    s->duplicate = rarely();
    s->overlapping = rarely();
    s->transient = rarely();
    s->nontemporal_pending = rarely();
    s->store_pending = s->nontemporal_pending || rarely();
    s->unflushed = rarely();
    s->wrong_data = rarely();
    s->wrong_return = rarely();
}

static struct rule_params random_params(void)
{
    return (struct rule_params){
        .request = (enum rule_request)(random_bits() % 4),
        .max = (uint32_t)(random_bits() % 70),
        .min = (uint32_t)(random_bits() % 10),
        .same_page = rarely(),
        .all_stores = rarely(),
        .order = (enum order_wanted)(random_bits() % ORDER_WANTED_COUNT),
        .by_device = rarely(),
        .on_device = rarely(),
    };
}

static void no_rule_is_broken_that_was_not_suspected(void **state)
{
    (void)state;
    struct copy_case c = {0};
    struct trace t = {.outcome = OUTCOME_RETURNED};
    struct layout l = {0};
    struct shadow s = {.c = &c, .trace = &t, .layout = &l};
    uint64_t broken = 0, innocent = 0;
    for (int i = 0; i < 20000; i++) {
        c.size = random_bits() % 12;
        c.overlapping = rarely();
        l.size = l.dst_size = l.src_size = c.size;
        l.dst = (uint8_t *)(uintptr_t)(0x1000 + random_bits() % 16);
        l.src = (uint8_t *)(uintptr_t)(0x2000 + random_bits() % 16);
        random_facts(&s);
        t.clobbered = rarely() ? CLOBBERED_DIRECTION : 0;
        uint64_t suspected = rules_suspected(&s);
        for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
            struct rule_params p = random_params();
            bool is_broken = rule_is_broken((enum rule_id)rule, &s, &p);
            assert_false(is_broken && !(suspected >> rule & 1));
            broken |= (uint64_t)is_broken << rule;
            innocent |= ~suspected & UINT64_C(1) << rule;
        }
    }
    // Every rule that a returned case can break was met broken, and the
    // shortcut let every rule go at some time.
    const uint64_t all = (UINT64_C(1) << RULE_COUNT) - 1;
    const uint64_t not_met = UINT64_C(1) << RULE_BROKEN_BURST | 1u << RULE_CRASH |
                             1u << RULE_TIMEOUT | UINT64_C(1) << RULE_DATA_DEPENDENT |
                             // These look at accesses, of which there are none: see test_order.
                             UINT64_C(1) << RULE_UNORDERED_STORE |
                             UINT64_C(1) << RULE_UNORDERED_LOAD;
    assert_int_equal(broken, all & ~not_met);
    assert_int_equal(innocent | not_met, all);
}

static void a_case_breaks_every_check_that_says_so_and_no_other(void **state)
{
    (void)state;
    const struct contract both[] = {narrow, wide};
    struct copy_case c = {.size = 8};
    struct trace t = {.outcome = OUTCOME_RETURNED};
    struct layout l = {.size = 8, .dst_size = 8, .src_size = 8};
    struct shadow s = {.c = &c, .trace = &t, .layout = &l};
    uint16_t broken[8];
    struct judge j;
    s.stores.width_max = 8;
    s.duplicate = true;
    assert_true(judge_init(&j, both, 2, DEVICE_DST));
    assert_true(j.count <= sizeof broken / sizeof *broken);
    assert_int_equal(judge_case(&j, &s, broken), 2);
    assert_int_equal(broken[0], j.check_of[0][RULE_DUPLICATE_STORE]);
    assert_int_equal(broken[1], j.check_of[0][RULE_WIDE_STORE]);
    t.outcome = OUTCOME_FAULTED;
    assert_int_equal(judge_case(&j, &s, broken), 1);
    assert_int_equal(broken[0], j.check_of[0][RULE_CRASH]);
    judge_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contracts_share_a_check_only_with_equal_parameters),
        cmocka_unit_test(the_device_side_chooses_the_rows),
        cmocka_unit_test(crash_and_timeout_hold_in_every_contract),
        cmocka_unit_test(rows_for_both_sides_are_one_check_with_both_parameters),
        cmocka_unit_test(a_tally_keeps_the_smallest_case),
        cmocka_unit_test(no_rule_is_broken_that_was_not_suspected),
        cmocka_unit_test(a_case_breaks_every_check_that_says_so_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
