// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Pieces as QEMU reports them become accesses as the emulated CPU makes them. QEMU
// is played here: no CPU that Debian 12's emulates has FEAT_LSE2.

#include "backends/arch.h"
#include "record/qemu/qemu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LANE_BYTES = 4096 };

static const struct guest_program *program(void)
{
    static struct guest_program p;
    p.arch = arch_find("aarch64");
    return &p;
}

struct scene {
    struct recorder recorder;
    struct layout layout;
    struct trace trace;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->recorder.program = program();
    s->recorder.sites = calloc(QEMU_SITES_MAX, sizeof *s->recorder.sites);
    s->recorder.elements = calloc(QEMU_SITES_MAX, sizeof *s->recorder.elements);
    s->recorder.numbers = calloc(QEMU_SITES_MAX, sizeof *s->recorder.numbers);
    s->recorder.process.shared = calloc(1, sizeof *s->recorder.process.shared);
    s->recorder.process.starts = 1;
    s->layout.dst_lane = (struct span){0x700000000000, 0x700000000000 + LANE_BYTES};
    s->layout.src_lane = (struct span){0x700000100000, 0x700000100000 + LANE_BYTES};
    trace_init(&s->trace);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    trace_free(&s->trace);
    free(s->recorder.sites);
    free(s->recorder.elements);
    free(s->recorder.numbers);
    free(s->recorder.process.shared);
    free(s);
    return 0;
}

// One execution of INSN, which stores COUNT pieces of eight bytes from OFF on.
static const struct trace *store(struct scene *s, unsigned atomic_bytes, uint32_t insn, size_t off,
                                 unsigned count)
{
    struct qemu_shared *shared = s->recorder.process.shared;
    shared->atomic_bytes = atomic_bytes;
    shared->sites[0] = (struct qemu_site){.addr = 0x400000, .length = 4};
    memcpy(shared->sites[0].bytes, &insn, sizeof insn);
    for (unsigned i = 0; i < count; i++)
        shared->records[i] =
            (struct qemu_record){.addr = qemu_lane(&s->layout, false) + off + 8 * i,
                                 .serial = 7,
                                 .width = 8,
                                 .flags = RECORD_STORE};
    atomic_store(&shared->site_count, 1);
    trace_reset(&s->trace);
    qemu_take_accesses(&s->recorder, shared->records, count, &s->layout, false, &s->trace);
    assert_int_equal(s->trace.outcome, OUTCOME_RETURNED);
    return &s->trace;
}

static void check(const struct trace *t, size_t count, unsigned width)
{
    assert_int_equal(t->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(t->accesses[i].width, width);
}

enum {
    STR_Q = 0x3d800000,  // str q0, [x0]
    STP_Q = 0xad000400,  // stp q0, q1, [x0]
    STP_X = 0xa9000c02,  // stp x2, x3, [x0]
    ST1_2D = 0x4c007c00, // st1 {v0.2d}, [x0]
};
static const uint32_t ST1D = 0xe5e0e000; // st1d {z0.d}, p0, [x0]

static void without_lse2_a_vector_register_is_two_stores(void **state)
{
    const struct trace *t = store(*state, 8, STR_Q, 16, 2);
    check(t, 2, 8);
    assert_int_equal(t->atomic_bytes, 8);
    check(store(*state, 8, STP_Q, 32, 4), 4, 8);
    check(store(*state, 0, STP_X, 16, 2), 2, 8);
}

static void with_lse2_aligned_sixteen_bytes_are_one_store(void **state)
{
    const struct trace *t = store(*state, 16, STR_Q, 16, 2);
    check(t, 1, 16);
    assert_int_equal(t->atomic_bytes, 16);
    check(store(*state, 16, STP_X, 0, 2), 1, 16);
}

static void with_lse2_a_pair_of_vectors_is_two_stores(void **state)
{
    check(store(*state, 16, STP_Q, 32, 4), 2, 16);
}

static void with_lse2_misaligned_sixteen_bytes_are_two_stores(void **state)
{
    check(store(*state, 16, STR_Q, 8, 2), 2, 8);
    check(store(*state, 16, STP_X, 20, 2), 2, 8);
}

static void with_lse2_elements_are_stores_of_their_own(void **state)
{
    check(store(*state, 16, ST1_2D, 16, 2), 2, 8);
}

// Of one execution of `st1d {z0.d}, p0, [x0]', whose stores are found in memory.
static enum trace_outcome found(struct scene *s, const uint8_t (*runs)[2], unsigned count)
{
    struct qemu_shared *shared = s->recorder.process.shared;
    store(s, 8, ST1D, 0, 1);
    for (unsigned i = 0; i < count; i++)
        shared->records[i] = (struct qemu_record){.addr = qemu_lane(&s->layout, false) + runs[i][0],
                                                  .serial = 8,
                                                  .width = runs[i][1],
                                                  .flags = RECORD_STORE | RECORD_FOUND};
    atomic_store(&shared->record_count, count);
    trace_reset(&s->trace);
    qemu_take_accesses(&s->recorder, shared->records, count, &s->layout, false, &s->trace);
    return s->trace.outcome;
}

static void elements_that_were_found_in_part_are_refused(void **state)
{
    struct scene *s = *state;
    assert_int_equal(found(s, (const uint8_t[][2]){{3, 8}, {11, 8}, {27, 8}}, 3), OUTCOME_RETURNED);
    check(&s->trace, 3, 8);
    // The first byte, the last one, one within, and the first of a later element.
    assert_int_equal(found(s, (const uint8_t[][2]){{4, 7}}, 1), OUTCOME_REFUSED);
    assert_int_equal(found(s, (const uint8_t[][2]){{3, 8}, {11, 7}}, 2), OUTCOME_REFUSED);
    assert_int_equal(found(s, (const uint8_t[][2]){{3, 2}, {6, 5}}, 2), OUTCOME_REFUSED);
    assert_int_equal(found(s, (const uint8_t[][2]){{4, 8}, {12, 7}}, 2), OUTCOME_REFUSED);
    assert_int_equal(found(s, (const uint8_t[][2]){{3, 8}, {20, 8}}, 2), OUTCOME_REFUSED);
    assert_non_null(strstr(s->trace.reason, "which bytes it stored"));
}

static void what_makes_no_sense_is_no_width(void **state)
{
    const struct trace *t = store(*state, 4096, STR_Q, 16, 2);
    check(t, 2, 8);
    assert_int_equal(t->atomic_bytes, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_lse2_a_vector_register_is_two_stores),
        TEST(with_lse2_aligned_sixteen_bytes_are_one_store),
        TEST(with_lse2_a_pair_of_vectors_is_two_stores),
        TEST(with_lse2_misaligned_sixteen_bytes_are_two_stores),
        TEST(with_lse2_elements_are_stores_of_their_own),
        TEST(elements_that_were_found_in_part_are_refused),
        TEST(what_makes_no_sense_is_no_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
