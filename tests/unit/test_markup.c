// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/dedup.h"
#include "reports/svg/markup.h"

#include "handmade.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_text(const char *text, const char *expected)
{
    struct markup m;
    char *written;
    HANDMADE_TEXT(written, out, markup_init(&m, out); markup_text(&m, text));
    assert_string_equal(written, expected);
    free(written);
}

static void text_cannot_become_markup(void **state)
{
    (void)state;
    assert_text("</p><script>&\"'", "&lt;/p&gt;&lt;script&gt;&amp;&quot;'");
}

static void what_xml_does_not_allow_is_replaced(void **state)
{
    (void)state;
    // A control character, a stray byte, an overlong slash, a surrogate, U+FFFE.
    assert_text("a\x01z", "a\xef\xbf\xbdz");
    assert_text("a\xffz", "a\xef\xbf\xbdz");
    assert_text("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_text("\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_text("\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    // Cut short by the end of the text.
    assert_text("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void utf8_stays_as_it_is(void **state)
{
    (void)state;
    assert_text("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9b\t\n",
                "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9b\t\n");
}

static void elements_close_as_html_and_as_svg_want_it(void **state)
{
    (void)state;
    struct markup m;
    char *written;
    HANDMADE_TEXT(written, out, {
        markup_init(&m, out);
        markup_open_class(&m, "div", "a\"b");
        markup_open(&m, "br");
        markup_close(&m);
        markup_open(&m, "p");
        markup_close(&m);
        markup_open(&m, "svg");
        markup_open(&m, "rect");
        markup_close_all(&m, 2);
        markup_open(&m, "p");
        markup_close_all(&m, 2);
    });
    assert_string_equal(written,
                        "<div class=\"a&quot;b\"><br><p></p><svg><rect/></svg><p></p></div>");
    free(written);
}

static void a_terse_one_leaves_out_what_html_lets_go(void **state)
{
    (void)state;
    struct markup m;
    char *written;
    HANDMADE_TEXT(written, out, {
        markup_init(&m, out);
        m.terse = true;
        markup_open_class(&m, "ul", "a b");
        markup_element(&m, "li", "c", "1");
        markup_open_class(&m, "li", "");
        markup_open(&m, "a");
        markup_attr(&m, "href", "#x");
        markup_close(&m);
        markup_open(&m, "a");
        markup_attr(&m, "href", "/y/?z=\"");
        markup_close_all(&m, 2);
        markup_open(&m, "svg");
        markup_open_class(&m, "g", "");
        markup_attr(&m, "class", "");
        markup_close(&m);
        markup_open_class(&m, "path", "d");
        markup_close_all(&m, 3);
    });
    // A slash would be of the value before it, where that has no quotes.
    assert_string_equal(written, "<ul class=\"a b\"><li class=c>1<li><a href=#x></a>"
                                 "<a href=\"/y/?z=&quot;\"></a>"
                                 "<svg><g class=\"\"/><path class=d /></svg></ul>");
    free(written);
}

static void draw(struct dedup *dedup, struct markup *m, const char *what)
{
    struct dedup_drawing drawing;
    dedup_begin(&drawing, m);
    markup_element(&drawing.markup, "text", "", what);
    dedup_end(dedup, &drawing, m);
}

static void a_drawing_that_comes_again_is_referred_to(void **state)
{
    (void)state;
    struct dedup dedup = {.entries = NULL};
    struct markup m;
    char *written;
    HANDMADE_TEXT(written, out, {
        markup_init(&m, out);
        markup_open(&m, "svg");
        draw(&dedup, &m, "a");
        draw(&dedup, &m, "b");
        draw(&dedup, &m, "a");
        markup_close(&m);
    });
    assert_string_equal(written, "<svg><g id=\"p0\" class=\"pic\"><text>a</text></g><g id=\"p1\" "
                                 "class=\"pic\"><text>b</text></g>"
                                 "<use href=\"#p0\"/></svg>");
    free(written);
    dedup_free(&dedup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_cannot_become_markup),
        cmocka_unit_test(what_xml_does_not_allow_is_replaced),
        cmocka_unit_test(utf8_stays_as_it_is),
        cmocka_unit_test(elements_close_as_html_and_as_svg_want_it),
        cmocka_unit_test(a_terse_one_leaves_out_what_html_lets_go),
        cmocka_unit_test(a_drawing_that_comes_again_is_referred_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
