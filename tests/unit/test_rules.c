// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Each rule on a trace by hand that breaks it, and no other rule where that can
// be, and on a near miss that does not; then what witness and message say.

#include "rules.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ACCESSES_MAX = 64, STACK = 0x7f0000000000, IMAGE = 0x560000000000 };

static _Alignas(PAGE_BYTES) uint8_t lanes[2][3 * PAGE_BYTES];
static struct site sites[SITE_CLASS_COUNT]; // the index is the class

// A copy being told, access by access.
struct scene {
    struct copy_case c;
    struct layout layout;
    struct trace trace;
    struct access accesses[ACCESSES_MAX];
    uint8_t values[512], old[512], expected[512];
    struct rule_params params;
    struct shadow *s;
};

static struct scene scene;

static struct scene *copy_of(uint64_t size, uint32_t dst_off, uint32_t src_off)
{
    struct shadow *kept = scene.s ? scene.s : shadow_new();
    memset(&scene, 0, sizeof scene);
    memset(lanes, 0, sizeof lanes);
    scene.s = kept;
    scene.c = (struct copy_case){
        .op = OP_MEMMOVE, .size = size, .dst_off = dst_off, .src_off = src_off, .fill = 1};
    scene.layout = (struct layout){
        .dst = lanes[0] + PAGE_BYTES + dst_off,
        .src = lanes[1] + PAGE_BYTES + src_off,
        .size = size,
        .expected = scene.expected,
        .old = scene.old,
        .dst_lane = {(uintptr_t)lanes[0], (uintptr_t)lanes[0] + sizeof lanes[0]},
        .src_lane = {(uintptr_t)lanes[1], (uintptr_t)lanes[1] + sizeof lanes[1]},
    };
    scene.trace = (struct trace){
        .accesses = scene.accesses,
        .sites = sites,
        .site_count = SITE_CLASS_COUNT,
        .return_value = (uintptr_t)scene.layout.dst,
        .stack = {STACK, STACK + 0x4000},
        .stack_entry = STACK + 0x3000,
        .images = {{IMAGE, IMAGE + 0x1000}},
        .image_count = 1,
    };
    return &scene;
}

static struct access *add(struct scene *sc, enum access_kind kind, uint64_t addr, uint16_t width)
{
    struct access *a = &sc->accesses[sc->trace.count++];
    *a = (struct access){
        .addr = addr, .count = 1, .width = width, .kind = (uint8_t)kind, .value = TRACE_NO_VALUE};
    return a;
}

static struct access *store(struct scene *sc, int64_t off, uint16_t width)
{
    return add(sc, ACCESS_STORE, (uintptr_t)sc->layout.dst + (uint64_t)off, width);
}

static struct access *load(struct scene *sc, int64_t off, uint16_t width)
{
    return add(sc, ACCESS_LOAD, (uintptr_t)sc->layout.src + (uint64_t)off, width);
}

static void load_all(struct scene *sc)
{
    for (uint64_t off = 0; off < sc->layout.size; off += 8)
        load(sc, (int64_t)off, (uint16_t)(sc->layout.size - off < 8 ? sc->layout.size - off : 8));
}

static void fence(struct scene *sc)
{
    add(sc, ACCESS_FENCE, 0, 0)->flags = ACCESS_DRAINS;
}

static void flush_all(struct scene *sc)
{
    for (uint64_t off = 0; off < sc->layout.size + 63; off += 64)
        add(sc, ACCESS_FLUSH, (uintptr_t)sc->layout.dst + off, 64);
}

// Ends a copy that is fit for every memory but for what the test is about.
static void end(struct scene *sc)
{
    flush_all(sc);
    fence(sc);
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
}

static void end_without_flush(struct scene *sc)
{
    shadow_build(sc->s, &sc->c, &sc->layout, &sc->trace, RESULT_OF_OP);
}

static bool breaks(const struct scene *sc, enum rule_id id)
{
    return rule_is_broken(id, sc->s, &sc->params);
}

// Exactly the COUNT rules given are broken, and each has its sentence.
static void assert_breaks_only(const struct scene *sc, int count, ...)
{
    bool expected[RULE_COUNT] = {false};
    va_list ids;
    va_start(ids, count);
    for (int i = 0; i < count; i++)
        expected[va_arg(ids, int)] = true;
    va_end(ids);
    for (unsigned id = 0; id < RULE_COUNT; id++) {
        char text[256];
        if (breaks(sc, (enum rule_id)id) != expected[id])
            fail_msg("%s is%s broken", rule_name[id], expected[id] ? " not" : "");
        rule_message((enum rule_id)id, sc->s, &sc->params, text, sizeof text);
        if (id != RULE_DATA_DEPENDENT)
            assert_int_equal(text[0] != '\0', expected[id]);
    }
}

static void assert_breaks_none(const struct scene *sc)
{
    assert_breaks_only(sc, 0);
}

static void assert_message(const struct scene *sc, enum rule_id id, const char *want)
{
    char text[256];
    rule_message(id, sc->s, &sc->params, text, sizeof text);
    assert_string_equal(text, want);
}

// The witness is the COUNT accesses whose indices follow.
static void assert_witness(const struct scene *sc, enum rule_id id, int count, ...)
{
    uint32_t got[ACCESSES_MAX];
    va_list indices;
    assert_int_equal(rule_witness(id, sc->s, &sc->params, got, ACCESSES_MAX), count);
    va_start(indices, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(got[i], va_arg(indices, int));
    va_end(indices);
}

// ---- a rule each

static void a_copy_in_order_with_whole_aligned_stores_breaks_nothing(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= 64; size += 8) {
        struct scene *sc = copy_of(size, 0, 0);
        load_all(sc);
        for (uint64_t off = 0; off < size; off += 8)
            store(sc, (int64_t)off, 8);
        end(sc);
        assert_breaks_none(sc);
    }
}

static void a_fault_is_a_crash_and_nothing_else_is_known(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    store(sc, 8, 8);
    store(sc, 8, 8);
    sc->trace.outcome = OUTCOME_FAULTED;
    sc->trace.signal = SIGSEGV;
    sc->trace.fault_addr = (uintptr_t)sc->layout.dst + 16;
    sc->trace.fault_pc = sites[CLASS_VECTOR].addr;
    end_without_flush(sc);
    assert_breaks_only(sc, 1, RULE_CRASH);
    assert_message(sc, RULE_CRASH,
                   "the routine faulted (Segmentation fault) in `vector` at dst+16");
    assert_witness(sc, RULE_CRASH, 0);

    store(sc, 16, 8);
    end_without_flush(sc);
    assert_breaks_only(sc, 2, RULE_CRASH, RULE_OUT_OF_BOUNDS_STORE);
}

static void no_return_is_a_timeout_and_nothing_else_is_known(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    store(sc, 8, 8);
    store(sc, 8, 8);
    sc->trace.outcome = OUTCOME_TIMED_OUT;
    end_without_flush(sc);
    assert_breaks_only(sc, 1, RULE_TIMEOUT);
    assert_witness(sc, RULE_TIMEOUT, 1, 1);

    sc = copy_of(16, 0, 0);
    sc->trace.outcome = OUTCOME_TIMED_OUT;
    end_without_flush(sc);
    assert_breaks_only(sc, 1, RULE_TIMEOUT);
    assert_witness(sc, RULE_TIMEOUT, 0);
}

static void a_byte_that_ends_wrong_is_wrong_data(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    store(sc, 8, 8);
    sc->layout.dst[9] = 0x5a;
    end(sc);
    assert_breaks_only(sc, 1, RULE_WRONG_DATA);
    assert_witness(sc, RULE_WRONG_DATA, 1, 3);
    assert_message(sc, RULE_WRONG_DATA,
                   "byte 9 ends as 0x5a instead of 0x00; it was last stored by `scalar`");
}

static void state_of_the_caller_that_comes_back_changed_is_named(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    sc->trace.clobbered = 1 << 3 | CLOBBERED_DIRECTION;
    end(sc);
    assert_breaks_only(sc, 1, RULE_CLOBBERED_STATE);
    assert_message(sc, RULE_CLOBBERED_STATE,
                   "the routine returns with rbx, the direction flag changed, which its caller "
                   "relies on (System V ABI, 3.2.1)");
}

static void a_return_value_that_is_not_the_standards_is_wrong(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    sc->trace.return_value += 8;
    end(sc);
    assert_breaks_only(sc, 1, RULE_WRONG_RETURN);
    assert_message(sc, RULE_WRONG_RETURN, "the routine returns dst+8; memmove returns dst");
    sc->c.op = OP_MEMPCPY;
    end(sc);
    assert_breaks_none(sc);
}

static void a_byte_never_stored_is_missing_even_if_it_holds_the_right_value(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 8, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_MISSING_STORE);
    assert_witness(sc, RULE_MISSING_STORE, 0);
    assert_message(sc, RULE_MISSING_STORE,
                   "bytes 0..7 are never stored: no write of them is seen, whatever they hold");
}

static void a_move_onto_itself_need_not_store_or_load(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= 8; size *= 2) {
        struct scene *sc = copy_of(size, 0, 0);
        sc->c.overlapping = true;
        sc->layout.src = sc->layout.dst;
        sc->layout.src_lane = sc->layout.dst_lane;
        end(sc);
        assert_breaks_none(sc);
    }
    // ... but a copy elsewhere has to.
    struct scene *sc = copy_of(8, 0, 0);
    end(sc);
    assert_breaks_only(sc, 4, RULE_MISSING_STORE, RULE_SPLIT_STORE, RULE_SPLIT_LOAD,
                       RULE_LAST_BYTE_NOT_LAST);
}

static void a_store_outside_destination_and_frame_is_out_of_bounds(void **state)
{
    (void)state;
    const uint64_t frame_top = STACK + 0x3000;
    for (int where = 0; where < 7; where++) {
        struct scene *sc = copy_of(8, 0, 0);
        uint64_t dst = (uintptr_t)sc->layout.dst, src = (uintptr_t)sc->layout.src;
        const uint64_t places[] = {frame_top - 8, dst - 1, dst + 8, src, frame_top, IMAGE, 0x1000};
        load_all(sc);
        store(sc, 0, 8);
        add(sc, ACCESS_STORE, places[where], 1);
        end(sc);
        if (where == 0)
            assert_breaks_none(sc);
        else
            assert_breaks_only(sc, 1, RULE_OUT_OF_BOUNDS_STORE);
        assert_int_equal(sc->s->wild_store, where == 6);
        if (where > 0)
            assert_witness(sc, RULE_OUT_OF_BOUNDS_STORE, 1, 2);
        if (where == 2)
            assert_message(sc, RULE_OUT_OF_BOUNDS_STORE,
                           "`scalar` stores 1 byte at dst+8, outside the destination of 8 bytes: "
                           "it overwrites what is not the copy's");
    }
}

static void a_load_outside_the_source_is_out_of_bounds(void **state)
{
    (void)state;
    const uint64_t fine[] = {STACK + 0x3000, STACK, IMAGE + 8};
    struct scene *sc = copy_of(8, 0, 0);
    for (size_t i = 0; i < 3; i++)
        add(sc, ACCESS_LOAD, fine[i], 8);
    add(sc, ACCESS_PREFETCH, (uintptr_t)sc->layout.src + 64, 1);
    load_all(sc);
    store(sc, 0, 8);
    end(sc);
    assert_breaks_none(sc);

    load(sc, 8, 1);
    end(sc);
    assert_breaks_only(sc, 1, RULE_OUT_OF_BOUNDS_LOAD);
    assert_witness(sc, RULE_OUT_OF_BOUNDS_LOAD, 1, 9); // after the flushes and the fence
    sc->params.same_page = true;
    assert_breaks_none(sc);

    load(sc, -1, 1);
    end(sc);
    assert_breaks_only(sc, 1, RULE_OUT_OF_BOUNDS_LOAD);
}

static void a_byte_stored_again_by_the_same_range_is_a_duplicate(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    store(sc, 8, 8);
    store(sc, 8, 8)->site = CLASS_ATOMIC;
    end(sc);
    assert_breaks_only(sc, 1, RULE_DUPLICATE_STORE);
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
                   "the request of 2 bytes is made as 2 stores, the first 1 bytes wide by "
                   "`scalar`, not as one store of 2");
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
    assert_breaks_none(sc);
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
    assert_breaks_only(sc, 1, RULE_TORN_ELEMENT);
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

static void a_class_of_store_is_told_by_its_site(void **state)
{
    (void)state;
    static const enum rule_id rules[SITE_CLASS_COUNT] = {
        [CLASS_VECTOR] = RULE_VECTOR_STORE,
        [CLASS_MASKED] = RULE_MASKED_STORE,
        [CLASS_STRING] = RULE_STRING_STORE,
        [CLASS_NONTEMPORAL] = RULE_NONTEMPORAL_STORE,
    };
    for (uint32_t class = CLASS_SCALAR; class <= CLASS_ATOMIC; class ++) {
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
    assert_breaks_only(sc, 2, RULE_DUPLICATE_STORE, RULE_UNFLUSHED_STORE);
    assert_message(sc, RULE_UNFLUSHED_STORE,
                   "byte 120, last stored by `scalar`, is not flushed and fenced before the "
                   "return: a power failure loses it");
}

static void a_load_from_the_destination_is_told_from_one_outside(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    add(sc, ACCESS_LOAD, (uintptr_t)sc->layout.dst + 7, 1);
    end(sc);
    assert_breaks_only(sc, 1, RULE_DESTINATION_LOAD);
    assert_witness(sc, RULE_DESTINATION_LOAD, 1, 2);
}

static void a_load_of_bytes_that_are_source_and_destination_is_one_of_the_source(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 8, 0);
    sc->c.overlapping = true;
    sc->c.overlap = 8;
    sc->layout.src = sc->layout.dst - 8;
    sc->layout.src_lane = sc->layout.dst_lane;
    load_all(sc); // the second half of it lies in the destination
    store(sc, 0, 8);
    store(sc, 8, 8);
    end(sc);
    assert_breaks_none(sc);
}

static void a_source_byte_loaded_twice_is_repeated(void **state)
{
    (void)state;
    struct scene *sc = copy_of(16, 0, 0);
    load_all(sc);
    load(sc, 12, 4);
    store(sc, 0, 8);
    store(sc, 8, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_REPEATED_LOAD);
    assert_witness(sc, RULE_REPEATED_LOAD, 2, 1, 2);
    assert_message(sc, RULE_REPEATED_LOAD,
                   "byte 12 is loaded by `scalar` and again by `scalar`: it can change in between");
}

static void the_load_rules_judge_the_source_as_the_store_rules_the_destination(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 0, 0);
    load(sc, 0, 4);
    load(sc, 4, 4);
    store(sc, 0, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_SPLIT_LOAD);
    assert_witness(sc, RULE_SPLIT_LOAD, 2, 0, 1);

    sc = copy_of(16, 0, 0);
    load(sc, 8, 8);
    load(sc, 0, 8);
    store(sc, 0, 8);
    store(sc, 8, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_REORDERED_LOAD);
    assert_witness(sc, RULE_REORDERED_LOAD, 2, 0, 1);

    sc = copy_of(8, 0, 4);
    load(sc, 0, 8);
    store(sc, 0, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_MISALIGNED_LOAD);
    assert_witness(sc, RULE_MISALIGNED_LOAD, 1, 0);

    sc = copy_of(16, 0, 0);
    load(sc, 0, 16);
    store(sc, 0, 8);
    store(sc, 8, 8);
    end(sc);
    assert_breaks_only(sc, 1, RULE_WIDE_LOAD);
    assert_witness(sc, RULE_WIDE_LOAD, 1, 0);
}

static void vector_masked_and_nontemporal_loads_are_vector_loads(void **state)
{
    (void)state;
    for (uint32_t class = CLASS_SCALAR; class <= CLASS_ATOMIC; class ++) {
        struct scene *sc = copy_of(8, 0, 0);
        load(sc, 0, 8)->site = class;
        store(sc, 0, 8);
        end(sc);
        if (class == CLASS_VECTOR || class == CLASS_MASKED || class == CLASS_NONTEMPORAL)
            assert_breaks_only(sc, 1, RULE_VECTOR_LOAD);
        else
            assert_breaks_none(sc);
    }
}

// ---- data-dependent

static bool differs_after(void (*change)(struct trace *t, struct access *a))
{
    struct scene *sc = copy_of(8, 0, 0);
    load_all(sc);
    struct access *a = store(sc, 0, 8);
    a->flags = ACCESS_MASKED;
    a->mask = 0xff;
    struct access changed[3] = {sc->accesses[0], sc->accesses[1], sc->accesses[1]};
    struct trace other = sc->trace;
    struct layout moved = sc->layout;
    other.accesses = changed;
    moved.dst += 64; // another place, the same offsets
    changed[1].addr += 64;
    changed[2].addr += 64;
    other.return_value += 64;
    change(&other, &changed[1]);
    return rule_traces_differ(&sc->trace, &sc->layout, &other, &moved);
}

static void change_nothing(struct trace *t, struct access *a)
{
    (void)t;
    a->value = 5; // data, not a difference
}

static void change_width(struct trace *t, struct access *a)
{
    (void)t;
    a->width = 4;
}

static void change_place(struct trace *t, struct access *a)
{
    (void)t;
    a->addr++;
}

static void change_mask(struct trace *t, struct access *a)
{
    (void)t;
    a->mask = 0x7f;
}

static void change_kind(struct trace *t, struct access *a)
{
    (void)t;
    a->kind = ACCESS_LOAD;
}

static void change_count(struct trace *t, struct access *a)
{
    (void)t;
    a->count = 2;
}

static void change_flags(struct trace *t, struct access *a)
{
    (void)t;
    a->flags |= ACCESS_DRAINS;
}

static void change_site(struct trace *t, struct access *a)
{
    (void)t;
    a->site = CLASS_VECTOR;
}

static void change_length(struct trace *t, struct access *a)
{
    (void)a;
    t->count++;
}

static void change_return(struct trace *t, struct access *a)
{
    (void)a;
    t->return_value++;
}

static void change_outcome(struct trace *t, struct access *a)
{
    (void)a;
    t->outcome = OUTCOME_TIMED_OUT;
}

static void traces_differ_by_all_but_their_values_and_place(void **state)
{
    (void)state;
    assert_false(differs_after(change_nothing));
    assert_true(differs_after(change_width));
    assert_true(differs_after(change_place));
    assert_true(differs_after(change_mask));
    assert_true(differs_after(change_kind));
    assert_true(differs_after(change_count));
    assert_true(differs_after(change_flags));
    assert_true(differs_after(change_site));
    assert_true(differs_after(change_length));
    assert_true(differs_after(change_return));
    assert_true(differs_after(change_outcome));
}

static void what_a_routine_that_returns_nothing_leaves_there_is_no_difference(void **state)
{
    (void)state;
    struct scene *sc = copy_of(8, 0, 0);
    load_all(sc);
    store(sc, 0, 8);
    struct trace other = sc->trace;
    sc->trace.return_value = 0x61;
    other.return_value = 0x62;
    assert_false(rule_traces_differ(&sc->trace, &sc->layout, &other, &sc->layout));
}

// ---- the table

static void every_rule_is_found_by_its_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        enum rule_id id = RULE_COUNT;
        assert_true(rule_find(rule_name[i], &id));
        assert_int_equal(id, i);
        assert_true(strlen(rule_broken_when[i]) > 0);
    }
    enum rule_id id;
    assert_false(rule_find("no-such-rule", &id));
    assert_false(rule_find("", &id));
}

static void a_rule_about_loads_asks_for_them(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RULE_COUNT; i++)
        assert_int_equal(rule_needs_loads((enum rule_id)i),
                         strstr(rule_name[i], "load") != NULL || i == RULE_DATA_DEPENDENT);
}

static void a_small_text_or_witness_buffer_is_not_overrun(void **state)
{
    (void)state;
    struct scene *sc = copy_of(2, 1, 0);
    load_all(sc);
    store(sc, 0, 1);
    store(sc, 1, 1);
    end(sc);
    uint32_t out[2] = {77, 77};
    char text[8] = "-------";
    assert_int_equal(rule_witness(RULE_SPLIT_STORE, sc->s, &sc->params, out, 1), 2);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 77);
    rule_message(RULE_SPLIT_STORE, sc->s, &sc->params, text, 4);
    assert_string_equal(text, "the");
    assert_int_equal(text[4], '-');
}

static uint64_t random_state = 88172645463325252;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

// Rules whose breach may have no access to blame.
static bool may_lack_a_witness(const struct scene *sc, unsigned id)
{
    return id == RULE_WRONG_RETURN || id == RULE_CLOBBERED_STATE || id == RULE_MISSING_STORE || id == RULE_WRONG_DATA ||
           ((id == RULE_SPLIT_STORE || id == RULE_LAST_BYTE_NOT_LAST) &&
            sc->s->stores.accesses == 0) ||
           (id == RULE_SPLIT_LOAD && sc->s->loads.accesses == 0);
}

static void every_broken_rule_has_a_sentence_and_the_access_to_blame(void **state)
{
    (void)state;
    bool seen[RULE_COUNT] = {false};
    for (int round = 0; round < 4000; round++) {
        struct scene *sc =
            copy_of(random_below(40), (uint32_t)random_below(16), (uint32_t)random_below(16));
        for (uint64_t i = random_below(8); i > 0; i--) {
            bool stores = random_below(2);
            int64_t off = (int64_t)random_below(sc->layout.size + 4) - 2;
            uint16_t width = (uint16_t)(1 << random_below(5));
            struct access *a = stores ? store(sc, off, width) : load(sc, off, width);
            a->site = (uint32_t)random_below(CLASS_FENCE);
            sc->trace.clobbered = random_below(16) == 0;
            if (random_below(6) == 0)
                a->addr += (uint64_t)(sc->layout.dst - sc->layout.src);
            if (random_below(6) == 0)
                a->count = random_below(9), a->flags = random_below(2) ? ACCESS_DESCENDING : 0;
            else if (random_below(6) == 0)
                a->mask = random_below(1 << 16), a->flags = ACCESS_MASKED;
        }
        end_without_flush(sc);
        for (unsigned id = 0; id < RULE_COUNT; id++) {
            char text[256];
            uint32_t out[ACCESSES_MAX];
            size_t count = rule_witness((enum rule_id)id, sc->s, &sc->params, out, ACCESSES_MAX);
            rule_message((enum rule_id)id, sc->s, &sc->params, text, sizeof text);
            for (size_t i = 0; i < count; i++)
                assert_true(out[i] < sc->trace.count && (i == 0 || out[i] > out[i - 1]));
            if (!breaks(sc, (enum rule_id)id)) {
                assert_int_equal(count, 0);
                continue;
            }
            seen[id] = true;
            assert_true(strlen(text) > 10);
            assert_true(count > 0 || may_lack_a_witness(sc, id));
        }
    }
    for (unsigned id = RULE_MISSING_STORE; id < RULE_DATA_DEPENDENT; id++)
        if (!seen[id] && id != RULE_TRANSIENT_VALUE)
            fail_msg("%s was never broken", rule_name[id]);
}

int main(void)
{
    for (uint8_t class = 0; class < SITE_CLASS_COUNT; class ++) {
        sites[class] = (struct site){.addr = 0x1000u + class, .class = class};
        snprintf(sites[class].text, sizeof sites[class].text, "%s", site_class_name[class]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_in_order_with_whole_aligned_stores_breaks_nothing),
        cmocka_unit_test(a_fault_is_a_crash_and_nothing_else_is_known),
        cmocka_unit_test(no_return_is_a_timeout_and_nothing_else_is_known),
        cmocka_unit_test(a_byte_that_ends_wrong_is_wrong_data),
        cmocka_unit_test(a_return_value_that_is_not_the_standards_is_wrong),
        cmocka_unit_test(state_of_the_caller_that_comes_back_changed_is_named),
        cmocka_unit_test(a_byte_never_stored_is_missing_even_if_it_holds_the_right_value),
        cmocka_unit_test(a_move_onto_itself_need_not_store_or_load),
        cmocka_unit_test(a_store_outside_destination_and_frame_is_out_of_bounds),
        cmocka_unit_test(a_load_outside_the_source_is_out_of_bounds),
        cmocka_unit_test(a_byte_stored_again_by_the_same_range_is_a_duplicate),
        cmocka_unit_test(a_byte_stored_again_by_another_range_is_an_overlap),
        cmocka_unit_test(a_value_neither_old_nor_final_is_transient),
        cmocka_unit_test(a_small_request_in_two_stores_is_split),
        cmocka_unit_test(the_request_of_a_rule_limits_it_to_small_aligned_copies),
        cmocka_unit_test(an_aligned_element_in_two_stores_is_torn),
        cmocka_unit_test(a_masked_store_with_a_hole_tears_and_one_without_does_not),
        cmocka_unit_test(a_string_op_of_bytes_tears_and_one_of_words_does_not),
        cmocka_unit_test(a_store_below_an_earlier_one_is_reordered),
        cmocka_unit_test(a_string_op_that_runs_down_is_reordered_by_itself),
        cmocka_unit_test(the_last_byte_before_the_last_store_is_not_last),
        cmocka_unit_test(a_store_off_its_width_is_misaligned),
        cmocka_unit_test(a_store_wider_than_allowed_is_wide),
        cmocka_unit_test(a_class_of_store_is_told_by_its_site),
        cmocka_unit_test(a_nontemporal_store_without_a_fence_after_it_is_unfenced),
        cmocka_unit_test(where_all_stores_have_to_drain_a_plain_one_is_unfenced_too),
        cmocka_unit_test(a_line_not_flushed_after_its_last_store_is_unflushed),
        cmocka_unit_test(a_load_from_the_destination_is_told_from_one_outside),
        cmocka_unit_test(a_load_of_bytes_that_are_source_and_destination_is_one_of_the_source),
        cmocka_unit_test(a_source_byte_loaded_twice_is_repeated),
        cmocka_unit_test(the_load_rules_judge_the_source_as_the_store_rules_the_destination),
        cmocka_unit_test(vector_masked_and_nontemporal_loads_are_vector_loads),
        cmocka_unit_test(traces_differ_by_all_but_their_values_and_place),
        cmocka_unit_test(what_a_routine_that_returns_nothing_leaves_there_is_no_difference),
        cmocka_unit_test(every_rule_is_found_by_its_name),
        cmocka_unit_test(a_rule_about_loads_asks_for_them),
        cmocka_unit_test(a_small_text_or_witness_buffer_is_not_overrun),
        cmocka_unit_test(every_broken_rule_has_a_sentence_and_the_access_to_blame),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shadow_free(scene.s);
    return failed;
}
