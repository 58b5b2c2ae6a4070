// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The rules about loads, on traces by hand that break them and on near misses that
// do not; and what makes two traces differ.

#include "scene.h"

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
    assert_breaks_only(sc, 2, RULE_SPLIT_LOAD, RULE_TORN_LOAD);
    assert_witness(sc, RULE_SPLIT_LOAD, 2, 0, 1);
    assert_witness(sc, RULE_TORN_LOAD, 2, 0, 1);
    assert_message(sc, RULE_TORN_LOAD,
                   "the aligned 8 bytes at offset 0 are loaded in part by `scalar`, then by "
                   "`scalar`: when they change in between, half of them is old");
    sc->params.max = 4;
    assert_false(breaks(sc, RULE_TORN_LOAD));

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

static void a_class_of_load_is_told_by_its_site_whatever_else_it_is(void **state)
{
    (void)state;
    static const enum rule_id rules[SITE_CLASS_COUNT] = {
        [CLASS_VECTOR] = RULE_VECTOR_LOAD,       [CLASS_STRING] = RULE_STRING_LOAD,
        [CLASS_ATOMIC] = RULE_ATOMIC_LOAD,       [CLASS_PAIRED] = RULE_PAIRED_LOAD,
        [CLASS_WRITEBACK] = RULE_WRITEBACK_LOAD, [CLASS_X87] = RULE_X87_LOAD,
    };
    for (uint32_t class = CLASS_SCALAR; class < SITE_CLASS_COUNT; class ++) {
        struct scene *sc = copy_of(8, 0, 0);
        site_set_classes(&sites[CLASS_PREFETCH], 1u << CLASS_MASKED | 1u << class);
        load(sc, 0, 8)->site = CLASS_PREFETCH;
        store(sc, 0, 8);
        end(sc);
        if (rules[class] == RULE_CRASH) {
            assert_breaks_none(sc);
            continue;
        }
        assert_breaks_only(sc, 1, rules[class]);
        assert_witness(sc, rules[class], 1, 0);
    }
    site_set_classes(&sites[CLASS_PREFETCH], 1u << CLASS_PREFETCH);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_from_the_destination_is_told_from_one_outside),
        cmocka_unit_test(a_load_of_bytes_that_are_source_and_destination_is_one_of_the_source),
        cmocka_unit_test(a_source_byte_loaded_twice_is_repeated),
        cmocka_unit_test(the_load_rules_judge_the_source_as_the_store_rules_the_destination),
        cmocka_unit_test(a_class_of_load_is_told_by_its_site_whatever_else_it_is),
        cmocka_unit_test(traces_differ_by_all_but_their_values_and_place),
        cmocka_unit_test(what_a_routine_that_returns_nothing_leaves_there_is_no_difference),
    };
    return RUN_RULE_TESTS(tests);
}
