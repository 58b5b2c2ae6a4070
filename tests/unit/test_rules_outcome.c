// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The rules about how a copy ends and where it may reach, on traces by hand that
// break them and on near misses that do not.

#include "scene.h"

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
        else if (where == 5)
            assert_breaks_only(sc, 1, RULE_STATIC_STORE);
        else
            assert_breaks_only(sc, 1, RULE_OUT_OF_BOUNDS_STORE);
        assert_int_equal(sc->s->wild_store, where == 6);
        if (where == 5)
            assert_witness(sc, RULE_STATIC_STORE, 1, 2);
        else if (where > 0)
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
    // 0x7654000: a variable of another module.
    const uint64_t fine[] = {STACK + 0x3000, STACK, IMAGE + 8, 0x7654000};
    struct scene *sc = copy_of(8, 0, 0);
    for (size_t i = 0; i < 4; i++)
        add(sc, ACCESS_LOAD, fine[i], 8);
    add(sc, ACCESS_PREFETCH, (uintptr_t)sc->layout.src + 64, 1);
    load_all(sc);
    store(sc, 0, 8);
    end(sc);
    assert_breaks_none(sc);

    load(sc, 8, 1);
    end(sc);
    assert_breaks_only(sc, 1, RULE_OUT_OF_BOUNDS_LOAD);
    assert_witness(sc, RULE_OUT_OF_BOUNDS_LOAD, 1, 10); // after the flushes and the fence
    sc->params.same_page = true;
    assert_breaks_none(sc);

    load(sc, -1, 1);
    end(sc);
    assert_breaks_only(sc, 1, RULE_OUT_OF_BOUNDS_LOAD);
}

// Word 4..7 of the lane's page is read, patched and written back; the request is 5..6.
static struct scene *a_word_around(uint32_t held)
{
    struct scene *sc = copy_of(2, 5, 0);
    sc->params.within = 4;
    sc->s->asks_rewrites = true;
    load(sc, 0, 2);
    struct access *a = store(sc, -1, 4);
    a->value = 0;
    memcpy(sc->values, "\0\1\2", 4);
    sc->values[3] = (uint8_t)held;
    sc->trace.values = sc->values;
    sc->trace.value_bytes = 4;
    memcpy(sc->expected, "\1\2", 2);
    memcpy(sc->layout.dst, "\1\2", 2);
    return sc;
}

static void a_word_written_back_as_it_was_is_not_out_of_bounds_where_that_is_allowed(void **state)
{
    (void)state;
    struct scene *sc = a_word_around(0);
    end(sc);
    assert_false(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));
    assert_false(breaks(sc, RULE_SPLIT_STORE));
    sc->params.within = 0;
    assert_true(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));
    assert_true(breaks(sc, RULE_SPLIT_STORE));

    sc->params.within = 4; // what lies around is not as before
    shadow_neighbours(sc->s, false);
    assert_true(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));
    assert_witness(sc, RULE_OUT_OF_BOUNDS_STORE, 1, 1);

    sc = a_word_around(7); // another value for a while
    end(sc);
    assert_true(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));
    assert_message(sc, RULE_OUT_OF_BOUNDS_STORE,
                   "`scalar` stores 4 bytes at dst-1, outside the destination of 2 bytes: the rest "
                   "of its word does not stay as it was");

    sc = a_word_around(0); // its values are not known yet
    sc->trace.value_bytes = 0;
    end(sc);
    assert_true(shadow_needs_values(sc->s));
    assert_true(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));

    sc = a_word_around(0);
    store(sc, 3, 1); // the next word
    end(sc);
    assert_true(breaks(sc, RULE_OUT_OF_BOUNDS_STORE));
    assert_witness(sc, RULE_OUT_OF_BOUNDS_STORE, 1, 2);
    sc->s->asks_rewrites = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_written_back_as_it_was_is_not_out_of_bounds_where_that_is_allowed),
        cmocka_unit_test(a_copy_in_order_with_whole_aligned_stores_breaks_nothing),
        cmocka_unit_test(a_fault_is_a_crash_and_nothing_else_is_known),
        cmocka_unit_test(no_return_is_a_timeout_and_nothing_else_is_known),
        cmocka_unit_test(a_byte_that_ends_wrong_is_wrong_data),
        cmocka_unit_test(state_of_the_caller_that_comes_back_changed_is_named),
        cmocka_unit_test(a_return_value_that_is_not_the_standards_is_wrong),
        cmocka_unit_test(a_byte_never_stored_is_missing_even_if_it_holds_the_right_value),
        cmocka_unit_test(a_move_onto_itself_need_not_store_or_load),
        cmocka_unit_test(a_store_outside_destination_and_frame_is_out_of_bounds),
        cmocka_unit_test(a_load_outside_the_source_is_out_of_bounds),
    };
    return RUN_RULE_TESTS(tests);
}
