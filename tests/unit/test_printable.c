// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_cannot_be_read_becomes_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"", ""},
        {"plain ~ text", "plain ~ text"},
        {"a\nb\tc\rd", "a?b?c?d"},
        {"\033[2J\177", "?[2J?"},
        {"\xc2\x9b"
         "2J",
         "??2J"},                                         // CSI as UTF-8
        {"\x9b", "?"},                                    // and as one byte
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},     // letters
        {"\xe2\x96\x92\xc2\xb7", "\xe2\x96\x92\xc2\xb7"}, // signs of pictures
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xe2\x80\xaevil\xe2\x80\xa8", "???vil???"}, // turns direction; line separator
        {"\xe2\x96", "\xe2?"},                        // cut off: 0x96 alone is a C1 control
        {"caf\xe9", "caf\xe9"},                       // Latin-1
        {"\xc0\x8a", "\xc0?"},                        // an overlong newline
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        strcpy(text, rows[i].text);
        assert_string_equal(printable(text), rows[i].shown);
    }
}

static void beginnings_of_characters_are_told(void **state)
{
    (void)state;
    assert_true(printable_is_part("\xe2\x96", 2));
    assert_true(printable_is_part("\xe2", 1));
    assert_false(printable_is_part("\xe2\x96\x92", 3));
    assert_false(printable_is_part("\xe2x", 2));
    assert_false(printable_is_part("x", 1));
    assert_false(printable_is_part("\x96", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_becomes_question_marks),
        cmocka_unit_test(beginnings_of_characters_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
