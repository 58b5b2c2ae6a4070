// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Each rule about stores on a trace by hand that breaks it, and no other rule where
// that can be, and on a near miss that does not.

#include "scene.h"

static void a_byte_stored_again_by_the_same_range_is_a_duplicate(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    store(sc, 8, 8);
    store(sc, 8, 8)->site = CLASS_ATOMIC;
    end(sc);
    assert_breaks_only(sc, 2, RULE_DUPLICATE_STORE, RULE_ATOMIC_STORE);
    assert_witness(sc, RULE_DUPLICATE_STORE, 2, 3, 4);
    assert_message(sc, RULE_DUPLICATE_STORE,
                   "byte 8 is stored by `scalar` and again by `atomic`: a guest that clears it in "
                   "between loses its write");
}

static void a_byte_stored_again_by_another_range_is_an_overlap(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    store(sc, 8, 8);
    store(sc, 12, 4);
    end(sc);
    assert_breaks_only(sc, 1, RULE_OVERLAPPING_STORE);
    assert_witness(sc, RULE_OVERLAPPING_STORE, 2, 3, 4);
}

// One byte that held 0x11, stored as FIRST and then as 0x22.
static void store_twice(struct scene *sc, uint8_t first)
{
    load_all(sc);
    sc->old[0] = 0x11;
    sc->layout.dst[0] = sc->expected[0] = 0x22;
    sc->values[0] = first;
    sc->values[1] = 0x22;
    store(sc, 0, 1)->value = 0;
    store(sc, 0, 1)->value = 1;
    sc->trace.values = sc->values;
    sc->trace.value_bytes = 2;
    end(sc);
}

static void a_value_neither_old_nor_final_is_transient(void **state)
{
    (void)state;
    struct scene *sc = copy_of(1, 0, 0);
    store_twice(sc, 0x33);
    assert_breaks_only(sc, 2, RULE_DUPLICATE_STORE, RULE_TRANSIENT_VALUE);
    assert_witness(sc, RULE_TRANSIENT_VALUE, 2, 1, 2);
    assert_message(sc, RULE_TRANSIENT_VALUE,
                   "byte 0 holds 0x33, neither its old nor its final value, from `scalar` until "
                   "`scalar`");
    for (unsigned first = 0x11; first <= 0x22; first += 0x11) {
        sc = copy_of(1, 0, 0);
        store_twice(sc, (uint8_t)first);
        assert_breaks_only(sc, 1, RULE_DUPLICATE_STORE);
    }
}

static void a_small_request_in_two_stores_is_split(void **state)
{
    (void)state;
    struct scene *sc = copy_of(2, 1, 0);
    load_all(sc);
    store(sc, 0, 1);
    store(sc, 1, 1);
    end(sc);
    assert_breaks_only(sc, 1, RULE_SPLIT_STORE);
    assert_witness(sc, RULE_SPLIT_STORE, 2, 1, 2);
    assert_message(sc, RULE_SPLIT_STORE,
                   "the request of 2 bytes is made as 2 stores, not as one of 2 bytes: the "
                   "first, by `scalar`, is 1 byte wide");
    sc->params.max = 1;
    assert_false(breaks(sc, RULE_SPLIT_STORE));
    sc->params = (struct rule_params){.request = REQUEST_SRC_ALIGNED};
    assert_true(breaks(sc, RULE_SPLIT_STORE));
    sc->params.request = REQUEST_DST_ALIGNED;
    assert_false(breaks(sc, RULE_SPLIT_STORE));
    sc->params.request = REQUEST_BOTH_ALIGNED;
    assert_false(breaks(sc, RULE_SPLIT_STORE));

    sc = copy_of(3, 0, 0); // not a size that can be one store
    load_all(sc);
    store(sc, 0, 2);
    store(sc, 2, 1);
    end(sc);
    assert_breaks_none(sc);
}

static void the_request_of_a_rule_limits_it_to_small_aligned_copies(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= 16; size++) {
        for (uint32_t off = 0; off < 8; off++) {
            struct scene *sc = copy_of(size, off, 0);
            load_all(sc);
            store(sc, -64, 1);
            end(sc);
            bool small = size == 1 || size == 2 || size == 4 || size == 8;
            sc->params.request = REQUEST_DST_ALIGNED;
            assert_int_equal(breaks(sc, RULE_OUT_OF_BOUNDS_STORE), small && off % size == 0);
            sc->params.request = REQUEST_SRC_ALIGNED;
            assert_int_equal(breaks(sc, RULE_OUT_OF_BOUNDS_STORE), small);
            sc->params.request = REQUEST_ANY;
            assert_true(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));
        }
    }
}

static void an_aligned_element_in_two_stores_is_torn(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    store(sc, 8, 4);
    store(sc, 12, 4);
    end(sc);
    assert_breaks_only(sc, 1, RULE_TORN_ELEMENT);
    assert_witness(sc, RULE_TORN_ELEMENT, 2, 3, 4);
    assert_message(sc, RULE_TORN_ELEMENT,
                   "the aligned 8 bytes at offset 8 are stored in part by `scalar`, then by "
                   "`scalar`: a reader can see half of them new");
    sc->params.max = 4;
    assert_false(breaks(sc, RULE_TORN_ELEMENT));

    sc = copy_of(16, 4, 0); // the four aligned bytes at offset 4 in two stores of two
    load_all(sc);
    store(sc, 0, 4);
    store(sc, 4, 2);
    store(sc, 6, 2);
    store(sc, 8, 8);
    end(sc);
    sc->params.max = 4;
    assert_true(breaks(sc, RULE_TORN_ELEMENT));
    assert_witness(sc, RULE_TORN_ELEMENT, 2, 3, 4);
    sc->params.max = 2;
    assert_false(breaks(sc, RULE_TORN_ELEMENT));

    sc = copy_of(9, 4, 0); // bytes 4..12 of a page: [8, 12) is the largest element inside
    load_all(sc);
    store(sc, 0, 4);
    store(sc, 4, 4);
    store(sc, 8, 1);
    end(sc);
    assert_breaks_only(sc, 2, RULE_NARROW_STORE, RULE_NARROW_LOAD);
}

// {u64; u32; u16; u16}, twice.
static void a_records_field_in_two_stores_is_torn(void **state)
{
    (void)state;
    struct scene *sc = copy_of(32, 0, 0);
    load_all(sc);
    store(sc, 0, 16); // a store of several fields tears none
    store(sc, 16, 8);
    store(sc, 24, 2);
    store(sc, 26, 2);
    store(sc, 28, 2);
    store(sc, 30, 2);
    end(sc);
    sc->params.record = (struct record){.fields = 0x5101, .bytes = 16};
    assert_true(breaks(sc, RULE_TORN_ELEMENT));
    assert_false(breaks(sc, RULE_TORN_LOAD));
    assert_witness(sc, RULE_TORN_ELEMENT, 2, 6, 7);
    assert_message(sc, RULE_TORN_ELEMENT,
                   "the field of 4 bytes at offset 24 is stored in part by `scalar`, then by "
                   "`scalar`: a reader can see half of them new");
    sc->params.max = 2; // what is stored two bytes at a time
    assert_false(breaks(sc, RULE_TORN_ELEMENT));

    sc = copy_of(18, 4, 0); // off the fields' alignment, and the record is not whole
    load_all(sc);
    store(sc, 0, 4);
    store(sc, 4, 4);
    store(sc, 8, 4);
    store(sc, 12, 2);
    store(sc, 14, 2);
    store(sc, 16, 1);
    store(sc, 17, 1);
    end(sc);
    sc->params.record = (struct record){.fields = 0x5101, .bytes = 16};
    assert_false(breaks(sc, RULE_TORN_ELEMENT));
}

static void a_masked_store_with_a_hole_tears_and_one_without_does_not(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    struct access *a = store(sc, 0, 16);
    a->flags = ACCESS_MASKED;
    a->mask = 0xffff;
    sc->params.max = 16;
    end(sc);
    assert_breaks_none(sc);
    a->mask = 0xfeff;
    end(sc);
    assert_true(breaks(sc, RULE_TORN_ELEMENT));
    assert_true(breaks(sc, RULE_MISSING_STORE));
}

static void a_string_op_of_bytes_tears_and_one_of_words_does_not(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    struct access *a = store(sc, 0, 8);
    a->count = 2;
    end(sc);
    assert_breaks_none(sc);
    a->width = 1;
    a->count = 16;
    end(sc);
    assert_breaks_only(sc, 2, RULE_TORN_ELEMENT, RULE_NARROW_STORE);
}

static void a_store_below_an_earlier_one_is_reordered(void **state)
{
    (void)state;
    struct scene *sc = copy_of(24, 0, 0);
    load_all(sc);
    store(sc, 8, 8);
    store(sc, 0, 8);
    store(sc, 16, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_REORDERED_STORE);
    assert_witness(sc, RULE_REORDERED_STORE, 2, 3, 4);
    assert_message(sc, RULE_REORDERED_STORE,
                   "`scalar` stores at dst+0 after `scalar` at dst+8: not in ascending order");
}

static void a_string_op_that_runs_down_is_reordered_by_itself(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    struct access *a = store(sc, 8, 8);
    a->count = 2;
    a->flags = ACCESS_DESCENDING;
    end(sc);
    assert_breaks_only(sc, 2, RULE_REORDERED_STORE, RULE_LAST_BYTE_NOT_LAST);
    assert_witness(sc, RULE_REORDERED_STORE, 1, 2);
    assert_message(sc, RULE_REORDERED_STORE, "`scalar` stores from the highest address down");
    assert_witness(sc, RULE_LAST_BYTE_NOT_LAST, 1, 2);
}

static void the_last_byte_before_the_last_store_is_not_last(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 8, 8);
    store(sc, 0, 8);
    end(sc);
    assert_breaks_only(sc, 2, RULE_REORDERED_STORE, RULE_LAST_BYTE_NOT_LAST);
    assert_witness(sc, RULE_LAST_BYTE_NOT_LAST, 2, 2, 3);
}

static void a_store_off_its_width_is_misaligned(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 4, 0);
    load_all(sc);
    store(sc, 0, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_MISALIGNED_STORE);
    assert_witness(sc, RULE_MISALIGNED_STORE, 1, 1);

    sc = copy_of(8, 4, 0);
    load_all(sc);
    store(sc, 0, 4);
    store(sc, 4, 4);
    end(sc);
    assert_breaks_only(sc, 1, RULE_SPLIT_STORE);
}

static void a_store_wider_than_allowed_is_wide(void **state)
{
    (void)state;
    struct scene *sc = copy_of(32, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    store(sc, 8, 8);
    store(sc, 16, 16);
    end(sc);
    assert_breaks_only(sc, 1, RULE_WIDE_STORE);
    assert_witness(sc, RULE_WIDE_STORE, 1, 6);
    assert_message(sc, RULE_WIDE_STORE,
                   "`scalar` stores 16 bytes at once, more than the 8 allowed");
    sc->params.max = 16;
    assert_breaks_none(sc);
    sc->params.max = 4;
    assert_witness(sc, RULE_WIDE_STORE, 1, 4);
}

static void a_store_narrower_than_the_memory_takes_is_narrow(void **state)
{
    (void)state;
    struct scene *sc = copy_of(5, 0, 0);
    load(sc, 0, 4);
    load(sc, 4, 1);
    store(sc, 0, 4);
    store(sc, 4, 1);
    end(sc);
    assert_breaks_only(sc, 2, RULE_NARROW_STORE, RULE_NARROW_LOAD);
    assert_witness(sc, RULE_NARROW_STORE, 1, 3);
    assert_witness(sc, RULE_NARROW_LOAD, 1, 1);
    assert_message(sc, RULE_NARROW_STORE,
                   "`scalar` stores 1 byte at dst+4, fewer than the 4 that this memory takes");
    sc->params.request = REQUEST_DST_WORDS; // five bytes are no words
    assert_false(breaks(sc, RULE_NARROW_STORE));
    sc->params = (struct rule_params){.min = 8}; // a request of five cannot be made of eight
    assert_false(breaks(sc, RULE_NARROW_STORE));

    sc = copy_of(8, 4, 4);
    load(sc, 0, 8);
    store(sc, 0, 4);
    struct access *masked = store(sc, 4, 4);
    masked->flags = ACCESS_MASKED;
    masked->mask = 0xd; // a byte, a hole, two bytes
    end(sc);
    assert_true(breaks(sc, RULE_NARROW_STORE));
    assert_witness(sc, RULE_NARROW_STORE, 1, 2);
    sc->params.request = REQUEST_DST_WORDS;
    assert_true(breaks(sc, RULE_NARROW_STORE));
    sc->params.min = 8; // words of eight begin elsewhere
    assert_false(breaks(sc, RULE_NARROW_STORE));
}

static void a_class_of_store_is_told_by_its_site(void **state)
{
    (void)state;
    static const enum rule_id rules[SITE_CLASS_COUNT] = {
        [CLASS_VECTOR] = RULE_VECTOR_STORE,       [CLASS_MASKED] = RULE_MASKED_STORE,
        [CLASS_STRING] = RULE_STRING_STORE,       [CLASS_NONTEMPORAL] = RULE_NONTEMPORAL_STORE,
        [CLASS_ATOMIC] = RULE_ATOMIC_STORE,       [CLASS_PAIRED] = RULE_PAIRED_STORE,
        [CLASS_WRITEBACK] = RULE_WRITEBACK_STORE, [CLASS_X87] = RULE_X87_STORE,
    };
    for (uint32_t class = CLASS_SCALAR; class < SITE_CLASS_COUNT; class ++) {
        struct scene *sc = copy_of(8, 0, 0);
        load_all(sc);
        store(sc, 0, 8)->site = class;
        add(sc, ACCESS_STORE, STACK, 8)->site = CLASS_VECTOR; // not the destination
        end(sc);
        if (rules[class] == RULE_CRASH) {
            assert_breaks_none(sc);
            continue;
        }
        assert_breaks_only(sc, 1, rules[class]);
        assert_witness(sc, rules[class], 1, 1);
    }
}

// As AArch64's `stnp q0, q1`, x86's maskmovdqu, and so on.
static void a_store_of_several_classes_breaks_the_rule_of_each(void **state)
{
    (void)state;
    static const struct {
        unsigned classes;
        enum rule_id rules[3];
        size_t count;
    } rows[] = {
        {1u << CLASS_NONTEMPORAL | 1u << CLASS_VECTOR,
         {RULE_VECTOR_STORE, RULE_NONTEMPORAL_STORE},
         2},
        {1u << CLASS_MASKED | 1u << CLASS_VECTOR, {RULE_VECTOR_STORE, RULE_MASKED_STORE}, 2},
        {1u << CLASS_NONTEMPORAL | 1u << CLASS_MASKED | 1u << CLASS_VECTOR,
         {RULE_VECTOR_STORE, RULE_MASKED_STORE, RULE_NONTEMPORAL_STORE},
         3},
        {1u << CLASS_ATOMIC | 1u << CLASS_STRING, {RULE_STRING_STORE, RULE_ATOMIC_STORE}, 2},
        {1u << CLASS_PAIRED | 1u << CLASS_WRITEBACK, {RULE_PAIRED_STORE, RULE_WRITEBACK_STORE}, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene *sc = copy_of(8, 0, 0);
        site_set_classes(&sites[CLASS_ATOMIC], rows[i].classes);
        load_all(sc);
        store(sc, 0, 8)->site = CLASS_ATOMIC;
        end(sc);
        for (size_t k = 0; k < rows[i].count; k++)
            assert_true(breaks(sc, rows[i].rules[k]));
        assert_int_equal(breaks(sc, RULE_VECTOR_STORE), rows[i].classes >> CLASS_VECTOR & 1);
    }
    site_set_classes(&sites[CLASS_ATOMIC], 1u << CLASS_ATOMIC);
}

static void stores_of_a_line_that_do_not_follow_one_another_are_no_burst(void **state)
{
    (void)state;
    struct scene *sc = copy_of(80, 0, 0); // the last 16 are no whole line
    load_all(sc);
    for (int64_t off = 0; off < 64; off += 8)
        store(sc, off, 8);
    load(sc, 64, 8)->site = CLASS_VECTOR;
    store(sc, 64, 8);
    load(sc, 72, 8);
    store(sc, 72, 8);
    end(sc);
    assert_false(breaks(sc, RULE_BROKEN_BURST));
    sc->params.line = 16;
    assert_true(breaks(sc, RULE_BROKEN_BURST));
    sc->params.line = 128;
    assert_false(breaks(sc, RULE_BROKEN_BURST));

    sc = copy_of(64, 0, 0);
    load(sc, 0, 64);
    store(sc, 0, 32);
    fence(sc);
    store(sc, 32, 32);
    end(sc);
    assert_true(breaks(sc, RULE_BROKEN_BURST));
    assert_witness(sc, RULE_BROKEN_BURST, 2, 2, 3);
    assert_message(sc, RULE_BROKEN_BURST,
                   "`scalar` goes on with the line of 64 bytes at offset 0 after `scalar` came "
                   "between: the line may be sent in parts");

    sc = copy_of(256, 0, 0); // another line's store comes between
    store(sc, 0, 8);
    store(sc, 64, 8);
    store(sc, 8, 56);
    end(sc);
    assert_true(breaks(sc, RULE_BROKEN_BURST));
    assert_witness(sc, RULE_BROKEN_BURST, 2, 1, 2);

    sc = copy_of(256, 0, 0); // a string operation goes from line to line
    load(sc, 0, 8)->count = 32;
    store(sc, 0, 8)->count = 32;
    end_without_flush(sc);
    assert_false(breaks(sc, RULE_BROKEN_BURST));
    add(sc, ACCESS_PREFETCH, 0, 0);
    store(sc, 192, 8); // it has just left that line
    end_without_flush(sc);
    assert_false(breaks(sc, RULE_BROKEN_BURST));
    store(sc, 0, 8);
    end_without_flush(sc);
    assert_true(breaks(sc, RULE_BROKEN_BURST));
}

// Off memory's lines: in groups of 64 from the destination's start, by memory's lines,
// and by neither.
static void bursts_are_of_memorys_lines_or_from_the_destinations_start(void **state)
{
    (void)state;
    static const struct {
        int64_t first, step;
        bool broken;
    } rows[] = {{0, 64, false}, {56, 64, false}, {8, 8, true}, {24, 64, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene *sc = copy_of(200, 8, 0);
        if (rows[i].first)
            store(sc, 0, (uint16_t)rows[i].first);
        for (int64_t off = rows[i].first; off < 200; off += rows[i].step) {
            load(sc, off, 8);
            store(sc, off, (uint16_t)(200 - off < rows[i].step ? 200 - off : rows[i].step));
        }
        end(sc);
        if (breaks(sc, RULE_BROKEN_BURST) != rows[i].broken)
            fail_msg("groups from %d on", (int)rows[i].first);
    }
}

static void a_nontemporal_store_without_a_fence_after_it_is_unfenced(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 0, 8)->site = CLASS_NONTEMPORAL;
    fence(sc);
    store(sc, 8, 8)->site = CLASS_NONTEMPORAL;
    end_without_flush(sc);
    assert_breaks_only(sc, 3, RULE_NONTEMPORAL_STORE, RULE_UNFENCED_STORE, RULE_UNFLUSHED_STORE);
    assert_witness(sc, RULE_UNFENCED_STORE, 1, 4);
    assert_witness(sc, RULE_UNFLUSHED_STORE, 1, 4);
    fence(sc);
    end_without_flush(sc);
    assert_breaks_only(sc, 1, RULE_NONTEMPORAL_STORE);
}

static void where_all_stores_have_to_drain_a_plain_one_is_unfenced_too(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    flush_all(sc);
    end_without_flush(sc);
    assert_false(breaks(sc, RULE_UNFENCED_STORE));
    sc->params.all_stores = true;
    assert_true(breaks(sc, RULE_UNFENCED_STORE));
    assert_witness(sc, RULE_UNFENCED_STORE, 1, 1);
    fence(sc);
    end_without_flush(sc);
    assert_false(breaks(sc, RULE_UNFENCED_STORE));
}

static void a_line_not_flushed_after_its_last_store_is_unflushed(void **state)
{
    (void)state;
    struct scene *sc = copy_of(128, 0, 0);
    load_all(sc);
    for (int64_t off = 0; off < 128; off += 8)
        store(sc, off, 8);
    flush_all(sc);
    end_without_flush(sc);
    assert_breaks_only(sc, 1, RULE_UNFLUSHED_STORE); // flushed, not fenced
    fence(sc);
    end_without_flush(sc);
    assert_breaks_none(sc);
    store(sc, 120, 8);
    fence(sc);
    end_without_flush(sc);
    assert_breaks_only(sc, 3, RULE_DUPLICATE_STORE, RULE_UNFLUSHED_STORE, RULE_BROKEN_BURST);
    assert_message(sc, RULE_UNFLUSHED_STORE,
                   "byte 120, last stored by `scalar`, is not flushed and fenced before the "
                   "return: a power failure loses it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_stored_again_by_the_same_range_is_a_duplicate),
        cmocka_unit_test(a_byte_stored_again_by_another_range_is_an_overlap),
        cmocka_unit_test(a_value_neither_old_nor_final_is_transient),
        cmocka_unit_test(a_small_request_in_two_stores_is_split),
        cmocka_unit_test(the_request_of_a_rule_limits_it_to_small_aligned_copies),
        cmocka_unit_test(an_aligned_element_in_two_stores_is_torn),
        cmocka_unit_test(a_records_field_in_two_stores_is_torn),
        cmocka_unit_test(a_masked_store_with_a_hole_tears_and_one_without_does_not),
        cmocka_unit_test(a_string_op_of_bytes_tears_and_one_of_words_does_not),
        cmocka_unit_test(a_store_below_an_earlier_one_is_reordered),
        cmocka_unit_test(a_string_op_that_runs_down_is_reordered_by_itself),
        cmocka_unit_test(the_last_byte_before_the_last_store_is_not_last),
        cmocka_unit_test(a_store_off_its_width_is_misaligned),
        cmocka_unit_test(a_store_wider_than_allowed_is_wide),
        cmocka_unit_test(a_store_narrower_than_the_memory_takes_is_narrow),
        cmocka_unit_test(a_class_of_store_is_told_by_its_site),
        cmocka_unit_test(a_store_of_several_classes_breaks_the_rule_of_each),
        cmocka_unit_test(stores_of_a_line_that_do_not_follow_one_another_are_no_burst),
        cmocka_unit_test(bursts_are_of_memorys_lines_or_from_the_destinations_start),
        cmocka_unit_test(a_nontemporal_store_without_a_fence_after_it_is_unfenced),
        cmocka_unit_test(where_all_stores_have_to_drain_a_plain_one_is_unfenced_too),
        cmocka_unit_test(a_line_not_flushed_after_its_last_store_is_unflushed),
    };
    return RUN_RULE_TESTS(tests);
}
