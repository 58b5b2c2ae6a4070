// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/text/matrix.h"

#include "handmade.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CONTRACTS = 9 };

static struct contract contracts[CONTRACTS];

static int take_contracts(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACTS; i++)
        contracts[i] = *contract_builtin(i);
    return contract_builtin_count >= CONTRACTS ? 0 : -1;
}

// A line of results: `marks` has a character per contract, o conforms, s
// skipped, b broken, d duplicate-store, l last-byte-not-last.
static void add(struct matrix *m, const struct backend *backend, const char *marks,
                const char *reason)
{
    struct result *results = calloc(m->contract_count, sizeof *results);
    for (size_t i = 0; i < m->contract_count; i++) {
        struct result *r = &results[i];
        *r = (struct result){.backend = backend, .contract = &m->contracts[i], .op = OP_MEMCPY};
        r->verdict = marks[i] == 'o'   ? VERDICT_CONFORMS
                     : marks[i] == 's' ? VERDICT_SKIPPED
                     : marks[i] == 'b' ? VERDICT_BROKEN
                                       : VERDICT_VIOLATES;
        r->finding_count = r->verdict == VERDICT_VIOLATES;
        r->findings[0].rule = marks[i] == 'd' ? RULE_DUPLICATE_STORE : RULE_LAST_BYTE_NOT_LAST;
        r->findings[0].witness = (struct copy_case){.op = OP_MEMCPY, .size = 2, .fill = 1};
        snprintf(r->reason, sizeof r->reason, "%s", reason);
    }
    matrix_add(m, results);
    free(results);
}

static char *print(const struct matrix *m, unsigned columns)
{
    struct terminal terminal = {.columns = columns};
    static char *text; // gcc 12 takes a local one for dangling
    HANDMADE_TEXT(text, out, matrix_print(m, &terminal, out));
    return text;
}

static void every_rule_has_a_short_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        const char *name = matrix_rule_short((enum rule_id)i);
        assert_in_range(strlen(name), 1, 4);
        assert_string_not_equal(name, "rule");
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(name, matrix_rule_short((enum rule_id)k));
    }
}

static void nine_contracts_and_a_long_name_fit_80_columns(void **state)
{
    (void)state;
    struct matrix m;
    struct backend long_name = {.name = (char[]){"glibc/memmove_avx512_unaligned_erms"}},
                   path = {.name = (char[]){"./some/folder/further/down/libmine.so:my_copy"}};
    matrix_init(&m, contracts, CONTRACTS);
    add(&m, &long_name, "oddsdbldd", "why");
    add(&m, &path, "ddddddddd", "");
    char *text = print(&m, 80);
    assert_non_null(strstr(text, "glibc/memmove_avx512_unaligned_erms ok   dup  dup  skip dup  ?"
                                 "    last dup  dup\n"));
    assert_non_null(strstr(text, "..r/further/down/libmine.so:my_copy dup"));
    assert_non_null(strstr(text, "dup=duplicate-store"));
    assert_non_null(strstr(text, "skip=skipped ?=broken"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_in_range(strlen(line), 0, 80);
    free(text);
    matrix_free(&m);
}

static void rules_are_shown_in_full_where_there_is_room(void **state)
{
    (void)state;
    struct matrix m;
    struct backend b = {.name = (char[]){"loop/byte"}};
    matrix_init(&m, contracts, 2);
    add(&m, &b, "od", "");
    char *text = print(&m, 80);
    assert_non_null(strstr(text, "duplicate-store\n"));
    assert_null(strstr(text, "dup=")); // nothing to explain
    free(text);
    matrix_free(&m);
}

static void contracts_that_do_not_fit_go_into_blocks(void **state)
{
    (void)state;
    struct matrix m;
    struct backend b = {.name = (char[]){"loop/byte"}};
    matrix_init(&m, contracts, CONTRACTS);
    add(&m, &b, "ddddddddl", "");
    char *text = print(&m, 40);
    const char *first = strstr(text, "loop/byte"), *second = strstr(first + 1, "loop/byte");
    assert_non_null(second);
    assert_non_null(strstr(second, " last\n"));
    free(text);
    matrix_free(&m);
}

static void the_first_broken_rule_is_told_once_for_all_contracts_that_share_it(void **state)
{
    (void)state;
    struct matrix m;
    struct backend b = {.name = (char[]){"loop/byte"}};
    matrix_init(&m, contracts, CONTRACTS);
    add(&m, &b, "oddoldooo", "");
    char *text = print(&m, 80);
    assert_non_null(strstr(text, "loop/byte\n"
                                 "  duplicate-store (qemu-ram, shared, mmio): memcpy size=2 "
                                 "dst=0 src=0 fill=1\n"
                                 "  last-byte-not-last (wc): memcpy size=2 dst=0 src=0 fill=1\n"));
    free(text);
    matrix_free(&m);
}

static void backends_that_did_not_run_are_listed_by_reason(void **state)
{
    (void)state;
    struct matrix m;
    struct backend a = {.name = (char[]){"glibc/a_rtm"}}, b = {.name = (char[]){"x/y"}},
                   c = {.name = (char[]){"glibc/c_rtm"}};
    matrix_init(&m, contracts, CONTRACTS);
    add(&m, &a, "sssssssss", "CPU lacks rtm");
    add(&m, &b, "sssssssss", "install x-dev");
    add(&m, &c, "sssssssss", "CPU lacks rtm");
    char *text = print(&m, 80);
    assert_string_equal(text, "skipped: CPU lacks rtm: 2 routines\n  glibc/a_rtm, glibc/c_rtm\n"
                              "skipped: install x-dev: 1 routine\n  x/y\n");
    free(text);
    matrix_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_a_short_name_of_its_own),
        cmocka_unit_test(nine_contracts_and_a_long_name_fit_80_columns),
        cmocka_unit_test(rules_are_shown_in_full_where_there_is_room),
        cmocka_unit_test(contracts_that_do_not_fit_go_into_blocks),
        cmocka_unit_test(the_first_broken_rule_is_told_once_for_all_contracts_that_share_it),
        cmocka_unit_test(backends_that_did_not_run_are_listed_by_reason),
    };
    return cmocka_run_group_tests(tests, take_contracts, NULL);
}
