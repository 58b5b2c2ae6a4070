// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Stories, of recordings written by hand: which observers are led astray by which stores,
// in which order of the CPU's; and the texts that observers are.

#include "handmade.h"

#include "story/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct handmade h;

static const struct observer *observer(const char *name)
{
    static struct observer found;
    struct error error;
    if (!observer_load(name, &found, &error))
        fail_msg("%s", error.text);
    return &found;
}

static struct story *look(const char *name, const char *contract)
{
    const struct contract *c = contract_find(contract);
    const struct observer *o = observer(name);
    enum device_side device = o->side;
    unsigned width = story_width(c, device, o->side);
    return story_look(o, c, device, width, &h.c, &h.r);
}

static void assert_told(const char *name, const char *contract, size_t steps)
{
    struct story *s = look(name, contract);
    assert_string_equal(story_outcome_name[s->outcome], "told");
    assert_int_equal(s->step_count, steps);
    story_free(s);
}

static void assert_none(const char *name, const char *contract)
{
    struct story *s = look(name, contract);
    assert_string_equal(story_outcome_name[s->outcome], "none");
    assert_true(s->interleavings > 0);
    assert_int_equal(s->step_count, 0);
    story_free(s);
}

// ---- what is led astray ----

static void who_polls_and_clears_takes_a_byte_that_is_stored_twice_twice(void **state)
{
    (void)state;
    handmade_init(&h, 2, 0);
    handmade_store(&h, 0, 2);
    handmade_store(&h, 0, 1);
    struct story *s = look("poll-and-clear", "shared");
    assert_int_equal(s->outcome, STORY_TOLD);
    assert_int_equal(s->step_count, 4);
    assert_string_equal(s->steps[0], "store 1 (scalar) writes bytes 0..1");
    assert_string_equal(s->steps[1], "the guest takes the descriptor and clears it");
    assert_string_equal(s->steps[2], "store 2 (scalar) writes byte 0 again");
    assert_string_equal(s->steps[3], "the guest takes it AGAIN");
    assert_int_equal(s->offset, 0);
    assert_int_equal(s->width, 1);
    story_free(s);
}

static void an_element_in_two_stores_is_no_story_for_who_polls_for_all_of_it(void **state)
{
    (void)state;
    handmade_init(&h, 2, 0);
    handmade_store(&h, 0, 1);
    handmade_store(&h, 1, 1);
    assert_none("poll-and-clear", "shared");
    assert_told("torn-reader", "shared", 2);
}

static void what_a_contract_leaves_open_is_not_held_against_a_copy(void **state)
{
    (void)state;
    handmade_init(&h, 2, 0);
    handmade_store(&h, 0, 1);
    handmade_store(&h, 1, 1);
    assert_none("doorbell", "ram"); // no element of 2 bytes has to be whole there
    assert_told("doorbell", "shared", 2);
}

static void a_value_that_does_not_stay_is_seen(void **state)
{
    (void)state;
    handmade_init(&h, 1, 0);
    handmade_values(&h, handmade_store(&h, 0, 1), 7);
    handmade_values(&h, handmade_store(&h, 0, 1), 8);
    struct story *s = look("torn-reader", "shared");
    assert_int_equal(s->outcome, STORY_TOLD);
    assert_non_null(strstr(s->steps[0], "with what will not stay"));
    story_free(s);
    assert_none("poll-and-clear", "shared"); // the first is not what it waits for
}

// Two bytes upward, in the order of the CPU.
static void upward_on(uint16_t machine)
{
    handmade_init(&h, 2, 1);
    h.r.trace.machine = machine;
    handmade_store(&h, 0, 1);
    handmade_store(&h, 1, 1);
}

static void the_order_is_the_cpus(void **state)
{
    (void)state;
    upward_on(EM_X86_64);
    assert_none("ring-index", "ring");
    upward_on(EM_AARCH64);
    assert_told("ring-index", "ring", 3);
    upward_on(EM_AARCH64); // a device keeps the order of what reaches it
    assert_none("ring-index", "device");
}

static void a_copy_downward_is_seen_at_its_end_first(void **state)
{
    (void)state;
    handmade_init(&h, 2, 1);
    handmade_store(&h, 1, 1);
    handmade_store(&h, 0, 1);
    assert_told("ring-index", "pci-order", 3);
}

static void versions_at_both_ends_take_an_ascending_copy(void **state)
{
    (void)state;
    handmade_init(&h, 3, 1);
    for (int64_t i = 0; i < 3; i++)
        handmade_store(&h, i, 1);
    assert_none("seqlock", "pci-order");
    handmade_init(&h, 3, 1);
    static const int64_t last_first[] = {0, 2, 1};
    for (size_t i = 0; i < 3; i++)
        handmade_store(&h, last_first[i], 1);
    assert_told("seqlock", "pci-order", 5);
}

static void a_device_acts_on_each_store(void **state)
{
    (void)state;
    handmade_init(&h, 4, 0);
    handmade_store(&h, 0, 4);
    assert_none("doorbell", "device");
    assert_none("write-1-to-clear", "device");
    assert_none("fifo", "device");
    handmade_store(&h, 0, 4);
    assert_told("doorbell", "device", 2);
    assert_told("write-1-to-clear", "device", 3);
    assert_told("fifo", "device", 2);
}

static void a_fifo_keeps_the_order_of_its_words(void **state)
{
    (void)state;
    handmade_init(&h, 8, 0);
    handmade_store(&h, 4, 4);
    handmade_store(&h, 0, 4);
    assert_none("doorbell", "axi32");
    assert_told("fifo", "axi32", 2);
}

static void what_is_loaded_twice_may_be_two_things(void **state)
{
    (void)state;
    handmade_init(&h, 4, 0);
    handmade_load(&h, 0, 4);
    assert_none("double-fetch", "shared");
    assert_none("read-to-clear", "shared");
    handmade_load(&h, 0, 2);
    assert_told("double-fetch", "shared", 3);
    assert_told("read-to-clear", "shared", 2);
}

// ---- what is not said ----

static void a_bound_that_is_reached_is_said(void **state)
{
    (void)state;
    handmade_init(&h, 1, 0);
    for (int i = 0; i < 30; i++)
        handmade_values(&h, handmade_store(&h, 0, 1), (uint8_t)i);
    struct story *s = look("poll-and-clear", "shared");
    assert_int_equal(s->outcome, STORY_CUT);
    story_free(s);
}

static void what_did_not_return_or_has_no_loads_is_not_searched(void **state)
{
    (void)state;
    handmade_init(&h, 2, 0);
    handmade_store(&h, 0, 2);
    h.r.trace.outcome = OUTCOME_FAULTED;
    struct story *s = look("poll-and-clear", "shared");
    assert_int_equal(s->outcome, STORY_NOT_SEARCHED);
    story_free(s);
    h.r.trace.outcome = OUTCOME_RETURNED;
    h.r.trace.loads_unseen = true;
    s = look("double-fetch", "shared");
    assert_int_equal(s->outcome, STORY_NOT_SEARCHED);
    assert_non_null(strstr(s->reason, "loads"));
    story_free(s);
}

static bool parse(const char *text, struct observer *out, struct error *error)
{
    return observer_parse("mine", text, strlen(text), out, error);
}

static void who_is_led_astray_by_every_copy_tells_no_story(void **state)
{
    (void)state;
    struct observer o;
    struct error error;
    assert_true(parse("observer impatient\nabout it reads too soon\nside dst\nelement 1\n"
                      "step read element : it reads\nbad element=old : too soon\n",
                      &o, &error));
    handmade_init(&h, 1, 0);
    handmade_store(&h, 0, 1);
    struct story *s = story_look(&o, contract_find("shared"), DEVICE_DST, 8, &h.c, &h.r);
    assert_int_equal(s->outcome, STORY_NOT_SEARCHED);
    assert_non_null(strstr(s->reason, "impatient"));
    story_free(s);
}

static void a_finding_is_told_by_who_fits_its_rule_and_contract(void **state)
{
    (void)state;
    handmade_init(&h, 2, 0);
    handmade_store(&h, 0, 2);
    handmade_store(&h, 0, 2);
    struct story *s =
        story_of(NULL, RULE_DUPLICATE_STORE, contract_find("shared"), DEVICE_DST, &h.c, &h.r);
    assert_int_equal(s->outcome, STORY_TOLD);
    assert_string_equal(s->observer, "poll-and-clear");
    story_free(s);
    s = story_of(NULL, RULE_MISALIGNED_STORE, contract_find("device"), DEVICE_DST, &h.c, &h.r);
    assert_int_equal(s->outcome, STORY_NOT_SEARCHED);
    story_free(s);
}

// ---- texts ----

static void texts_that_are_none_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"", "no `observer NAME` line"},
        {"observer a\nobserver b\n", "mine:2: "},
        {"observer a\nabout b\nside up\n", "mine:3: side `up`"},
        {"element 3\n", "mine:1: element `3`"},
        {"element 1 2 4 8 1\n", "mine:1: element `1`"},
        {"rules no-such\n", "`no-such` is no rule"},
        {"step take\n", "no colon"},
        {"step take :\n", "a sentence of 0 characters"},
        {"step hop : it hops\n", "`hop`"},
        {"step read : it reads\n", "expected element, first, last or next"},
        {"step element=blue : it is\n", "element=blue"},
        {"step taken=x : it is\n", "`x`"},
        {"store take : it acts\n", "after the `side` line"},
        {"bad : it is\n", "no condition"},
        {"bad take : it is\n", "`take`"},
        {"repeat now\n", "words after"},
        {"dance\n", "`dance`"},
        {"observer a\nabout b\nside dst\nelement 1\nbad taken=1 : c\n", "no `step` line"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct observer o;
        struct error error = {""};
        assert_false(parse(rows[i].text, &o, &error));
        if (!strstr(error.text, rows[i].said))
            fail_msg("'%s': %s", rows[i].text, error.text);
    }
}

static void built_in_observers_are_named_and_near_ones_offered(void **state)
{
    (void)state;
    struct observer o;
    struct error error;
    for (size_t i = 0; i < observer_builtin_count; i++)
        assert_true(observer_load(observer_builtin(i)->name, &o, &error));
    assert_false(observer_load("doorbel", &o, &error));
    assert_non_null(strstr(error.text, "did you mean doorbell?"));
    assert_false(observer_load("./none.observer", &o, &error));
    assert_non_null(strstr(error.text, "cannot read the observer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_polls_and_clears_takes_a_byte_that_is_stored_twice_twice),
        cmocka_unit_test(an_element_in_two_stores_is_no_story_for_who_polls_for_all_of_it),
        cmocka_unit_test(what_a_contract_leaves_open_is_not_held_against_a_copy),
        cmocka_unit_test(a_value_that_does_not_stay_is_seen),
        cmocka_unit_test(the_order_is_the_cpus),
        cmocka_unit_test(a_copy_downward_is_seen_at_its_end_first),
        cmocka_unit_test(versions_at_both_ends_take_an_ascending_copy),
        cmocka_unit_test(a_device_acts_on_each_store),
        cmocka_unit_test(a_fifo_keeps_the_order_of_its_words),
        cmocka_unit_test(what_is_loaded_twice_may_be_two_things),
        cmocka_unit_test(a_bound_that_is_reached_is_said),
        cmocka_unit_test(what_did_not_return_or_has_no_loads_is_not_searched),
        cmocka_unit_test(who_is_led_astray_by_every_copy_tells_no_story),
        cmocka_unit_test(a_finding_is_told_by_who_fits_its_rule_and_contract),
        cmocka_unit_test(texts_that_are_none_are_refused_with_their_line),
        cmocka_unit_test(built_in_observers_are_named_and_near_ones_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
