// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

//
// A fuzzer's bytes and cases, both ways.

#include "fuzz/case/case_input.h"
#include "fuzz/case/recent_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static void any_bytes_of_any_length_are_a_valid_case(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t bytes[CASE_BYTES + 8], pick;
        struct copy_case c;
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)next(&random);
        size_t size = next(&random) % (sizeof bytes + 1);
        case_from_bytes(bytes, size, &c, &pick);
        assert_true(case_is_valid(&c));
        assert_true(c.size <= CASE_BYTES_SIZE_MAX);
    }
}

static void bytes_of_a_case_are_that_case_again(void **state)
{
    (void)state;
    uint64_t random = 2;
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t bytes[CASE_BYTES], bytes_again[CASE_BYTES], pick;
        struct copy_case c, again;
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)next(&random);
        case_from_bytes(bytes, sizeof bytes, &c, &pick);
        assert_true(case_to_bytes(&c, pick, bytes_again));
        case_from_bytes(bytes_again, sizeof bytes_again, &again, &pick);
        assert_int_equal(case_compare(&c, &again), 0);
    }
}

// Else an engine never comes by what such a field decides.
static void bytes_and_mutants_say_every_order_and_kind_of_data(void **state)
{
    (void)state;
    bool seen[2][DATA_COUNT] = {{false}};
    uint8_t bytes[CASE_BYTES] = {0}, pick;
    for (unsigned seed = 0; seed < 20000; seed++) {
        struct copy_case c;
        case_mutate(bytes, CASE_BYTES, CASE_BYTES, seed);
        case_from_bytes(bytes, CASE_BYTES, &c, &pick);
        seen[c.dst_below][c.data] = true;
    }
    for (unsigned i = 0; i < DATA_COUNT; i++)
        assert_true(seen[0][i] && seen[1][i]);
}

static void no_bytes_are_the_smallest_case(void **state)
{
    (void)state;
    struct copy_case c;
    uint8_t pick = 7;
    case_from_bytes(NULL, 0, &c, &pick);
    assert_int_equal(c.size, 0);
    assert_int_equal(c.fill, 1);
    assert_int_equal(pick, 0);
}

static void what_bytes_cannot_say_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[CASE_BYTES];
    struct copy_case c = {.op = OP_MEMCPY, .size = CASE_BYTES_SIZE_MAX, .fill = 1};
    assert_true(case_to_bytes(&c, 0, bytes));
    c.size++;
    assert_false(case_to_bytes(&c, 0, bytes));
    c.size = 1;
    c.fill = CASE_BYTES_FILLS;
    assert_true(case_to_bytes(&c, 0, bytes));
    c.fill++;
    assert_false(case_to_bytes(&c, 0, bytes));
    c.fill = 1;
    c.tunable[TUNABLE_NT] = 1; // below what a libc takes
    assert_false(case_to_bytes(&c, 0, bytes));
}

static void a_saved_cases_text_is_taken_as_that_case(void **state)
{
    (void)state;
    static const char text[] = "# from somewhere\nrule torn-element\ncase memmove size=7 dst=3\n";
    struct copy_case c;
    uint8_t pick;
    assert_true(case_from_input((const uint8_t *)text, sizeof text - 1, &c, &pick));
    assert_int_equal(c.size, 7);
    assert_int_equal(c.dst_off, 3);
}

static void mutants_fit_and_are_the_same_for_the_same_seed(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 20000; seed++) {
        uint8_t a[CASE_BYTES] = {0}, b[CASE_BYTES] = {0};
        size_t room = seed % (CASE_BYTES + 1);
        size_t size = case_mutate(a, 0, room, seed);
        assert_true(size <= room);
        assert_int_equal(case_mutate(b, 0, room, seed), size);
        assert_memory_equal(a, b, sizeof a);
    }
}

static size_t size_of_input(const uint8_t *data)
{
    struct copy_case c;
    uint8_t pick;
    case_from_bytes(data, CASE_BYTES, &c, &pick);
    return (size_t)c.size;
}

// Else most of the time goes into them, since what they do is rare.
static void few_children_of_large_copies_are_large(void **state)
{
    (void)state;
    enum { CHILDREN = 20000, LARGE = 8192 };
    const struct copy_case c = {.op = OP_MEMMOVE, .size = 40000, .fill = 1};
    uint8_t parent[CASE_BYTES];
    size_t large = 0, bytes = 0;
    assert_true(case_to_bytes(&c, 0, parent));
    for (unsigned seed = 0; seed < CHILDREN; seed++) {
        uint8_t a[CASE_BYTES], b[CASE_BYTES], tamed[CASE_BYTES];
        memcpy(a, parent, sizeof a);
        memcpy(tamed, parent, sizeof tamed);
        assert_int_equal(case_mutate(a, CASE_BYTES, CASE_BYTES, seed), CASE_BYTES);
        assert_int_equal(case_cross(parent, CASE_BYTES, parent, CASE_BYTES, b, CASE_BYTES, seed),
                         CASE_BYTES);
        case_tame(tamed, CASE_BYTES, seed);
        const uint8_t *children[] = {a, b, tamed};
        for (size_t i = 0; i < 3; i++) {
            large += size_of_input(children[i]) >= LARGE;
            bytes += size_of_input(children[i]);
        }
    }
    assert_true(large > 0);
    assert_true(bytes / (3 * CHILDREN) < 1024);
}

uint64_t fuzz_identity(const uint8_t *data, size_t size)
{
    struct copy_case c;
    uint8_t pick;
    case_from_bytes(data, size, &c, &pick);
    return case_hash(&c, pick);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// How many of the hashes are there once more; sorts them.
static size_t repeats(uint64_t *hashes, size_t count)
{
    size_t n = 0;
    qsort(hashes, count, sizeof *hashes, compare_hashes);
    for (size_t i = 1; i < count; i++)
        n += hashes[i] == hashes[i - 1];
    return n;
}

// One parent has few children: to be run again they would tell nothing.
static void mutators_seldom_give_a_case_twice(void **state)
{
    (void)state;
    enum { CHILDREN = 20000 };
    static uint64_t plain[CHILDREN], fresh[CHILDREN];
    for (unsigned seed = 0; seed < CHILDREN; seed++) {
        uint8_t a[CASE_BYTES] = {0}, b[CASE_BYTES] = {0};
        size_t a_size = case_mutate(a, CASE_BYTES, CASE_BYTES, seed);
        size_t b_size = LLVMFuzzerCustomMutator(b, CASE_BYTES, CASE_BYTES, seed);
        plain[seed] = fuzz_identity(a, a_size);
        fresh[seed] = fuzz_identity(b, b_size);
    }
    assert_in_range(repeats(fresh, CHILDREN), 0, repeats(plain, CHILDREN) / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_of_any_length_are_a_valid_case),
        cmocka_unit_test(bytes_of_a_case_are_that_case_again),
        cmocka_unit_test(bytes_and_mutants_say_every_order_and_kind_of_data),
        cmocka_unit_test(no_bytes_are_the_smallest_case),
        cmocka_unit_test(what_bytes_cannot_say_is_refused),
        cmocka_unit_test(a_saved_cases_text_is_taken_as_that_case),
        cmocka_unit_test(mutants_fit_and_are_the_same_for_the_same_seed),
        cmocka_unit_test(few_children_of_large_copies_are_large),
        cmocka_unit_test(mutators_seldom_give_a_case_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
