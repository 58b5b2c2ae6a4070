// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The arena: where buffers lie, what they hold, which addresses fault, and that
// nothing of a case is left for the next.

#include "base/host.h"
#include "case/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new();
    return arena ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct copy_case apart(uint64_t size, uint32_t dst, uint32_t src, uint64_t fill)
{
    return (struct copy_case){
        .op = OP_MEMMOVE, .size = size, .dst_off = dst, .src_off = src, .fill = fill};
}

static struct copy_case moved(uint64_t size, uint32_t dst, int64_t overlap, uint64_t fill)
{
    return (struct copy_case){.op = OP_MEMMOVE,
                              .size = size,
                              .dst_off = dst,
                              .src_off = case_src_off(dst, overlap),
                              .overlapping = true,
                              .overlap = overlap,
                              .fill = fill};
}

static struct layout laid(const struct copy_case *c);

static void what_is_set_has_no_source_and_changes_every_byte(void **state)
{
    (void)state;
    for (uint64_t fill = 0; fill < 300; fill++) {
        struct copy_case c = {.op = OP_SET, .size = 100, .dst_off = 5, .fill = fill};
        struct layout l = laid(&c);
        assert_null(l.src);
        assert_in_range(l.value + 0x80, 0, 0x17f);
        for (size_t i = 0; i < c.size; i++) {
            assert_int_equal(l.expected[i], (uint8_t)l.value);
            assert_int_equal(l.dst[i], l.old[i]);
            assert_int_equal(l.old[i] == l.expected[i], fill == 0);
        }
        assert_true(arena_is_clean_near(arena, &l));
        arena_clear(arena, &l, false);
        assert_true(arena_is_clean(arena, &l));
    }
}

static void a_fifo_is_one_place_whatever_goes_through(void **state)
{
    (void)state;
    struct copy_case to = {.op = OP_TO_FIFO, .size = 100, .dst_off = 8, .src_off = 3, .fill = 1};
    struct layout l = laid(&to);
    assert_int_equal(l.dst_size, LAYOUT_FIFO_BYTES);
    assert_int_equal(l.src_size, 100);
    assert_memory_equal(l.src, l.expected, 100);
    arena_clear(arena, &l, false);
    assert_true(arena_is_clean(arena, &l));
    struct copy_case from = {
        .op = OP_FROM_FIFO, .size = 100, .dst_off = 3, .src_off = 8, .fill = 1};
    l = laid(&from);
    assert_int_equal(l.src_size, LAYOUT_FIFO_BYTES);
    assert_memory_equal(l.src, l.expected, LAYOUT_FIFO_BYTES);
    assert_memory_equal(l.dst, l.old, 100);
    assert_true(arena_is_clean_near(arena, &l));
    arena_clear(arena, &l, false);
    assert_true(arena_is_clean(arena, &l));
}

static void fields_of_the_source_are_part_of_what_is_expected(void **state)
{
    (void)state;
    static const int64_t overlaps[] = {0, 5, -5, 40};
    static const uint8_t little[] = {4, 3, 2, 1}, big[] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof overlaps / sizeof *overlaps; i++) {
        struct copy_case c = {.op = OP_MEMMOVE, .size = 32, .dst_off = 9, .src_off = 9, .fill = 1};
        c.overlapping = i > 0;
        c.overlap = overlaps[i];
        c.src_off = c.overlapping ? case_src_off(c.dst_off, c.overlap) : 9;
        c.fields[c.field_count++] = (struct case_field){0x01020304, 6, 4};
        for (int order = 0; order < 2; order++) {
            arena_set_order(arena, order == 1);
            struct layout l = laid(&c);
            assert_memory_equal(l.expected + 6, order ? big : little, 4);
            assert_memory_equal(l.src, l.expected, 32);
            assert_memory_equal(l.dst, l.old, 32);
            memmove(l.dst, l.src, 32);
            assert_true(arena_is_clean_near(arena, &l));
            arena_clear(arena, &l, false);
            assert_true(arena_is_clean(arena, &l));
        }
    }
    arena_set_order(arena, false);
}

static struct layout laid(const struct copy_case *c)
{
    struct layout l;
    assert_true(case_is_valid(c));
    if (!arena_lay(arena, c, &l)) {
        char text[CASE_TEXT_MAX];
        case_print(c, text);
        fail_msg("no memory for %s", text);
    }
    return l;
}

static bool holds(const struct copy_case *c, const struct layout *l)
{
    return memcmp(l->dst, l->old, c->size) == 0 && memcmp(l->src, l->expected, c->size) == 0;
}

// Offsets in the page, the content, and a copy of it judged clean.
static void assert_laid_and_cleared(const struct copy_case *c)
{
    struct layout l = laid(c);
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    bool placed = (uintptr_t)l.dst % PAGE_BYTES == c->dst_off &&
                  (uintptr_t)l.src % PAGE_BYTES == c->src_off && l.size == c->size &&
                  (!c->overlapping || l.dst - l.src == c->overlap);
    bool held = holds(c, &l);
    bool differs = true;
    for (uint64_t i = 0; i < c->size && c->overlap != (c->overlapping ? 0 : -1); i++)
        differs &= (l.old[i] == l.expected[i]) == (c->fill == 0);
    memmove(l.dst, l.src, c->size);
    bool copied = memcmp(l.dst, l.expected, c->size) == 0;
    bool near = arena_is_clean_near(arena, &l);
    arena_clear(arena, &l, false);
    if (!placed || !held || !differs || !copied || !near || !arena_is_clean(arena, &l))
        fail_msg("%s: placed %d, content %d, differs %d, expected %d, clean near %d", text, placed,
                 held, differs, copied, near);
}

static void every_case_lies_at_its_offsets_and_leaves_nothing(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 2, 7, 63, 64, 65, 200, 4095, 4096, 4097, 9000};
    static const uint32_t offs[] = {0, 1, 31, 64, 2048, 4032, 4095};
    static const int64_t distances[] = {0, 1, 2, 3, 15, 16, 17, 64, 4095, 4096, 8192};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t d = 0; d < sizeof offs / sizeof *offs; d++) {
            for (uint64_t fill = 0; fill < 3; fill++) {
                for (size_t k = 0; k < sizeof offs / sizeof *offs; k++) {
                    struct copy_case c = apart(sizes[s], offs[d], offs[k], fill);
                    assert_laid_and_cleared(&c);
                }
                for (size_t k = 0; k < sizeof distances / sizeof *distances; k++) {
                    struct copy_case c = moved(sizes[s], offs[d], distances[k], fill);
                    assert_laid_and_cleared(&c);
                    c = moved(sizes[s], offs[d], -distances[k], fill);
                    assert_laid_and_cleared(&c);
                }
            }
        }
    }
}

static void the_lower_buffer_is_the_one_the_case_says(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 100, 5000, 140000, 1 << 20, 3};
    for (size_t d = 0; d < sizeof sizes / sizeof *sizes; d++)
        for (int below = 0; below < 2; below++) {
            struct copy_case c = apart(sizes[d], 4095, d % 2 ? 0 : 4095, 5);
            c.dst_below = below;
            assert_laid_and_cleared(&c);
            struct layout l = laid(&c);
            assert_int_equal(l.dst_lane.hi <= l.src_lane.lo, below);
            assert_int_equal(l.src_lane.hi <= l.dst_lane.lo, !below);
            arena_clear(arena, &l, false);
        }
}

// A witness must show again in a process that has run nothing else.
static void where_a_case_lies_does_not_follow_from_what_ran_before(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 9000, 300000, 70, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int below = 0; below < 2; below++) {
            struct arena *fresh = arena_new();
            struct copy_case c = apart(sizes[i], 3, 4001, 5);
            struct layout here = laid(&c), there;
            c.dst_below = below;
            arena_clear(arena, &here, false);
            here = laid(&c);
            assert_non_null(fresh);
            assert_true(arena_lay(fresh, &c, &there));
            assert_int_equal(here.dst - here.src, there.dst - there.src);
            arena_clear(arena, &here, false);
            arena_free(fresh);
        }
}

static void assert_bytes(const uint8_t *bytes, uint64_t count, unsigned value)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++)
        wrong += bytes[i] != value;
    assert_true(wrong == 0);
}

static void data_of_one_byte_everywhere_lies_on_both_sides(void **state)
{
    (void)state;
    static const struct {
        enum case_data data;
        unsigned source, old;
    } rows[] = {{DATA_ZEROS, 0, 0xff},
                {DATA_ONES, 0xff, 0},
                {DATA_EQUAL_ZEROS, 0, 0},
                {DATA_EQUAL_ONES, 0xff, 0xff}};
    static const uint64_t sizes[] = {0, 1, 64, 5000, 1 << 18};
    static const int64_t distances[] = {0, 1, 63, 64, 8000};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct copy_case c = apart(sizes[s], 4090, 3, 1);
            c.data = rows[r].data;
            struct layout l = laid(&c);
            assert_bytes(l.src, c.size, rows[r].source);
            assert_bytes(l.dst, c.size, rows[r].old);
            arena_clear(arena, &l, false);
            for (size_t k = 0; k < sizeof distances / sizeof *distances; k++)
                for (int sign = -1; sign < 2; sign += 2) {
                    c = moved(sizes[s], 77, sign * distances[k], 1);
                    c.data = rows[r].data;
                    l = laid(&c);
                    assert_bytes(l.src, c.size, rows[r].source);
                    // The destination beyond the source, at one of its ends.
                    uint64_t apart_by =
                        (uint64_t)distances[k] < c.size ? (uint64_t)distances[k] : c.size;
                    assert_bytes(sign < 0 ? l.dst : l.dst + c.size - apart_by, apart_by,
                                 rows[r].old);
                    assert_true(holds(&c, &l));
                    memmove(l.dst, l.src, c.size);
                    assert_true(arena_is_clean_near(arena, &l));
                    arena_clear(arena, &l, false);
                    assert_true(arena_is_clean(arena, &l));
                }
        }
}

static void large_cases_come_and_go(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1 << 17, (1 << 20) + 1, 5000, (3 << 20) + 77, 1 << 18};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct copy_case c = apart(sizes[i], 4095, 1, 70000 + i);
        assert_laid_and_cleared(&c);
        c = moved(sizes[i], 17, (int64_t)sizes[i] - 1, 5);
        assert_laid_and_cleared(&c);
        c = moved(sizes[i], 17, -(int64_t)sizes[i] / 2, 5);
        assert_laid_and_cleared(&c);
    }
}

static void the_largest_case_fits(void **state)
{
    (void)state;
    struct copy_case c = apart(CASE_SIZE_MAX, 4095, 4095, UINT64_MAX);
    assert_laid_and_cleared(&c);
    c = moved(CASE_SIZE_MAX, 4095, (int64_t)(CASE_SIZE_MAX + CASE_GAP_MAX), UINT64_MAX);
    struct layout l = laid(&c);
    assert_true(holds(&c, &l));
    arena_clear(arena, &l, false);
    assert_true(arena_is_clean(arena, &l));
}

// Does a one-byte access fault? Tried in a child, whose signals are its own.
static bool faults(const volatile uint8_t *at)
{
    pid_t child = fork();
    int status;
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        (void)*at;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void assert_guarded(struct span lane)
{
    assert_int_equal(lane.lo % PAGE_BYTES, 0);
    assert_int_equal(lane.hi % PAGE_BYTES, 0);
    assert_int_equal(faults((const uint8_t *)lane.lo - 1), lane.lo % host_page_bytes() == 0);
    assert_false(faults((const uint8_t *)lane.lo));
    assert_false(faults((const uint8_t *)lane.hi - 1));
    assert_true(faults((const uint8_t *)lane.hi));
}

static void assert_pages(const struct copy_case *c, size_t dst_pages, size_t src_pages)
{
    struct layout l = laid(c);
    assert_int_equal((l.dst_lane.hi - l.dst_lane.lo) / PAGE_BYTES, dst_pages);
    assert_int_equal((l.src_lane.hi - l.src_lane.lo) / PAGE_BYTES, src_pages);
    assert_guarded(l.dst_lane);
    assert_guarded(l.src_lane);
    arena_clear(arena, &l, false);
}

static void lanes_have_exactly_the_pages_needed_between_guards(void **state)
{
    (void)state;
    struct copy_case c = apart(0, 4095, 0, 1);
    assert_pages(&c, 1, 1);
    c = apart(1, 4095, 0, 1);
    assert_pages(&c, 1, 1);
    c = apart(2, 4095, 0, 1);
    assert_pages(&c, 2, 1);
    c = apart(4096, 0, 1, 1);
    assert_pages(&c, 1, 2);
    // Beyond the small lanes, growing and shrinking.
    c = apart(40 * PAGE_BYTES, 0, 1, 1);
    assert_pages(&c, 40, 41);
    c = apart(60 * PAGE_BYTES, 1, 0, 1);
    assert_pages(&c, 61, 60);
    c = apart(33 * PAGE_BYTES, 0, 0, 1);
    assert_pages(&c, 33, 33);
}

static void an_overlapping_case_lies_in_one_lane_of_the_pages_needed(void **state)
{
    (void)state;
    struct copy_case c = moved(4096, 16, 16, 1); // source at 0
    assert_pages(&c, 2, 2);
    c = moved(4080, 16, 16, 1);
    assert_pages(&c, 1, 1);
    c = moved(4080, 0, -16, 1); // destination at 0
    assert_pages(&c, 1, 1);
    c = moved(4080, 1, -16, 1);
    assert_pages(&c, 2, 2);
}

static bool in_span(struct span s, const uint8_t *at)
{
    return (uintptr_t)at >= s.lo && (uintptr_t)at < s.hi;
}

static void a_byte_outside_of_the_destination_shows(void **state)
{
    (void)state;
    static const uint32_t offs[] = {0, 1, 40, 63, 64, 100, 4032, 4090, 4095};
    for (size_t i = 0; i < sizeof offs / sizeof *offs; i++) {
        for (uint64_t size = 0; size < 130; size += 13) {
            struct copy_case c = apart(size, offs[i], 4095 - offs[i], 1);
            struct layout l = laid(&c);
            for (int64_t at = -64; at < (int64_t)size + 64; at++) {
                uint8_t *dst = l.dst + at, *src = l.src + at;
                bool in_dst_lane = in_span(l.dst_lane, dst), in_src_lane = in_span(l.src_lane, src);
                bool inside = at >= 0 && at < (int64_t)size;
                if (in_dst_lane) {
                    *dst ^= 1;
                    assert_int_equal(arena_is_clean_near(arena, &l), inside);
                    *dst ^= 1;
                }
                if (in_src_lane) {
                    *src ^= 1;
                    assert_false(arena_is_clean_near(arena, &l));
                    *src ^= 1;
                }
            }
            assert_true(arena_is_clean_near(arena, &l));
            arena_clear(arena, &l, false);
        }
    }
}

static void a_byte_outside_of_an_overlapping_destination_shows(void **state)
{
    (void)state;
    static const int64_t distances[] = {-200, -64, -7, 0, 1, 33, 150};
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        struct copy_case c = moved(100, 4000, distances[i], 1);
        struct layout l = laid(&c);
        uint8_t *low = l.dst < l.src ? l.dst : l.src, *high = l.dst < l.src ? l.src : l.dst;
        for (uint8_t *at = low - 64; at < high + 100 + 64; at++) {
            if (!in_span(l.dst_lane, at))
                continue;
            *at ^= 0x80;
            assert_int_equal(arena_is_clean_near(arena, &l), at >= l.dst && at < l.dst + 100);
            *at ^= 0x80;
        }
        arena_clear(arena, &l, false);
    }
}

static void a_far_byte_shows_in_the_whole_lanes_until_they_are_restored(void **state)
{
    (void)state;
    struct copy_case cases[] = {apart(10, 5, 6, 1), moved(10, 5, 3, 1)};
    for (size_t i = 0; i < 2; i++) {
        for (int side = 0; side < 2; side++) {
            struct layout l = laid(&cases[i]);
            struct span lane = side ? l.src_lane : l.dst_lane;
            uint8_t *far = (uint8_t *)lane.hi - 1;
            *far ^= 1;
            assert_true(arena_is_clean_near(arena, &l));
            arena_clear(arena, &l, false);
            assert_false(arena_is_clean(arena, &l));
            arena_clear(arena, &l, true);
            assert_true(arena_is_clean(arena, &l));
        }
    }
}

static void lay_and_clear(struct arena *a, uint64_t size, uint32_t dst_off, struct layout *l)
{
    struct copy_case c = {.op = OP_MEMCPY, .size = size, .dst_off = dst_off, .fill = 1};
    assert_true(arena_lay(a, &c, l));
    arena_clear(a, l, false);
}

// A byte changed in a lane, and other cases laid since; large ones share a lane, whose
// end the next one may put out of reach.
static void a_stain_is_seen_by_the_next_look_and_no_other(void **state)
{
    (void)state;
    const uint64_t sizes[] = {100, 5000, 40 * PAGE_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct arena *own = arena_new();
        struct layout l, other;
        assert_non_null(own);
        lay_and_clear(own, sizes[i], 0, &l);
        assert_true(arena_was_clean(own));
        lay_and_clear(own, sizes[i], 0, &l);
        *((uint8_t *)l.dst_lane.hi - 1) ^= 1;
        lay_and_clear(own, 1, PAGE_BYTES - 2, &other);
        lay_and_clear(own, 33 * PAGE_BYTES, 0, &other);
        assert_false(arena_was_clean(own));
        assert_true(arena_was_clean(own));
        arena_free(own);
    }
}

// As on CPUs with pages of 16 or 64 KiB: the end of a lane is still that of a page, and
// what lies between the page's begin and the lane's is looked at.
static void a_lane_in_larger_pages_ends_where_they_do(void **state)
{
    (void)state;
    const size_t pages[] = {16 << 10, 64 << 10};
    const uint64_t sizes[] = {0, 100, 5000, 65536, 40 * PAGE_BYTES, 33 * PAGE_BYTES, 64};
    for (size_t p = 0; p < sizeof pages / sizeof *pages; p++) {
        struct arena *own = arena_new_on(pages[p]);
        assert_non_null(own);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct copy_case c = apart(sizes[i], 4095, 1, 1);
            struct layout l;
            assert_true(arena_lay(own, &c, &l));
            assert_int_equal((uintptr_t)l.dst % PAGE_BYTES, 4095);
            assert_int_equal(l.dst_lane.hi % pages[p], 0);
            assert_true(faults((const uint8_t *)l.dst_lane.hi));
            assert_false(faults((const uint8_t *)l.dst_lane.lo));
            assert_memory_equal(l.src, l.expected, sizes[i]);
            arena_clear(own, &l, i % 2);
            assert_true(arena_is_clean(own, &l));
            assert_true(arena_was_clean(own));
            assert_non_null(arena_record(own));
        }
        struct layout l;
        lay_and_clear(own, 100, 0, &l);
        *((uint8_t *)l.dst_lane.lo - 1) ^= 1;
        assert_false(arena_was_clean(own));
        arena_free(own);
    }
}

static void the_same_case_gives_the_same_bytes_in_every_arena(void **state)
{
    (void)state;
    struct copy_case cases[] = {apart(5000, 1, 2, 1), apart(33, 1, 2, 1234567890123),
                                moved(700, 3, 5, 9), moved(5000, 3, -4999, 0)};
    struct arena *other = arena_new();
    assert_non_null(other);
    // One that has grown its pools for larger cases first.
    struct copy_case larger[] = {apart(1 << 20, 0, 0, 3), moved(100000, 3, 5, 7)};
    struct layout a, b;
    for (size_t i = 0; i < 2; i++) {
        assert_true(arena_lay(other, &larger[i], &b));
        arena_clear(other, &b, false);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        a = laid(&cases[i]);
        assert_true(arena_lay(other, &cases[i], &b));
        assert_memory_equal(a.dst, b.dst, a.size);
        assert_memory_equal(a.src, b.src, a.size);
        arena_clear(arena, &a, false);
        arena_clear(other, &b, false);
    }
    arena_free(other);
}

static void fills_in_a_row_give_every_value_to_the_first_bytes(void **state)
{
    (void)state;
    bool *pairs = calloc(65536, sizeof *pairs);
    size_t distinct = 0, first_distinct = 0;
    bool firsts[256] = {false};
    assert_non_null(pairs);
    for (uint64_t fill = 1; fill <= 65536; fill++) {
        struct copy_case c = apart(2, 0, 0, fill);
        struct layout l = laid(&c);
        size_t pair = l.expected[0] | (size_t)l.expected[1] << 8;
        distinct += !pairs[pair];
        pairs[pair] = true;
        if (fill <= 256) {
            first_distinct += !firsts[l.expected[0]];
            firsts[l.expected[0]] = true;
        }
        arena_clear(arena, &l, false);
    }
    free(pairs);
    assert_int_equal(first_distinct, 256);
    assert_int_equal(distinct, 65536);
}

// How many of 4096 bytes are equal in two fills; by chance, 16 are.
static size_t bytes_shared(struct copy_case c, uint64_t fill)
{
    uint8_t before[4096];
    size_t shared = 0;
    struct layout l = laid(&c);
    memcpy(before, l.expected, sizeof before);
    arena_clear(arena, &l, false);
    c.fill = fill;
    l = laid(&c);
    for (size_t i = 0; i < sizeof before; i++)
        shared += before[i] == l.expected[i];
    arena_clear(arena, &l, false);
    return shared;
}

static void other_fills_give_other_bytes_at_every_place(void **state)
{
    (void)state;
    static const uint64_t fills[] = {2, 3, 257, 65536, 65537, 65538, 1 << 24, UINT64_MAX};
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        assert_in_range(bytes_shared(apart(4096, 0, 0, 1), fills[i]), 0, 50);
        assert_in_range(bytes_shared(moved(4096, 0, 64, 1), fills[i]), 0, 50);
    }
}

static void many_distances_in_turn_keep_their_bytes_right(void **state)
{
    (void)state;
    // More distances than are kept, twice, some of one set.
    for (int64_t round = 0; round < 2; round++) {
        for (int64_t distance = 1; distance < 1500; distance += 7) {
            struct copy_case c = moved(2000 + (uint64_t)distance * 3, 3, distance, 11);
            assert_laid_and_cleared(&c);
            c = moved(64, 3, distance * 64 % 4096, (uint64_t)distance);
            assert_laid_and_cleared(&c);
        }
    }
}

// Cases that lie over, beside and far from the one before, on either side, and in one buffer.
static struct copy_case next_case(unsigned i)
{
    uint64_t size = i * 7 % 90;
    struct copy_case c = i % 5 == 4 ? moved(size, i % 40, (int64_t)(i % 130) - 65, i)
                                    : apart(size, i / 3 % 70, i % 3 ? i % 50 : 4000, i);
    c.dst_below = i % 5 != 4 && i % 2;
    if (i % 31 == 30)
        c = (struct copy_case){.op = OP_SET, .size = size, .dst_off = i % 50, .fill = i};
    return c;
}

static void what_a_case_left_is_gone_when_the_next_is_laid(void **state)
{
    (void)state;
    assert_true(arena_was_clean(arena));
    for (unsigned i = 0; i < 20000; i++) {
        struct copy_case c = next_case(i);
        struct layout l = laid(&c);
        assert_true(arena_is_clean_near(arena, &l));
        memcpy(l.dst, l.expected, c.size);
        if (i % 3) {
            arena_leave(arena, &l);
            continue;
        }
        arena_clear(arena, &l, false);
        assert_true(arena_is_clean(arena, &l));
        assert_true(i % 2 || arena_was_clean(arena));
    }
    assert_true(arena_was_clean(arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_lies_at_its_offsets_and_leaves_nothing),
        cmocka_unit_test(the_lower_buffer_is_the_one_the_case_says),
        cmocka_unit_test(where_a_case_lies_does_not_follow_from_what_ran_before),
        cmocka_unit_test(data_of_one_byte_everywhere_lies_on_both_sides),
        cmocka_unit_test(large_cases_come_and_go),
        cmocka_unit_test(the_largest_case_fits),
        cmocka_unit_test(lanes_have_exactly_the_pages_needed_between_guards),
        cmocka_unit_test(an_overlapping_case_lies_in_one_lane_of_the_pages_needed),
        cmocka_unit_test(a_byte_outside_of_the_destination_shows),
        cmocka_unit_test(a_byte_outside_of_an_overlapping_destination_shows),
        cmocka_unit_test(a_far_byte_shows_in_the_whole_lanes_until_they_are_restored),
        cmocka_unit_test(a_stain_is_seen_by_the_next_look_and_no_other),
        cmocka_unit_test(what_a_case_left_is_gone_when_the_next_is_laid),
        cmocka_unit_test(a_lane_in_larger_pages_ends_where_they_do),
        cmocka_unit_test(the_same_case_gives_the_same_bytes_in_every_arena),
        cmocka_unit_test(fills_in_a_row_give_every_value_to_the_first_bytes),
        cmocka_unit_test(other_fills_give_other_bytes_at_every_place),
        cmocka_unit_test(many_distances_in_turn_keep_their_bytes_right),
        cmocka_unit_test(what_is_set_has_no_source_and_changes_every_byte),
        cmocka_unit_test(a_fifo_is_one_place_whatever_goes_through),
        cmocka_unit_test(fields_of_the_source_are_part_of_what_is_expected),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
