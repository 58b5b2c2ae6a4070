// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A case is recalled only if shadow memory and the checks would say the same of
// it. Each test makes one thing differ from the case that was kept.

#include "handmade.h"
#include "judge/judge_cache.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SIZE = 24, ROOM = 256, PLACE = 64 };

static const struct contract contract = {
    .name = "test",
    .rules = {{.rule = RULE_WRONG_DATA, .sides = DEVICE_DST},
              {.rule = RULE_DUPLICATE_STORE, .sides = DEVICE_DST},
              {.rule = RULE_OVERLAPPING_STORE, .sides = DEVICE_DST},
              {.rule = RULE_TRANSIENT_VALUE, .sides = DEVICE_DST},
              {.rule = RULE_MISALIGNED_LOAD, .sides = DEVICE_DST}},
    .rule_count = 5,
};

// A copy of 24 bytes as two stores of 16 that overlap by 8.
struct fixture {
    struct judge judge;
    struct judge_cache *cache;
    struct shadow *shadow;
    struct handmade h;
    _Alignas(64) uint8_t dst[ROOM];
    _Alignas(64) uint8_t src[ROOM];
    uint8_t expected[ROOM], old[ROOM];
};

// The copy DST and SRC bytes further than where it was kept.
static void resize(struct fixture *f, uint64_t size)
{
    struct layout *l = &f->h.r.layout;
    l->size = l->dst_size = l->src_size = f->h.c.size = size;
}

static void lay(struct fixture *f, size_t dst, size_t src)
{
    struct handmade *h = &f->h;
    handmade_init(h, SIZE, 0);
    h->r.layout.dst = f->dst + PLACE + dst;
    h->r.layout.src = f->src + PLACE + src;
    h->r.layout.dst_lane = (struct span){(uintptr_t)f->dst, (uintptr_t)f->dst + ROOM};
    h->r.layout.src_lane = (struct span){(uintptr_t)f->src, (uintptr_t)f->src + ROOM};
    h->r.layout.expected = f->expected;
    h->r.layout.old = f->old;
    for (unsigned i = 0; i < SIZE; i++)
        h->r.layout.dst[i] = f->expected[i] = (uint8_t)(i + 1);
    h->r.trace.return_value = (uintptr_t)h->r.layout.dst;
    handmade_load(h, 0, 16);
    handmade_load(h, 8, 16);
    handmade_values(h, handmade_store(h, 0, 16), 1);
    handmade_values(h, handmade_store(h, 8, 16), 9);
    handmade_add(h, ACCESS_FENCE, 0, 0);
    handmade_add(h, ACCESS_LOAD, HANDMADE_STACK - 16, 8);
}

static const struct cached_verdict *recall(struct fixture *f)
{
    return judge_cache_recall(f->cache, &f->h.c, &f->h.r.layout, &f->h.r.trace, RESULT_OF_OP);
}

static void keep(struct fixture *f)
{
    uint16_t broken[RULE_COUNT];
    shadow_build(f->shadow, &f->h.c, &f->h.r.layout, &f->h.r.trace, RESULT_OF_OP);
    size_t count = judge_case(&f->judge, f->shadow, broken);
    recall(f);
    judge_cache_stage(f->cache, NULL, NULL, &f->h.c, &f->h.r.layout, &f->h.r.trace);
    judge_cache_keep(f->cache, f->shadow, broken, count);
}

static int set_up(void **state)
{
    struct fixture *f = aligned_alloc(_Alignof(struct fixture), sizeof *f);
    if (!f)
        return -1;
    memset(f, 0, sizeof *f);
    *state = f;
    f->shadow = shadow_new();
    if (!f->shadow || !judge_init(&f->judge, &contract, 1, DEVICE_DST))
        return -1;
    f->cache = judge_cache_new(&f->judge);
    return f->cache ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    judge_cache_free(f->cache);
    shadow_free(f->shadow);
    judge_free(&f->judge);
    free(f);
    return 0;
}

static void nothing_is_recalled_at_first(void **state)
{
    struct fixture *f = *state;
    lay(f, 0, 0);
    assert_null(recall(f));
}

static void a_case_like_one_kept_breaks_the_same_checks(void **state)
{
    struct fixture *f = *state;
    lay(f, 0, 0);
    keep(f);
    const size_t moves[][2] = {{0, 0}, {16, 0}, {0, 16}, {32, 48}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        lay(f, moves[i][0], moves[i][1]);
        const struct cached_verdict *known = recall(f);
        assert_non_null(known);
        assert_true(known->again);
        // overlapping-store; and misaligned-load, for the load 8 bytes in
        assert_int_equal(known->count, 2);
        for (unsigned k = 0; k < known->count; k++)
            assert_true(f->judge.checks[known->broken[k]].rule == RULE_OVERLAPPING_STORE ||
                        f->judge.checks[known->broken[k]].rule == RULE_MISALIGNED_LOAD);
    }
}

// 48 bytes further the second store lies across a cache line. Where that matters it is
// judged for itself, and both verdicts are remembered.
static void an_access_across_a_cache_line_is_judged_for_itself_where_that_matters(void **state)
{
    static const struct {
        unsigned lines;
        bool matters;
    } rows[] = {{0, false}, {LINE_LOAD, false}, {LINE_STORE, true}, {LINE_LAST_STORE, true}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->judge.lines = rows[i].lines;
        judge_cache_free(f->cache);
        f->cache = judge_cache_new(&f->judge);
        lay(f, 0, 0);
        keep(f);
        lay(f, 32, 0);
        assert_non_null(recall(f));
        lay(f, 48, 0);
        assert_int_equal(recall(f) == NULL, rows[i].matters);
        keep(f);
        assert_non_null(recall(f));
        lay(f, 32, 0);
        assert_non_null(recall(f));
    }
}

static void another_alignment_is_another_case(void **state)
{
    struct fixture *f = *state;
    for (size_t asked = 7; asked <= 15; asked += 8) {
        f->judge.alignment_mask = asked;
        lay(f, 0, 0);
        keep(f);
        for (size_t by = 1; by <= 16; by++) {
            lay(f, by, 0);
            assert_int_equal(recall(f) != NULL, by % (asked + 1) == 0);
            lay(f, 0, by);
            assert_int_equal(recall(f) != NULL, by % (asked + 1) == 0);
        }
    }
}

static void where_the_source_lies_counts_only_where_a_check_asks(void **state)
{
    struct fixture *f = *state;
    const struct contract stores = {.name = "stores",
                                    .rules = {{.rule = RULE_TORN_ELEMENT, .sides = DEVICE_DST},
                                              {.rule = RULE_REPEATED_LOAD, .sides = DEVICE_DST}},
                                    .rule_count = 2};
    struct judge judge;
    assert_true(f->judge.asks_source);
    assert_true(judge_init(&judge, &stores, 1, DEVICE_DST));
    assert_false(judge.asks_source);
    judge_free(&judge);
    f->judge.asks_source = false;
    lay(f, 0, 0);
    keep(f);
    lay(f, 0, 5);
    assert_non_null(recall(f));
    lay(f, 5, 0);
    assert_null(recall(f));
}

// What a recorder would leave of the copy: a number, both pointers, the size.
enum { WORDS = 4 };

static void fold(struct fixture *f, log_word words[WORDS])
{
    const struct layout *l = &f->h.r.layout;
    const uint64_t written[WORDS] = {1, (uintptr_t)l->dst, (uintptr_t)l->src, l->size};
    for (size_t i = 0; i < WORDS; i++)
        words[i] = written[i];
    f->h.r.trace.log = (struct trace_log){.words = words, .count = WORDS, .code = 1};
}

static bool relate(const struct recorder *r, const struct layout *layout, const struct trace *t,
                   const uint8_t *bases, struct log_relation *out)
{
    const uint8_t words[WORDS] = {LOG_NUMBER, LOG_DST, LOG_SRC, LOG_NUMBER};
    (void)r;
    (void)layout;
    assert_int_equal(bases[0], LOG_SRC);
    assert_int_equal(bases[2], LOG_DST);
    assert_int_equal(bases[4], LOG_NUMBER);
    for (size_t i = 0; i < WORDS; i++)
        out->words[i] = (struct log_expects){words[i], LOG_ALL_BITS};
    for (size_t i = 0; i < t->count; i++)
        out->values[i] = TRACE_NO_VALUE;
    return true;
}

static void a_case_is_known_by_the_words_that_it_left(void **state)
{
    static const struct recorder_kind kind = {.name = "words", .relate = relate};
    struct fixture *f = *state;
    uint16_t broken[RULE_COUNT] = {0};
    log_word words[WORDS];
    f->judge.values = false; // or its values were asked for as well
    lay(f, 0, 0);
    fold(f, words);
    assert_null(recall(f));
    shadow_build(f->shadow, &f->h.c, &f->h.r.layout, &f->h.r.trace, RESULT_OF_OP);
    assert_true(judge_cache_stage(f->cache, &kind, NULL, &f->h.c, &f->h.r.layout, &f->h.r.trace));
    judge_cache_keep(f->cache, f->shadow, broken, 1);
    for (size_t changed = 0; changed <= WORDS + 1; changed++) {
        lay(f, 16, 32);
        fold(f, words);
        f->h.r.trace.count = 0;
        if (changed < WORDS)
            words[changed]++;
        f->h.r.trace.log.code += changed == WORDS;
        assert_int_equal(recall(f) != NULL, changed > WORDS);
    }
    lay(f, 0, 0); // its accesses are not its words
    assert_null(recall(f));
}

// Same low bits, yet now a load is aligned to its 32 bytes that was not.
static void alignment_counts_as_far_as_a_check_asks_for_lines(void **state)
{
    struct fixture *f = *state;
    const struct contract lines = {
        .name = "lines",
        .rules = {{.rule = RULE_BROKEN_BURST, .sides = DEVICE_DST, .params.line = 32}},
        .rule_count = 1};
    struct judge judge;
    assert_true(judge_init(&judge, &lines, 1, DEVICE_DST));
    assert_int_equal(judge.alignment_mask, 31);
    judge_free(&judge);
    assert_int_equal(f->judge.alignment_mask, 7);
    f->judge.alignment_mask = 31;
    lay(f, 0, 0);
    keep(f);
    lay(f, 16, 0);
    assert_null(recall(f));
    lay(f, 32, 0);
    assert_non_null(recall(f));
}

static void alignment_beyond_the_low_bits_counts(void **state)
{
    struct fixture *f = *state;
    lay(f, 0, 16);
    f->h.accesses[0].width = 32;
    resize(f, 32);
    f->h.r.trace.count = 1;
    handmade_values(&f->h, handmade_store(&f->h, 0, 32), 1);
    for (unsigned i = 0; i < 32; i++)
        f->h.r.layout.dst[i] = f->expected[i];
    keep(f);
    assert_non_null(recall(f));
    f->h.r.layout.src += 16;
    f->h.accesses[0].addr += 16;
    assert_null(recall(f));
}

typedef void change(struct fixture *f);

static void other_address(struct fixture *f)
{
    f->h.accesses[2].addr++;
}
static void other_load(struct fixture *f)
{
    f->h.accesses[1].addr--;
}
static void other_width(struct fixture *f)
{
    f->h.accesses[2].width = 8;
}
static void other_kind(struct fixture *f)
{
    f->h.accesses[0].kind = ACCESS_STORE;
}
static void other_flags(struct fixture *f)
{
    f->h.accesses[4].flags = ACCESS_DRAINS;
}
static void other_site(struct fixture *f)
{
    f->h.accesses[3].site = CLASS_VECTOR;
}
static void other_count(struct fixture *f)
{
    f->h.accesses[3].count = 2;
}
static void masked(struct fixture *f)
{
    f->h.accesses[3].flags = ACCESS_MASKED;
}
static void other_stack(struct fixture *f)
{
    f->h.r.trace.stack_entry -= 64;
}
static void clobbered(struct fixture *f)
{
    f->h.r.trace.clobbered = 1;
}
static void one_access_less(struct fixture *f)
{
    f->h.r.trace.count--;
}
static void one_access_more(struct fixture *f)
{
    handmade_load(&f->h, 0, 8);
}
static void wrong_byte(struct fixture *f)
{
    f->h.r.layout.dst[SIZE - 1] ^= 1;
}
static void wrong_return(struct fixture *f)
{
    f->h.r.trace.return_value++;
}
static void other_outcome(struct fixture *f)
{
    f->h.r.trace.outcome = OUTCOME_FAULTED;
}
static void no_values(struct fixture *f)
{
    f->h.accesses[2].value = TRACE_NO_VALUE;
}
static void transient(struct fixture *f)
{
    f->h.values[12] ^= 1;
}
static void other_size(struct fixture *f)
{
    resize(f, SIZE + 1);
}
static void overlapping(struct fixture *f)
{
    f->h.c.overlapping = true;
}
static void other_op(struct fixture *f)
{
    f->h.c.op = OP_MEMMOVE;
}

static void whatever_differs_is_not_recalled(void **state)
{
    struct fixture *f = *state;
    static change *const changes[] = {
        other_address,   other_load,      other_width, other_kind,   other_flags,
        other_site,      other_count,     masked,      other_stack,  clobbered,
        one_access_less, one_access_more, wrong_byte,  wrong_return, other_outcome,
        no_values,       transient,       other_size,  overlapping,  other_op,
    };
    lay(f, 0, 0);
    keep(f);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        lay(f, 0, 0);
        assert_non_null(recall(f));
        changes[i](f);
        if (recall(f))
            fail_msg("change %zu was not seen", i);
    }
}

static void stray_store(struct fixture *f)
{
    handmade_store(&f->h, SIZE, 1);
}
static void stray_load(struct fixture *f)
{
    handmade_load(&f->h, -1, 2);
}
static void flush(struct fixture *f)
{
    handmade_add(&f->h, ACCESS_FLUSH, (uintptr_t)f->h.r.layout.dst, 0);
}
static void string_op(struct fixture *f)
{
    handmade_store(&f->h, 0, 1)->count = 4;
}
static void thread_local_load(struct fixture *f)
{
    handmade_load(&f->h, 0, 8)->flags = ACCESS_TLS;
}
static void odd_width(struct fixture *f)
{
    handmade_load(&f->h, 0, 10);
}

enum { MODULE = 0x600000 };

// One run of words, by a routine that reads a variable of its module.
static void lay_run(struct fixture *f, size_t dst)
{
    lay(f, dst, 0);
    f->h.r.trace.count = 2; // the loads
    struct access *run = handmade_store(&f->h, 0, 8);
    run->count = SIZE / 8;
    run->site = CLASS_STRING;
    handmade_values(&f->h, run, 1);
    f->h.r.trace.images[0] = (struct span){MODULE, MODULE + 0x1000};
    f->h.r.trace.image_count = f->h.r.trace.own_image_count = 1;
    handmade_add(&f->h, ACCESS_LOAD, MODULE + 64, 8);
}

static void runs_and_loads_of_the_module_are_remembered(void **state)
{
    struct fixture *f = *state;
    lay_run(f, 0);
    keep(f);
    lay_run(f, 16);
    assert_non_null(recall(f));
    f->h.accesses[3].addr += 8;
    assert_null(recall(f));
    lay_run(f, 16);
    f->h.accesses[2].count--;
    assert_null(recall(f));
    lay_run(f, 0);
    f->h.accesses[2].count++; // beyond the end
    keep(f);
    assert_null(recall(f));
    lay_run(f, 0);
    f->h.accesses[2].flags = ACCESS_DESCENDING; // below the beginning
    f->h.r.trace.value_bytes = 0;
    keep(f);
    assert_null(recall(f));
}

static void what_other_things_bear_on_is_not_kept(void **state)
{
    struct fixture *f = *state;
    static change *const changes[] = {
        stray_store, stray_load, flush,      string_op, thread_local_load,
        odd_width,   masked,     wrong_byte, transient, other_outcome,
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        lay(f, 0, 0);
        changes[i](f);
        keep(f);
        if (recall(f))
            fail_msg("change %zu was kept", i);
    }
}

static void a_wrong_return_is_a_case_of_its_own(void **state)
{
    struct fixture *f = *state;
    lay(f, 0, 0);
    wrong_return(f);
    keep(f);
    assert_non_null(recall(f));
    lay(f, 0, 0);
    assert_null(recall(f));
    keep(f);
    assert_non_null(recall(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nothing_is_recalled_at_first),
        TEST(a_case_like_one_kept_breaks_the_same_checks),
        TEST(an_access_across_a_cache_line_is_judged_for_itself_where_that_matters),
        TEST(another_alignment_is_another_case),
        TEST(where_the_source_lies_counts_only_where_a_check_asks),
        TEST(a_case_is_known_by_the_words_that_it_left),
        TEST(alignment_counts_as_far_as_a_check_asks_for_lines),
        TEST(alignment_beyond_the_low_bits_counts),
        TEST(whatever_differs_is_not_recalled),
        TEST(what_other_things_bear_on_is_not_kept),
        TEST(a_wrong_return_is_a_case_of_its_own),
        TEST(runs_and_loads_of_the_module_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
