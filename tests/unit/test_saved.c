// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Saved cases, shapes and expectations: what is printed reads back the same,
// and what is no such text gives one line that names the place.

#include "findings/expectations.h"
#include "findings/saved_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_signature(const char *text, const char *expected)
{
    char shape[SIGNATURE_MAX];
    signature_of(text, shape);
    assert_string_equal(shape, expected);
}

static void a_signature_has_no_register_displacement_or_immediate(void **state)
{
    (void)state;
    assert_signature("mov qword ptr [rdi + rdx - 8], rcx", "mov qword ptr [r+r], r64");
    assert_signature("mov byte ptr [rdi], cl", "mov byte ptr [r], r8");
    assert_signature("vmovdqu ymmword ptr [r9 + 0x20], ymm1", "vmovdqu ymmword ptr [r], ymm");
    assert_signature("vmovdqu64 zmmword ptr [rdi + rcx*8 + 0x40] {k1}, zmm16",
                     "vmovdqu64 zmmword ptr [r+r*8] {k}, zmm");
    assert_signature("rep movsb byte ptr [rdi], byte ptr [rsi]",
                     "rep movsb byte ptr [r], byte ptr [r]");
    assert_signature("mov dword ptr [rip + 0x2fe4], 5", "mov dword ptr [rip], n");
    assert_signature("mov qword ptr fs:[0x28], rax", "mov qword ptr fs:[], r64");
    assert_signature("stp x3, x4, [x0, #-16]", "stp x, x, [x,]");
    assert_signature("sd a5, 24(a0)", "sd a, (a)");
    assert_signature("", "?");
}

static void equal_instructions_of_two_builds_have_one_signature(void **state)
{
    (void)state;
    char a[SIGNATURE_MAX], b[SIGNATURE_MAX];
    signature_of("movups xmmword ptr [rdi + 0x10], xmm4", a);
    signature_of("movups xmmword ptr [r11 - 0x30], xmm7", b);
    assert_string_equal(a, b);
    signature_of("movaps xmmword ptr [r11 - 0x30], xmm7", b);
    assert_string_not_equal(a, b);
}

static void a_long_instruction_fits_its_signature(void **state)
{
    (void)state;
    char text[400], shape[SIGNATURE_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    signature_of(text, shape);
    assert_int_equal(strlen(shape), SIGNATURE_MAX - 1);
}

static void an_instruction_of_another_file_has_no_signature(void **state)
{
    (void)state;
    struct site sites[] = {{.addr = 0x1010, .text = "mov byte ptr [rdi], al"},
                           {.addr = 0x5010, .text = "vmovdqu ymmword ptr [rdi], ymm0"}};
    struct access accesses[] = {{.site = 0}, {.site = 1}};
    const uint32_t both[] = {0, 1};
    struct trace t = {.accesses = accesses,
                      .count = 2,
                      .sites = sites,
                      .site_count = 2,
                      .entry = 0x1000,
                      .images = {{0x1000, 0x2000}, {0x5000, 0x6000}},
                      .image_count = 2};
    char pair[SIGNATURE_PAIR_MAX];
    signature_pair(&t, both, 2, pair);
    assert_string_equal(pair, "mov byte ptr [r], r8 | elsewhere");
    t.image_count = 1; // not known to be another's
    signature_pair(&t, both, 2, pair);
    assert_string_equal(pair, "mov byte ptr [r], r8 | vmovdqu ymmword ptr [r], ymm");
}

static char *print_saved(const struct saved *s)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    saved_print(s, out);
    fclose(out);
    return text;
}

static void a_saved_case_reads_back(void **state)
{
    (void)state;
    static const char text[] = "# from a campaign\n"
                               "backend glibc/memmove_erms\n"
                               "contract shared,./my own.contract\r\n"
                               "device both\n"
                               "rule torn-element\n"
                               "sites rep movsb byte ptr [r], byte ptr [r]\n"
                               "case memmove size=64 dst=16 src=0 overlap=16 fill=1\n";
    struct error error;
    struct saved s, again;
    assert_true(saved_parse("f", text, strlen(text), &s, &error));
    assert_string_equal(s.contracts, "shared,./my own.contract");
    assert_int_equal(s.device, DEVICE_BOTH);
    assert_true(s.has_rule);
    assert_int_equal(s.rule, RULE_TORN_ELEMENT);
    assert_int_equal(s.c.overlap, 16);
    char *printed = print_saved(&s);
    assert_true(saved_parse("f", printed, strlen(printed), &again, &error));
    char *twice = print_saved(&again);
    assert_string_equal(printed, twice);
    assert_true(saved_same(&s, &again));
    free(printed);
    free(twice);
}

static void a_plain_case_is_a_saved_case(void **state)
{
    (void)state;
    struct error error;
    struct saved s;
    assert_true(saved_parse("f", "memcpy size=7", 13, &s, &error));
    assert_string_equal(s.backend, "");
    assert_false(s.has_rule);
    assert_int_equal(s.c.size, 7);
}

static void what_is_no_saved_case_is_refused_in_one_line(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "# only a remark\n",
        "backend x/y\n",
        "case memcpy size=99999999999\n",
        "case memcpy size=1\ncase memcpy size=2\n",
        "memcpy size=1\nmemcpy size=1\n",
        "rule no-such\ncase memcpy size=1\n",
        "device up\ncase memcpy size=1\n",
        "backend a/b\nbackend a/b\ncase memcpy size=1\n",
        "backend\ncase memcpy size=1\n",
        "nonsense\x01\ncase memcpy size=1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error error = {""};
        struct saved s;
        assert_false(saved_parse("f", texts[i], strlen(texts[i]), &s, &error));
        assert_int_equal(strncmp(error.text, "f:", 2), 0);
        assert_null(strchr(error.text, '\n'));
    }
}

static void a_findings_file_is_named_for_backend_rule_and_sites_alone(void **state)
{
    (void)state;
    char a[SAVED_NAME_MAX], b[SAVED_NAME_MAX];
    struct saved s = {.backend = "../x y:f", .has_rule = true, .rule = RULE_CRASH, .sites = "-"};
    saved_name(&s, a);
    assert_null(strchr(a, '/'));
    assert_true(a[0] != '.');
    s.c.size = 5;
    saved_name(&s, b);
    assert_string_equal(a, b);
    snprintf(s.sites, sizeof s.sites, "mov");
    saved_name(&s, b);
    assert_string_not_equal(a, b);
}

// ---- expectations ----

static const char expected[] = "# remark\n"
                               "backend glibc/memcpy_erms\n"
                               "judged memcpy ram shared wc mmio@src\n"
                               "rule torn-element shared wc\n"
                               "  case memcpy size=8 dst=0 src=0 fill=1\n"
                               "  sites rep movsb byte ptr [r], byte ptr [r]\n"
                               "rule string-store wc\n"
                               "  case memcpy size=1 dst=0 src=0 fill=1\n"
                               "  sites -\n";

static bool parse(const char *text, struct expectations *e, struct error *error)
{
    *e = (struct expectations){.count = 0};
    return expect_parse("f", text, strlen(text), e, error);
}

static void expectations_read_back(void **state)
{
    (void)state;
    char *text[2];
    struct error error;
    size_t length;
    struct expectations e;
    const char *from = expected;
    for (int i = 0; i < 2; i++) {
        assert_true(parse(from, &e, &error));
        FILE *out = open_memstream(&text[i], &length);
        expect_print(&e.items[0], out);
        fclose(out);
        expect_free(&e);
        from = text[i];
    }
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static void a_finding_is_covered_by_contract_side_op_rule_and_sites(void **state)
{
    (void)state;
    struct error error;
    struct expectations e;
    struct expect_key key = {.contract = "shared", .device = DEVICE_DST, .op = OP_MEMCPY};
    const char *name = "glibc/memcpy_erms", *movs = "rep movsb byte ptr [r], byte ptr [r]";
    assert_true(parse(expected, &e, &error));
    assert_true(expect_covers(&e, name, &key, RULE_TORN_ELEMENT, movs));
    assert_false(expect_covers(&e, name, &key, RULE_TORN_ELEMENT, "mov"));
    assert_false(expect_covers(&e, name, &key, RULE_STRING_STORE, "-"));
    assert_false(expect_covers(&e, "musl/memcpy", &key, RULE_TORN_ELEMENT, movs));
    key.op = OP_MEMMOVE;
    assert_false(expect_covers(&e, name, &key, RULE_TORN_ELEMENT, movs));
    key.op = OP_MEMCPY;
    key.device = DEVICE_SRC;
    assert_false(expect_covers(&e, name, &key, RULE_TORN_ELEMENT, movs));
    assert_false(expect_is_judged(&e.items[0], &key));
    snprintf(key.contract, sizeof key.contract, "mmio");
    assert_true(expect_is_judged(&e.items[0], &key));
    expect_free(&e);
}

static void expectations_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "judged memcpy ram\n",
        "backend\n",
        "backend a/b\nbackend a/b\n",
        "backend a/b\njudged memset ram\n",
        "backend a/b\njudged memcpy ram@up\n",
        "backend a/b\nrule crash\n",
        "backend a/b\nrule crash ram\n",
        "backend a/b\nrule crash ram\nsites -\n",
        "backend a/b\nrule crash ram\ncase memcpy\n",
        "backend a/b\nrule crash ram ram\ncase memcpy size=1\n",
        "backend a/b\nrule nonsense ram\ncase memcpy size=1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error error = {""};
        struct expectations e;
        assert_false(parse(texts[i], &e, &error));
        assert_int_equal(strncmp(error.text, "f:", 2), 0);
        assert_null(strchr(error.text, '\n'));
        expect_free(&e);
    }
}

static void a_backend_has_a_file_of_its_own(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"glibc/memcpy_erms", "glibc/memcpy_erms.expect"},
        {"./libmine.so:my_copy", "%2E%2Flibmine.so:my_copy.expect"},
        {"/etc/x.o:f", "%2Fetc%2Fx.o:f.expect"},
        {"../../evil", "%2E.%2F..%2Fevil.expect"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *name = expect_file_name(rows[i][0]);
        assert_string_equal(name, rows[i][1]);
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_has_no_register_displacement_or_immediate),
        cmocka_unit_test(equal_instructions_of_two_builds_have_one_signature),
        cmocka_unit_test(a_long_instruction_fits_its_signature),
        cmocka_unit_test(an_instruction_of_another_file_has_no_signature),
        cmocka_unit_test(a_saved_case_reads_back),
        cmocka_unit_test(a_plain_case_is_a_saved_case),
        cmocka_unit_test(what_is_no_saved_case_is_refused_in_one_line),
        cmocka_unit_test(a_findings_file_is_named_for_backend_rule_and_sites_alone),
        cmocka_unit_test(expectations_read_back),
        cmocka_unit_test(a_finding_is_covered_by_contract_side_op_rule_and_sites),
        cmocka_unit_test(expectations_that_make_no_sense_are_refused),
        cmocka_unit_test(a_backend_has_a_file_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
