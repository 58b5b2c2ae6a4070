// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "handmade.h"
#include "reports/format.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct backend backend = {.name = (char[]){"family/routine"}};

static cJSON *parse(char *text)
{
    cJSON *o = cJSON_ParseWithOpts(text, NULL, 1);
    if (o == NULL)
        print_error("no JSON: %s\n", text);
    assert_non_null(o);
    free(text);
    return o;
}

static cJSON *trace_json_of(struct handmade *h, const struct backend *b)
{
    struct trace_report trace = {.backend = b, .c = &h->c, .recording = &h->r, .recorder = "hand"};
    struct host host = {.cpu = "a CPU"};
    struct run_facts facts = {.command = FORMAT_TRACE, .host = &host};
    char *text;
    HANDMADE_TEXT(text, out,
                  format_json.trace(&(struct report){.facts = &facts, .out = out}, &trace));
    return parse(text);
}

static cJSON *trace_json(struct handmade *h)
{
    return trace_json_of(h, &backend);
}

static cJSON *results_json(const struct result *results, size_t count, bool interrupted)
{
    struct host host = {.cpu = "a CPU", .features = "avx erms"};
    struct totals totals = {.interrupted = interrupted};
    struct run_facts facts = {.command = FORMAT_CHECK, .host = &host, .totals = &totals};
    struct report r = {.format = &format_json, .facts = &facts};
    char *text;
    HANDMADE_TEXT(text, out, r.out = out; format_json.begin(&r);
                  for (size_t i = 0; i < count; i++) format_json.add(&r, &results[i], 1);
                  format_json.end(&r));
    return parse(text);
}

static const cJSON *at(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (item == NULL)
        print_error("no key %s\n", key);
    assert_non_null(item);
    return item;
}

static const cJSON *access_at(const cJSON *o, int index)
{
    const cJSON *item = cJSON_GetArrayItem(at(o, "accesses"), index);
    assert_non_null(item);
    return item;
}

static void assert_text(const cJSON *o, const char *key, const char *expected)
{
    assert_true(cJSON_IsString(at(o, key)));
    assert_string_equal(at(o, key)->valuestring, expected);
}

static void assert_number(const cJSON *o, const char *key, double expected)
{
    assert_true(cJSON_IsNumber(at(o, key)));
    assert_true(at(o, key)->valuedouble == expected);
}

static void a_trace_has_its_case_outcome_and_accesses_in_order(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 3);
    handmade_load(&h, 0, 8)->site = CLASS_VECTOR;
    handmade_values(&h, handmade_store(&h, 0, 8), 0);
    cJSON *o = trace_json(&h);
    assert_text(o, "case", "memcpy size=8 dst=3 src=0 fill=1");
    assert_text(o, "outcome", "returned");
    assert_true(cJSON_IsNull(at(o, "reason")));
    assert_int_equal(cJSON_GetArraySize(at(o, "accesses")), 2);
    const cJSON *load = access_at(o, 0), *store = access_at(o, 1);
    assert_text(load, "kind", "load");
    assert_text(load, "region", "src");
    assert_text(load, "class", "vector");
    assert_true(cJSON_IsNull(at(load, "value")));
    assert_text(store, "kind", "store");
    assert_text(store, "region", "dst");
    assert_number(store, "offset", 0);
    assert_number(store, "width", 8);
    assert_number(store, "count", 1);
    assert_true(cJSON_IsNull(at(store, "mask")));
    assert_text(store, "value", "0x706050403020100");
    assert_int_equal(cJSON_GetArraySize(at(o, "fields")), 0);
    assert_number(store, "pc", 0x400000);
    assert_text(store, "site", "scalar");
    assert_text(store, "class", "scalar");
    cJSON_Delete(o);
}

static void numbers_that_a_double_cannot_hold_are_strings(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 64, 0);
    struct access *a = handmade_store(&h, 0, 64);
    a->flags = ACCESS_MASKED;
    a->mask = UINT64_MAX - 1;
    handmade_add(&h, ACCESS_STORE, UINT64_MAX - 15, 8);
    handmade_add(&h, ACCESS_STORE, UINT64_C(1) << 53, 8);
    h.c.fill = UINT64_C(0x8000000000000001);
    cJSON *o = trace_json(&h);
    assert_text(access_at(o, 0), "mask", "0xfffffffffffffffe");
    assert_number(access_at(o, 0), "offset", 0); // the mask counts from there
    assert_text(access_at(o, 1), "region", "other");
    assert_number(access_at(o, 2), "offset", 9007199254740992.0);
    assert_text(o, "fill", "0x8000000000000001");
    cJSON_Delete(o);
}

static void offsets_below_the_destination_are_negative_numbers(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 16);
    handmade_store(&h, -3, 1);
    cJSON *o = trace_json(&h);
    assert_number(access_at(o, 0), "offset", -3);
    cJSON_Delete(o);
}

static void the_value_of_a_descending_string_op_is_in_memory_order(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    struct access *a = handmade_store(&h, 3, 1);
    a->count = 4;
    a->flags = ACCESS_DESCENDING;
    handmade_values(&h, a, 1); // 1 goes to offset 3, 4 to offset 0
    cJSON *o = trace_json(&h);
    assert_text(access_at(o, 0), "value", "0x1020304");
    assert_number(access_at(o, 0), "offset", 0);
    assert_true(cJSON_IsTrue(at(access_at(o, 0), "descending")));
    cJSON_Delete(o);
}

static void a_value_keeps_inner_zeros_and_loses_leading_ones(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_values(&h, handmade_store(&h, 0, 4), 0);
    memcpy(h.values, "\x01\x00\x02\x00", 4);
    handmade_values(&h, handmade_store(&h, 0, 2), 0);
    memcpy(h.values + 4, "\0\0", 2);
    cJSON *o = trace_json(&h);
    assert_text(access_at(o, 0), "value", "0x20001");
    assert_text(access_at(o, 1), "value", "0x0");
    cJSON_Delete(o);
}

static void a_fault_is_the_outcome_and_what_came_before_is_there(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_store(&h, 0, 1);
    h.r.trace.outcome = OUTCOME_FAULTED;
    h.r.trace.signal = 11;
    cJSON *o = trace_json(&h);
    assert_text(o, "outcome", "faulted");
    assert_true(cJSON_IsString(at(o, "reason")));
    assert_int_equal(cJSON_GetArraySize(at(o, "accesses")), 1);
    cJSON_Delete(o);
}

static struct result a_result(enum verdict verdict)
{
    static struct contract contract = {.name = "mmio"};
    return (struct result){.backend = &backend,
                           .contract = &contract,
                           .op = OP_MEMMOVE,
                           .recorder = "rewrite",
                           .verdict = verdict,
                           .cases = 262144,
                           .planned = 262144,
                           .seconds = 0.5};
}

static void a_finding_has_its_rule_witness_and_accesses(void **state)
{
    (void)state;
    struct handmade h;
    uint32_t indices[] = {1};
    handmade_init(&h, 1, 0);
    handmade_store(&h, 0, 1);
    handmade_store(&h, 0, 1);
    struct result r = a_result(VERDICT_VIOLATES);
    r.finding_count = 1;
    r.findings[0] = (struct finding){.rule = RULE_DUPLICATE_STORE,
                                     .cases = 4096,
                                     .witness = h.c,
                                     .recording = h.r,
                                     .accesses = indices,
                                     .access_count = 1,
                                     .message = "say \"why\""};
    cJSON *o = results_json(&r, 1, false);
    assert_text(o, "storescope", "0.1");
    assert_true(cJSON_IsObject(at(o, "host")));
    assert_true(cJSON_IsFalse(at(o, "interrupted")));
    const cJSON *result = cJSON_GetArrayItem(at(o, "results"), 0);
    assert_text(result, "backend", "family/routine");
    assert_text(result, "contract", "mmio");
    assert_text(result, "op", "memmove");
    assert_text(result, "recorder", "rewrite");
    assert_text(result, "verdict", "violates");
    assert_number(result, "cases", 262144);
    assert_true(cJSON_IsNull(at(result, "skipped_reason")));
    const cJSON *finding = cJSON_GetArrayItem(at(result, "findings"), 0);
    assert_text(finding, "rule", "duplicate-store");
    assert_number(finding, "cases", 4096);
    assert_text(finding, "message", "say \"why\"");
    const cJSON *witness = at(finding, "witness");
    assert_text(witness, "case", "memcpy size=1 dst=0 src=0 fill=1");
    assert_number(witness, "size", 1);
    assert_int_equal(cJSON_GetArraySize(at(witness, "accesses")), 1);
    assert_number(access_at(witness, 0), "width", 1);
    cJSON_Delete(o);
}

static void a_skipped_result_has_its_reason_and_no_findings(void **state)
{
    (void)state;
    struct result r = a_result(VERDICT_SKIPPED);
    snprintf(r.reason, sizeof r.reason, "CPU lacks rtm");
    cJSON *o = results_json(&r, 1, true);
    const cJSON *result = cJSON_GetArrayItem(at(o, "results"), 0);
    assert_text(result, "skipped_reason", "CPU lacks rtm");
    assert_int_equal(cJSON_GetArraySize(at(result, "findings")), 0);
    assert_true(cJSON_IsTrue(at(o, "interrupted")));
    cJSON_Delete(o);
}

static void a_broken_result_has_a_reason_but_no_skipped_reason(void **state)
{
    (void)state;
    struct result r = a_result(VERDICT_BROKEN);
    snprintf(r.reason, sizeof r.reason, "bytes changed without a store");
    cJSON *o = results_json(&r, 1, false);
    const cJSON *result = cJSON_GetArrayItem(at(o, "results"), 0);
    assert_true(cJSON_IsNull(at(result, "skipped_reason")));
    assert_text(result, "reason", "bytes changed without a store");
    cJSON_Delete(o);
}

static void many_results_and_none_at_all_are_both_valid(void **state)
{
    (void)state;
    struct result r[] = {a_result(VERDICT_CONFORMS), a_result(VERDICT_CONFORMS)};
    cJSON *o = results_json(r, 2, false);
    assert_int_equal(cJSON_GetArraySize(at(o, "results")), 2);
    cJSON_Delete(o);
    o = results_json(r, 0, true);
    assert_int_equal(cJSON_GetArraySize(at(o, "results")), 0);
    cJSON_Delete(o);
}

static void a_name_that_is_not_utf8_is_made_so(void **state)
{
    (void)state;
    struct handmade h;
    struct backend odd = {.name = (char[]){"./li\xff"
                                           "b\xc3\xa9.so:f"}};
    handmade_init(&h, 0, 0);
    cJSON *o = trace_json_of(&h, &odd);
    assert_text(o, "backend", "./li?b\xc3\xa9.so:f");
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_has_its_case_outcome_and_accesses_in_order),
        cmocka_unit_test(numbers_that_a_double_cannot_hold_are_strings),
        cmocka_unit_test(offsets_below_the_destination_are_negative_numbers),
        cmocka_unit_test(the_value_of_a_descending_string_op_is_in_memory_order),
        cmocka_unit_test(a_value_keeps_inner_zeros_and_loses_leading_ones),
        cmocka_unit_test(a_fault_is_the_outcome_and_what_came_before_is_there),
        cmocka_unit_test(a_finding_has_its_rule_witness_and_accesses),
        cmocka_unit_test(a_skipped_result_has_its_reason_and_no_findings),
        cmocka_unit_test(a_broken_result_has_a_reason_but_no_skipped_reason),
        cmocka_unit_test(many_results_and_none_at_all_are_both_valid),
        cmocka_unit_test(a_name_that_is_not_utf8_is_made_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
