// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What was reached, added up; and what the rewriter says of pairs of blocks.

#include "record/recorder.h"
#include "trace/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_same_instruction_counts_once_and_is_reached_if_ever(void **state)
{
    (void)state;
    const struct covered_insn first[] = {{.offset = 8, .length = 1, .bytes = {0xc3}},
                                         {.offset = 0, .length = 3, .reached = true}};
    const struct covered_insn second[] = {
        {.offset = 8, .length = 1, .bytes = {0xc3}, .reached = true}, {.offset = -4, .length = 2}};
    struct coverage c = {0};
    coverage_add(&c, first, 2);
    assert_int_equal(c.count, 2);
    assert_int_equal(coverage_reached(&c), 1);
    coverage_add(&c, second, 2);
    coverage_add(&c, NULL, 0);
    assert_int_equal(c.count, 3);
    assert_int_equal(coverage_reached(&c), 2);
    assert_int_equal(c.insns[0].offset, -4);
    char text[COVERED_TEXT_MAX];
    covered_insn_text(&c.insns[2], text);
    assert_string_equal(text, "ret");
    coverage_free(&c);
}

static void another_cpus_instruction_has_its_text_with_it(void **state)
{
    (void)state;
    const struct covered_insn insn = {.length = 4, .text = "ldrb w6, [x1]"};
    char text[COVERED_TEXT_MAX];
    covered_insn_text(&insn, text);
    assert_string_equal(text, "ldrb w6, [x1]");
}

struct bench {
    struct backend_list all, found;
    struct routine routine;
    struct recorder *recorder;
    struct arena *arena;
    struct trace trace;
};

static void open_routine(struct bench *b, const char *name, bool edges)
{
    struct error error = {""};
    const struct recorder_options options = {
        .loads = true, .blocks = true, .edges = edges, .timeout_ms = 2000};
    memset(b, 0, sizeof *b);
    backend_list_all(&b->all);
    assert_true(backend_list_find(&b->all, name, &b->found, &error));
    if (!b->found.items[0].code)
        skip(); // it is assembly of another CPU
    assert_true(routine_load(&b->found.items[0], &b->routine, &error));
    b->recorder = recorder_find("rewrite")->open(&b->routine, 0, &options, &error);
    assert_non_null(b->recorder);
    b->arena = arena_new();
    assert_non_null(b->arena);
    trace_init(&b->trace);
}

static void close_routine(struct bench *b)
{
    recorder_find("rewrite")->close(b->recorder);
    arena_free(b->arena);
    trace_free(&b->trace);
    backend_list_free(&b->found);
    backend_list_free(&b->all);
}

static enum trace_outcome run(struct bench *b, uint64_t size, uint32_t dst, uint32_t src,
                              bool values)
{
    const struct copy_case c = {
        .op = OP_MEMCPY, .size = size, .dst_off = dst, .src_off = src, .fill = 1};
    struct layout layout;
    recorder_find("rewrite")->run(b->recorder, b->arena, &c, values, &layout, &b->trace);
    arena_clear(b->arena, &layout, true);
    return b->trace.outcome;
}

static size_t edges_of(struct bench *b, uint64_t size, bool values, uint8_t edges[4096])
{
    size_t count = 0;
    memset(edges, 0, 4096);
    recorder_find("rewrite")->count_edges(b->recorder, edges, 4096);
    assert_int_equal(run(b, size, 37, 21, values), OUTCOME_RETURNED);
    recorder_find("rewrite")->count_edges(b->recorder, NULL, 0);
    for (size_t i = 0; i < 4096; i++)
        count += edges[i] != 0;
    return count;
}

// The sizes share 0, 1 and 10 of the bits that the chain looks at, one by one.
static void branches_without_accesses_are_edges(void **state)
{
    (void)state;
    static uint8_t none[4096], one[4096], again[4096], all[4096];
    struct bench b;
    open_routine(&b, "planted/duplicate_store_behind_chain", true);
    edges_of(&b, 0, false, none);
    edges_of(&b, 1, false, one);
    edges_of(&b, 717, false, all);
    assert_memory_not_equal(none, one, sizeof none);
    assert_memory_not_equal(one, all, sizeof one);
    // The same with values, with other code in the recorder.
    edges_of(&b, 1, true, again);
    assert_memory_equal(one, again, sizeof one);
    close_routine(&b);
}

static void what_is_behind_a_fault_is_not_reached(void **state)
{
    (void)state;
    struct bench b;
    struct coverage before = {0}, after = {0};
    open_routine(&b, "planted/crash_null_store", false);
    assert_int_equal(run(&b, 99, 0, 0, false), OUTCOME_RETURNED);
    recorder_find("rewrite")->cover(b.recorder, &before);
    assert_int_equal(run(&b, 100, 0, 0, false), OUTCOME_FAULTED);
    recorder_find("rewrite")->cover(b.recorder, &after);
    // cmp, jne, xor, mov (which faults), jmp.
    assert_true(before.count >= 5 && after.count >= 5);
    size_t at = 0;
    while (after.insns[at].offset != 0)
        at++;
    const bool want_before[] = {true, true, false, false, false};
    const bool want_after[] = {true, true, true, true, false};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(before.insns[at + i].reached, want_before[i]);
        assert_int_equal(after.insns[at + i].reached, want_after[i]);
    }
    coverage_free(&before);
    coverage_free(&after);
    close_routine(&b);
}

// After some cases the code no longer tells of blocks that are known to have run.
static void what_was_reached_stays_reached(void **state)
{
    (void)state;
    struct bench b;
    struct coverage early = {0}, late = {0};
    open_routine(&b, "planted/copy_words", false);
    for (uint32_t i = 0; i < 8 * 64; i++)
        run(&b, i / 8, i % 8, 0, false);
    recorder_find("rewrite")->cover(b.recorder, &early);
    for (uint64_t i = 0; i < 3000; i++)
        assert_int_equal(run(&b, 8, 0, 0, i % 2), OUTCOME_RETURNED);
    recorder_find("rewrite")->cover(b.recorder, &late);
    assert_int_equal(coverage_reached(&early), coverage_reached(&late));
    assert_int_equal(coverage_reached(&late), late.count);
    coverage_free(&early);
    coverage_free(&late);
    close_routine(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_instruction_counts_once_and_is_reached_if_ever),
        cmocka_unit_test(another_cpus_instruction_has_its_text_with_it),
        cmocka_unit_test(branches_without_accesses_are_edges),
        cmocka_unit_test(what_is_behind_a_fault_is_not_reached),
        cmocka_unit_test(what_was_reached_stays_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
