// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/picture.h"

#include "handmade.h"
#include "reports/report.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct terminal ascii = {.columns = 80};

// The bar of access INDEX, after those before it.
static void assert_bar(struct handmade *h, unsigned cells, size_t index, const char *expected)
{
    struct picture p;
    char *text;
    picture_init(&p, h->c.size, cells);
    for (size_t i = 0; i <= index; i++) {
        struct extent e = extent_of(&h->r, &h->accesses[i]);
        picture_add(&p, &e, &h->accesses[i]);
    }
    HANDMADE_TEXT(text, out, picture_print_bar(&p, &ascii, out, false));
    assert_string_equal(text, expected);
    free(text);
    picture_free(&p);
}

static void assert_sentence(struct handmade *h, const char *expected)
{
    char text[512];
    picture_sentence(&h->r, h->c.size, text, sizeof text);
    assert_string_equal(text, expected);
}

static void a_byte_stored_again_is_marked_in_the_later_bar_alone(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 15, 0);
    handmade_store(&h, 0, 8);
    handmade_store(&h, 7, 8);
    assert_bar(&h, 64, 0, "========.......");
    assert_bar(&h, 64, 1, ".......#=======");
}

static void a_cell_of_a_scaled_picture_is_marked_when_any_of_its_bytes_is(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 64, 0);
    handmade_store(&h, 0, 9);
    handmade_store(&h, 8, 8);
    assert_bar(&h, 16, 0, "===.............");
    assert_bar(&h, 16, 1, "..#=............");
}

static void a_size_that_fills_no_cell_still_has_one(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 65, 0);
    handmade_store(&h, 64, 1);
    assert_bar(&h, 64, 0, "................................=");
}

static void a_masked_store_marks_the_bytes_of_its_mask(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    struct access *a = handmade_store(&h, 0, 8);
    a->flags = ACCESS_MASKED;
    a->mask = 0x2c;
    assert_bar(&h, 8, 0, "..==.=..");
}

static void a_descending_string_op_marks_the_bytes_below_its_address(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    struct access *a = handmade_store(&h, 6, 1);
    a->count = 4;
    a->flags = ACCESS_DESCENDING;
    assert_bar(&h, 8, 0, "...====.");
}

static void bytes_outside_the_destination_are_noted_and_not_drawn(void **state)
{
    (void)state;
    struct handmade h;
    struct picture p;
    handmade_init(&h, 4, 16);
    picture_init(&p, 4, 64);
    struct access *a = handmade_store(&h, -2, 8);
    struct extent e = extent_of(&h.r, a);
    picture_add(&p, &e, a);
    assert_true(p.below);
    assert_true(p.above);
    assert_memory_equal(p.marks, "\1\1\1\1", 4);
    picture_free(&p);
}

static void the_sentence_says_once_and_ascending_of_a_plain_copy(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    handmade_store(&h, 0, 4);
    handmade_store(&h, 4, 4);
    assert_sentence(&h, "2 stores: each byte stored once, ascending.");
}

static void the_sentence_tells_bytes_stored_twice_and_where(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_store(&h, 0, 4);
    handmade_store(&h, 0, 4);
    assert_sentence(&h, "2 stores: 4 bytes (offsets 0..3) stored twice.");
}

static void the_sentence_tells_how_often_where_it_is_the_same_for_all(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 1, 0);
    for (int i = 0; i < 3; i++)
        handmade_store(&h, 0, 1);
    assert_sentence(&h, "3 stores: 1 byte (offset 0) stored 3 times.");
}

static void the_sentence_tells_descending_stores(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    handmade_store(&h, 4, 4);
    handmade_store(&h, 0, 4);
    assert_sentence(&h, "2 stores: each byte stored once, stores descend, the last byte is not "
                        "stored last.");
}

static void the_sentence_tells_bytes_never_stored(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 8, 0);
    handmade_store(&h, 0, 4);
    handmade_store(&h, 7, 1);
    assert_sentence(&h, "2 stores: 3 bytes (offsets 4..6) never stored, ascending.");
}

static void the_sentence_tells_a_store_outside(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 16);
    handmade_store(&h, 0, 4);
    handmade_store(&h, 4, 1);
    assert_sentence(&h, "2 stores: each byte stored once, ascending, the last byte is not stored "
                        "last, store 2 lies outside the destination.");
}

static void the_sentence_misses_the_fence_of_a_nontemporal_store(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_store(&h, 0, 4)->site = CLASS_NONTEMPORAL;
    assert_sentence(&h, "1 store: each byte stored once, no fence after non-temporal store 1.");
    handmade_add(&h, ACCESS_FENCE, 0, 0)->flags = ACCESS_DRAINS;
    assert_sentence(&h, "1 store: each byte stored once.");
}

static void nothing_stored_is_said(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    assert_sentence(&h, "Nothing is stored.");
    handmade_init(&h, 0, 0);
    assert_sentence(&h, "Nothing to store.");
}

static char *trace_text(struct handmade *h, bool loads, uint64_t rows_max, struct terminal terminal)
{
    struct backend backend = {.name = (char[]){"family/routine"}};
    struct trace_report report = {
        .backend = &backend, .c = &h->c, .recording = &h->r, .recorder = "hand"};
    struct text_trace_options options = {.loads = loads, .rows_max = rows_max};
    char *text;
    HANDMADE_TEXT(text, out, text_trace(&report, &options, &terminal, out));
    return text;
}

static void a_trace_has_a_row_per_store_in_program_order(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 15, 0);
    handmade_load(&h, 0, 8);
    handmade_store(&h, 0, 8);
    handmade_store(&h, 7, 8);
    handmade_add(&h, ACCESS_LOAD, HANDMADE_STACK, 8);
    char *text = trace_text(&h, false, 0, ascii);
    assert_string_equal(text, "family/routine: memcpy size=15 dst=0 src=0 fill=1\n"
                              "returned, recorder hand\n"
                              "\n"
                              "#  bytes  width  offsets 0..14\n"
                              "1   0..7      8  ========.......  scalar\n"
                              "2  7..14      8  .......#=======  scalar\n"
                              "= stored  # stored again\n"
                              "\n"
                              "on the stack: 0 stores, 1 load\n"
                              "not shown: 1 load (--loads shows them)\n"
                              "2 stores: 1 byte (offset 7) stored twice, ascending.\n");
    free(text);
}

static void loads_are_drawn_over_the_source_when_asked_for(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_load(&h, 1, 2);
    handmade_load(&h, 2, 2);
    char *text = trace_text(&h, true, 0, ascii);
    assert_non_null(strstr(text, "1  load    1..2      2  .--.  scalar\n"));
    assert_non_null(strstr(text, "2  load    2..3      2  ..+-  scalar\n"));
    free(text);
}

static void an_access_elsewhere_shows_its_address(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_add(&h, ACCESS_STORE, 0x900000, 8);
    char *text = trace_text(&h, false, 0, ascii);
    assert_non_null(strstr(text, "other 0x900000  scalar\n"));
    free(text);
}

static void rows_beyond_the_limit_are_left_out_and_counted(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 40, 0);
    for (int i = 0; i < 40; i++)
        handmade_store(&h, i, 1);
    char *text = trace_text(&h, false, 8, ascii);
    assert_non_null(strstr(text, "\n 6 "));
    assert_null(strstr(text, "\n 7 "));
    assert_non_null(strstr(text, "... 32 rows not shown; --rows 0 shows all\n39 "));
    free(text);
    text = trace_text(&h, false, 0, ascii);
    assert_non_null(strstr(text, "\n 7 "));
    free(text);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    struct handmade h;
    const unsigned sizes[] = {1, 15, 33, 64, 65, 4000}, widths[] = {60, 80, 132};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        handmade_init(&h, sizes[i], 0);
        handmade_store(&h, 0, sizes[i] < 64 ? sizes[i] : 64);
        handmade_store(&h, sizes[i] - 1, 1);
        for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
            char *text = trace_text(&h, false, 0, (struct terminal){.columns = widths[k]});
            for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
                assert_in_range(strlen(line), 0, widths[k]);
            free(text);
        }
    }
}

static void what_was_recorded_before_a_fault_is_shown_with_the_reason(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    handmade_store(&h, 0, 1);
    h.r.trace.outcome = OUTCOME_FAULTED;
    h.r.trace.signal = 11;
    h.r.trace.fault_addr = 0x110000; // the guard page after the lane
    h.r.trace.fault_pc = 0x400000;
    char *text = trace_text(&h, false, 0, ascii);
    assert_non_null(strstr(text, "faulted: SIGSEGV at dst+65536, by scalar"));
    assert_non_null(strstr(text, "=...  scalar\n"));
    free(text);
}

static void a_refusal_is_shown_with_its_reason_and_no_rows(void **state)
{
    (void)state;
    struct handmade h;
    handmade_init(&h, 4, 0);
    h.r.trace.outcome = OUTCOME_REFUSED;
    snprintf(h.r.trace.reason, sizeof h.r.trace.reason, "reached `xbegin`");
    char *text = trace_text(&h, false, 0, ascii);
    assert_string_equal(text, "family/routine: memcpy size=4 dst=0 src=0 fill=1\n"
                              "refused: reached `xbegin`, recorder hand\n\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_stored_again_is_marked_in_the_later_bar_alone),
        cmocka_unit_test(a_cell_of_a_scaled_picture_is_marked_when_any_of_its_bytes_is),
        cmocka_unit_test(a_size_that_fills_no_cell_still_has_one),
        cmocka_unit_test(a_masked_store_marks_the_bytes_of_its_mask),
        cmocka_unit_test(a_descending_string_op_marks_the_bytes_below_its_address),
        cmocka_unit_test(bytes_outside_the_destination_are_noted_and_not_drawn),
        cmocka_unit_test(the_sentence_says_once_and_ascending_of_a_plain_copy),
        cmocka_unit_test(the_sentence_tells_bytes_stored_twice_and_where),
        cmocka_unit_test(the_sentence_tells_how_often_where_it_is_the_same_for_all),
        cmocka_unit_test(the_sentence_tells_descending_stores),
        cmocka_unit_test(the_sentence_tells_bytes_never_stored),
        cmocka_unit_test(the_sentence_tells_a_store_outside),
        cmocka_unit_test(the_sentence_misses_the_fence_of_a_nontemporal_store),
        cmocka_unit_test(nothing_stored_is_said),
        cmocka_unit_test(a_trace_has_a_row_per_store_in_program_order),
        cmocka_unit_test(loads_are_drawn_over_the_source_when_asked_for),
        cmocka_unit_test(an_access_elsewhere_shows_its_address),
        cmocka_unit_test(rows_beyond_the_limit_are_left_out_and_counted),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(what_was_recorded_before_a_fault_is_shown_with_the_reason),
        cmocka_unit_test(a_refusal_is_shown_with_its_reason_and_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
