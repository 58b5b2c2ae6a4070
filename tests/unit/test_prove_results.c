// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a sweep and a proof say of one rule, put together: a proof adds to what conforms, and
// where the two contradict each other, neither is believed.

#include "prove/prove_results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct contract contract = {.name = "shared"};

static struct proof proof_of(enum proof_verdict verdict, enum proof_status status)
{
    struct proof p = {.contract = &contract,
                      .op = OP_MEMCPY,
                      .verdict = verdict,
                      .rule_count = 1,
                      .size_lo = 4,
                      .size_hi = 64,
                      .paths = 7,
                      .confirmed = 7};
    p.rules[0] = (struct proof_rule){.rule = RULE_TORN_ELEMENT, .status = status};
    return p;
}

static struct result conforming(void)
{
    return (struct result){
        .contract = &contract, .op = OP_MEMCPY, .verdict = VERDICT_CONFORMS, .cases = 10};
}

static struct result broken_by(struct copy_case c)
{
    struct result r = conforming();
    r.verdict = VERDICT_VIOLATES;
    r.finding_count = 1;
    r.findings[0] = (struct finding){.rule = RULE_TORN_ELEMENT, .cases = 1, .witness = c};
    return r;
}

static void what_is_proved_conforms_and_is_proved(void **state)
{
    struct proof p = proof_of(PROOF_PROVED, RULE_HOLDS);
    struct result r = conforming();
    (void)state;
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_CONFORMS);
    assert_true(r.proof.proved);
    assert_int_equal(r.proof.size_hi, 64);
    assert_int_equal(r.proof.paths, 7);
}

static void a_path_that_was_not_recorded_leaves_it_not_proved(void **state)
{
    struct proof p = proof_of(PROOF_PROVED, RULE_HOLDS);
    struct result r = conforming();
    (void)state;
    p.confirmed = 6;
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_CONFORMS);
    assert_true(r.proof.tried);
    assert_false(r.proof.proved);
    assert_true(r.proof.why[0] != '\0');
}

static void what_is_open_is_not_proved_and_says_why(void **state)
{
    struct proof p = proof_of(PROOF_OPEN, RULE_OPEN);
    struct result r = conforming();
    (void)state;
    strcpy(p.rules[0].why, "it is not known");
    result_join_proof(&r, &p);
    assert_false(r.proof.proved);
    assert_string_equal(r.proof.why, "torn-element: it is not known");
}

static void a_violation_of_what_is_proved_makes_the_result_broken(void **state)
{
    struct proof p = proof_of(PROOF_PROVED, RULE_HOLDS);
    struct result r = broken_by((struct copy_case){.op = OP_MEMCPY, .size = 8, .fill = 1});
    (void)state;
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_BROKEN);
    assert_false(r.proof.proved);
    assert_true(r.proof.contradicted);
    result_decide(&r); // and it stays so, when a saved report is read
    assert_int_equal(r.verdict, VERDICT_BROKEN);
    assert_int_equal(r.finding_count, 1);
    assert_non_null(strstr(r.reason, "torn-element"));
    assert_non_null(strstr(r.reason, "memcpy size=8 dst=0 src=0 fill=1"));
    assert_non_null(strstr(r.reason, "proved"));
}

// Another rule of the contract may be open or broken, as long as this one holds.
static void a_rule_that_holds_contradicts_whatever_becomes_of_the_others(void **state)
{
    struct proof p = proof_of(PROOF_VIOLATES, RULE_HOLDS);
    struct result r = broken_by((struct copy_case){.op = OP_MEMCPY, .size = 8, .fill = 1});
    (void)state;
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_BROKEN);
}

static void a_violation_that_the_proof_is_not_about_stays_one(void **state)
{
    static const struct copy_case others[] = {
        {.op = OP_MEMCPY, .size = 3, .fill = 1},
        {.op = OP_MEMCPY, .size = 65, .fill = 1},
        {.op = OP_MEMMOVE, .size = 8, .fill = 1},
        {.op = OP_MEMCPY, .size = 8, .fill = 1, .tunable = {0x4040}},
        {.op = OP_MEMCPY, .size = 8, .fill = 1, .overlapping = true, .overlap = 7},
        {.op = OP_MEMCPY, .size = 8, .fill = 1, .overlapping = true, .overlap = 0},
        {.op = OP_MEMCPY, .size = 8, .fill = 1, .overlapping = true, .overlap = -7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct proof p = proof_of(PROOF_PROVED, RULE_HOLDS);
        struct result r = broken_by(others[i]);
        result_join_proof(&r, &p);
        assert_int_equal(r.verdict, VERDICT_VIOLATES);
        assert_false(r.proof.proved);
    }
}

static void buffers_in_one_piece_that_lie_apart_contradict(void **state)
{
    struct proof p = proof_of(PROOF_PROVED, RULE_HOLDS);
    struct result r = broken_by((struct copy_case){
        .op = OP_MEMCPY, .size = 8, .fill = 1, .overlapping = true, .overlap = -8});
    (void)state;
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_BROKEN);
}

static void a_violation_of_what_is_open_or_broken_stays_one(void **state)
{
    static const enum proof_status statuses[] = {RULE_OPEN, RULE_BROKEN};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct proof p = proof_of(PROOF_OPEN, statuses[i]);
        struct result r = broken_by((struct copy_case){.op = OP_MEMCPY, .size = 8, .fill = 1});
        result_join_proof(&r, &p);
        assert_int_equal(r.verdict, VERDICT_VIOLATES);
    }
}

static void a_proof_that_came_to_no_end_contradicts_nothing(void **state)
{
    struct proof p = proof_of(PROOF_OPEN, RULE_HOLDS);
    struct result r = broken_by((struct copy_case){.op = OP_MEMCPY, .size = 8, .fill = 1});
    (void)state;
    strcpy(p.why, "time ran out");
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_VIOLATES);
}

static void what_was_not_judged_is_not_proved(void **state)
{
    struct proof p = proof_of(PROOF_PROVED, RULE_HOLDS);
    struct result r = conforming();
    (void)state;
    r.verdict = VERDICT_SKIPPED;
    result_join_proof(&r, &p);
    assert_int_equal(r.verdict, VERDICT_SKIPPED);
    assert_false(r.proof.tried);
}

static void a_finding_that_the_proof_led_to_is_taken_in_its_place(void **state)
{
    struct result r = broken_by((struct copy_case){.op = OP_MEMCPY, .size = 8, .fill = 1});
    struct result other = conforming();
    (void)state;
    other.finding_count = 2;
    other.findings[0] = (struct finding){.rule = RULE_MISSING_STORE, .cases = 1};
    other.findings[1] = (struct finding){.rule = RULE_DUPLICATE_STORE, .cases = 1};
    r.proof.tried = r.proof.proved = true;
    assert_true(result_take_finding(&r, RULE_DUPLICATE_STORE, &other));
    assert_false(result_take_finding(&r, RULE_SPLIT_STORE, &other));
    assert_int_equal(r.finding_count, 2);
    assert_int_equal(r.findings[0].rule, RULE_DUPLICATE_STORE);
    assert_int_equal(r.findings[1].rule, RULE_TORN_ELEMENT);
    assert_int_equal(other.finding_count, 1);
    assert_int_equal(r.verdict, VERDICT_VIOLATES);
    assert_int_equal(r.cases, 11);
    assert_false(r.proof.proved);
}

static void only_what_no_path_has_is_unreachable(void **state)
{
    struct covered_insn known[] = {{.offset = 0, .length = 1, .reached = true},
                                   {.offset = 4, .length = 1},
                                   {.offset = 8, .length = 1},
                                   {.offset = 12, .length = 1, .reached = true}};
    struct covered_insn paths[] = {{.offset = 0, .length = 1}, {.offset = 8, .length = 1}};
    struct result r = conforming();
    struct reached reached = {.known = true, .size_hi = 64};
    (void)state;
    coverage_add(&r.coverage, known, 4);
    coverage_add(&reached.insns, paths, 2);
    result_join_reached(&r, &reached);
    assert_int_equal(coverage_unreachable(&r.coverage), 1);
    assert_true(r.coverage.insns[1].unreachable);
    coverage_free(&reached.insns);
    coverage_free(&r.coverage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_proved_conforms_and_is_proved),
        cmocka_unit_test(a_path_that_was_not_recorded_leaves_it_not_proved),
        cmocka_unit_test(what_is_open_is_not_proved_and_says_why),
        cmocka_unit_test(a_violation_of_what_is_proved_makes_the_result_broken),
        cmocka_unit_test(a_rule_that_holds_contradicts_whatever_becomes_of_the_others),
        cmocka_unit_test(a_violation_that_the_proof_is_not_about_stays_one),
        cmocka_unit_test(buffers_in_one_piece_that_lie_apart_contradict),
        cmocka_unit_test(a_violation_of_what_is_open_or_broken_stays_one),
        cmocka_unit_test(a_proof_that_came_to_no_end_contradicts_nothing),
        cmocka_unit_test(what_was_not_judged_is_not_proved),
        cmocka_unit_test(a_finding_that_the_proof_led_to_is_taken_in_its_place),
        cmocka_unit_test(only_what_no_path_has_is_unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
