// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How a routine is called: what expressions come to for a case, what records hold, which
// sizes there are, and where a message says that a mistake is.

#include "backends/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct call_place place = {.dst = 0x1000,
                                        .src = 0x2000,
                                        .size = 24,
                                        .value = 0x5a,
                                        .record = 0x3000,
                                        .word_bytes = 8,
                                        .data = (const uint8_t[]){0,  1,  2,  3,  4,  5,  6,  7,
                                                                  8,  9,  10, 11, 12, 13, 14, 15,
                                                                  16, 17, 18, 19, 20, 21, 22, 23}};

static struct call *parsed(const char *text)
{
    struct error error = {""};
    struct call *call = call_parse(text, &error);
    if (!call)
        fail_msg("%s: %s", text, error.text);
    return call;
}

static void assert_words(const char *text, size_t count, const uint64_t *words)
{
    struct call *call = parsed(text);
    struct call_entry entry;
    assert_int_equal(call_words(call), count);
    call_enter(call, &place, &entry);
    assert_memory_equal(entry.words, words, count * sizeof *words);
    call_free(call);
}

static void assert_returns(const char *text, uint64_t value, uint64_t mask)
{
    struct call *call = parsed(text);
    uint64_t got;
    assert_int_equal(call_returns(call, &place, &got), value);
    assert_int_equal(got, mask);
    call_free(call);
}

// ^ stands where the mistake is.
static void assert_refused(const char *marked)
{
    char text[256] = "", wanted[300];
    const char *mark = strchr(marked, '^');
    struct error error = {""};
    snprintf(text, sizeof text, "%.*s%s", (int)(mark - marked), marked, mark + 1);
    snprintf(wanted, sizeof wanted, "'%s'", marked);
    assert_null(call_parse(text, &error));
    if (!strstr(error.text, wanted))
        fail_msg("the message is '%s'; expected one with %s", error.text, wanted);
    assert_null(strchr(error.text, '\n'));
}

static void assert_takes(const char *text, uint64_t size, bool takes)
{
    struct call *call = parsed(text);
    assert_int_equal(call_takes(call, size), takes);
    call_free(call);
}

static void arguments_are_expressions(void **state)
{
    (void)state;
    assert_words("void f(dst, src, n)", 3, (uint64_t[]){0x1000, 0x2000, 24});
    assert_words("f(src,dst,n/4)", 3, (uint64_t[]){0x2000, 0x1000, 6});
    assert_words("n f(dst_end - 8, n * 2 + 1, 7 - 2 - 1, n % 7, value)", 5,
                 (uint64_t[]){0x1010, 49, 4, 3, 0x5a});
    assert_words("? f(2 + 3 * 4, (2 + 3) * 4, -1, - -n, 0x10)", 5,
                 (uint64_t[]){14, 20, UINT64_MAX, 24, 16});
    assert_words("void f(u16@1, u64@16, u8@23 + 1)", 3,
                 (uint64_t[]){0x0201, UINT64_C(0x1716151413121110), 0x18});
    assert_words("void f(this=dst, length = n)", 2, (uint64_t[]){0x1000, 24});
    assert_words("0 f()", 0, (uint64_t[]){0});
}

static void records_lie_as_c_lays_structs_out(void **state)
{
    (void)state;
    struct call *call = parsed("void f(&{dst, u8:1, u16:n, u32:3}, &{&{src}})");
    struct call_entry entry;
    call_enter(call, &place, &entry);
    static const uint8_t first[] = {0, 0x10, 0, 0, 0, 0, 0, 0, 1, 0, 24, 0, 3, 0, 0, 0};
    assert_int_equal(entry.words[0], 0x3000);
    assert_memory_equal(entry.record, first, sizeof first);
    assert_int_equal(entry.words[1], 0x3010);
    assert_int_equal(entry.record[16] | entry.record[17] << 8, 0x3020);
    assert_int_equal(entry.record[33], 0x20);
    assert_int_equal(entry.record_bytes, 48);
    call_free(call);
}

static void words_and_records_are_those_of_the_cpu(void **state)
{
    (void)state;
    struct call_place narrow = place;
    struct call *call = parsed("void f(-1, &{n, u16:1})");
    struct call_entry entry;
    narrow.word_bytes = 4;
    narrow.big_endian = true;
    call_enter(call, &narrow, &entry);
    static const uint8_t record[] = {0, 0, 0, 24, 0, 1};
    assert_int_equal(entry.words[0], UINT32_MAX);
    assert_memory_equal(entry.record, record, sizeof record);
    call_free(call);
}

static void what_is_returned_says_how_much_of_it_counts(void **state)
{
    (void)state;
    assert_returns("void f()", 0, 0);
    assert_returns("? f()", 0, 0);
    assert_returns("f()", 0, 0);
    assert_returns("dst f()", 0x1000, UINT64_MAX);
    assert_returns("dst+n f()", 0x1018, UINT64_MAX);
    assert_returns("n f()", 24, UINT64_MAX);
    assert_returns("0 f()", 0, UINT32_MAX);
    assert_returns("-1 f()", UINT32_MAX, UINT32_MAX);
    assert_returns("u8:1 f()", 1, UINT8_MAX);
    assert_returns("u32:n f()", 24, UINT32_MAX);
}

static void a_size_that_an_expression_cannot_make_is_none(void **state)
{
    (void)state;
    assert_takes("f(n/4)", 8, true);
    assert_takes("f(n/4)", 0, true);
    assert_takes("f(n/4)", 6, false);
    assert_takes("f(n % 4)", 6, true);
    assert_takes("f(n - 4)", 3, false);
    assert_takes("f(n - 4)", 4, true);
    assert_takes("f(dst - 4, -1)", 0, true);
    assert_takes("f(&{u8:n})", 255, true);
    assert_takes("f(&{u8:n})", 256, false);
    assert_takes("f(8/(n-8))", 8, false);
    assert_takes("n/2 f(n)", 3, false);
}

static void the_sizes_are_a_unit_and_a_smallest_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t min, unit;
    } rows[] = {{"f(n)", 0, 1}, {"f(n/4)", 0, 4}, {"f(n/8/2)", 0, 16}, {"f((n-4)/4)", 4, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call *call = parsed(rows[i].text);
        uint64_t min, unit;
        call_sizes(call, &min, &unit);
        assert_int_equal(min, rows[i].min);
        assert_int_equal(unit, rows[i].unit);
        call_free(call);
    }
    struct call *call = parsed("f((n+4)/8)");
    assert_int_equal(call_size_near(call, 11), 4);
    assert_int_equal(call_size_near(call, 1), 4);
    call_free(call);
}

static void names_of_other_languages_are_names(void **state)
{
    (void)state;
    static const char *const names[] = {"copy",
                                        "hw::Bar::write",
                                        "hw::Bar::write(unsigned int const*, unsigned long)",
                                        "<hw::Bar as hw::Io>::write",
                                        "void_copy",
                                        "nn",
                                        "hw::operator=(hw::X const&)"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[128];
        snprintf(text, sizeof text, "dst+n %s(this=&{dst}, n)", names[i]);
        struct call *call = parsed(text);
        assert_string_equal(call_name(call), names[i]);
        assert_int_equal(call_words(call), 2);
        call_free(call);
    }
}

static void a_name_may_be_put_in_later(void **state)
{
    (void)state;
    struct call *call = parsed("void (dst, n)");
    assert_string_equal(call_name(call), "");
    char *text = call_text_of(call, "copy");
    assert_string_equal(text, "void copy(dst, n)");
    free(text);
    call_free(call);
}

static void a_mistake_is_marked_where_it_is(void **state)
{
    (void)state;
    assert_refused("void f(dst, ^srcc, n)");
    assert_refused("void f(dst, src, n/^)");
    assert_refused("void f(dst, src, n ^n)");
    assert_refused("void f(dst ^* 2)");
    assert_refused("void f(n / 2 ^% src)");
    assert_refused("void f(&^dst)");
    assert_refused("void f(&{dst, ^})");
    assert_refused("void f(&{dst^)");
    assert_refused("void f(dst) ^const");
    assert_refused("^void *f(dst)");
    assert_refused("^int f(dst)");
    assert_refused("void f^");
    assert_refused("^");
    assert_refused("u32:^x f(dst)");
    assert_refused("void f(1, 2, 3, 4, 5, 6, 7, 8, ^9)");
}

static void nesting_and_length_have_limits(void **state)
{
    (void)state;
    char text[2000] = "f(";
    struct error error;
    for (unsigned i = 0; i < 100; i++)
        strcat(text, "(");
    strcat(text, "n");
    for (unsigned i = 0; i < 100; i++)
        strcat(text, ")");
    strcat(text, ")");
    assert_null(call_parse(text, &error));
    memset(text, '-', sizeof text - 1);
    assert_null(call_parse(text, &error));
    strcpy(text, "f(&{");
    for (unsigned i = 0; i < 70; i++)
        strcat(text, "n,");
    strcat(text, "n})");
    assert_null(call_parse(text, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_expressions),
        cmocka_unit_test(records_lie_as_c_lays_structs_out),
        cmocka_unit_test(words_and_records_are_those_of_the_cpu),
        cmocka_unit_test(what_is_returned_says_how_much_of_it_counts),
        cmocka_unit_test(a_size_that_an_expression_cannot_make_is_none),
        cmocka_unit_test(the_sizes_are_a_unit_and_a_smallest_one),
        cmocka_unit_test(names_of_other_languages_are_names),
        cmocka_unit_test(a_name_may_be_put_in_later),
        cmocka_unit_test(a_mistake_is_marked_where_it_is),
        cmocka_unit_test(nesting_and_length_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
