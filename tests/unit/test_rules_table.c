// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The table of rules: names, and what sentence and witness each rule has whatever
// the trace.

#include "scene.h"

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
                         strstr(rule_name[i], "load") != NULL || i == RULE_DATA_DEPENDENT ||
                             i == RULE_BROKEN_BURST ||
                             i == RULE_UNORDERED_STORE); // an acquire may order stores
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
    return id == RULE_WRONG_RETURN || id == RULE_CLOBBERED_STATE || id == RULE_MISSING_STORE ||
           id == RULE_WRONG_DATA ||
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
        sc->params.line = 16;
        for (uint64_t i = random_below(8); i > 0; i--) {
            bool stores = random_below(2);
            int64_t off = (int64_t)random_below(sc->layout.size + 4) - 2;
            uint16_t width = (uint16_t)(1 << random_below(5));
            struct access *a = stores ? store(sc, off, width) : load(sc, off, width);
            a->site = (uint32_t)random_below(SITE_CLASS_COUNT);
            sc->trace.clobbered = random_below(16) == 0;
            if (random_below(6) == 0)
                a->addr += (uint64_t)(sc->layout.dst - sc->layout.src);
            else if (random_below(20) == 0)
                a->addr = IMAGE + (uint64_t)off + 8;
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_found_by_its_name),
        cmocka_unit_test(a_rule_about_loads_asks_for_them),
        cmocka_unit_test(a_small_text_or_witness_buffer_is_not_overrun),
        cmocka_unit_test(every_broken_rule_has_a_sentence_and_the_access_to_blame),
    };
    return RUN_RULE_TESTS(tests);
}
