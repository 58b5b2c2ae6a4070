// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The default sweeps, plane by plane.

#include "case/plan_default.h"
#include "case/plane.h"

#include <string.h>

// Which backends and ops a plane of the default sweep is for.
enum plane_for { FOR_ALL, FOR_MEMMOVE, FOR_GLIBC };

enum { LISTED_CASES_MAX = 1 << 13 }; // of a plane of larger sizes

struct plane_row {
    struct range size, dst, src, overlap;
    enum plane_overlap kind;
    enum plane_for who;
    enum plane_order order;
    bool listed;    // of the sizes in the range, those that the plan lists
    bool each_data; // once for each kind of data that routines look for
    uint64_t nt;    // non-temporal threshold, 0: the library's own
};

// clang-format off
// Around a power of two, where thresholds lie.
#define POWER(n)                                                                     \
    {.size = TO((n) - 1, (n) + 1), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)}, \
        {.size = STEP((n) - 63, (n) + 63, 63), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)}

// Every third of those at the end of a page.
#define SOME_PAGE_END STEP(PAGE_BYTES - 64, PAGE_BYTES - 1, 3)

// The smallest non-temporal threshold that glibc takes; from 16 times that size
// on, it copies four pages at a time.
#define NT 0x4040
#define NT_SIZES(delta)                                                               \
    {.size = STEP(NT + (delta), 4 * NT + (delta), NT), .dst = STEP(0, 33, 33),        \
     .src = STEP(0, 17, 17), .who = FOR_GLIBC, .nt = NT}

static const struct plane_row default_sweep[] = {
    // Short copies at every alignment of both.
    {.size = TO(0, 192), .dst = EVERY_OFFSET, .src = EVERY_OFFSET},
    // Longer ones at every alignment of one.
    {.size = TO(193, 1088), .dst = EVERY_OFFSET, .src = TO(0, 1)},
    {.size = TO(193, 1088), .dst = EVERY_OFFSET, .src = STEP(8, 31, 23)},
    {.size = TO(193, 1088), .dst = TO(0, 1), .src = EVERY_OFFSET},
    {.size = TO(193, 1088), .dst = STEP(8, 31, 23), .src = EVERY_OFFSET},
    // Up to beyond a page.
    {.size = TO(1089, 4352), .dst = TO(0, 1), .src = TO(0, 1)},
    {.size = TO(1089, 4352), .dst = STEP(16, 63, 47), .src = STEP(8, 32, 24)},
    // At and across the end of a page.
    {.size = TO(0, 256), .dst = PAGE_END, .src = STEP(0, 9, 9)},
    {.size = TO(0, 256), .dst = STEP(0, 9, 9), .src = PAGE_END},
    {.size = TO(0, 256), .dst = PAGE_END, .src = STEP(PAGE_BYTES - 64, PAGE_BYTES - 1, 21)},
    // Every place in a page.
    {.size = STEP(1, 8, 7), .dst = TO(0, PAGE_BYTES - 1), .src = ONE(0)},
    {.size = STEP(64, 200, 136), .dst = TO(0, PAGE_BYTES - 1), .src = ONE(0)},
    {.size = STEP(1, 8, 7), .dst = ONE(0), .src = TO(0, PAGE_BYTES - 1)},
    {.size = STEP(64, 200, 136), .dst = ONE(0), .src = TO(0, PAGE_BYTES - 1)},
    // Where the source is the lower one at offsets 0, the smallest cases, the destination.
    {.size = TO(0, 1088), .dst = ONE(0), .src = ONE(0), .order = ORDER_DST},
    // Equal data before and after, zeros, ones.
    {.size = TO(0, 256), .dst = STEP(0, 31, 31), .src = STEP(0, 17, 17), .each_data = true},
    {.size = STEP(257, 4352, 13), .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    {.size = STEP(9, 265, 32), .dst = STEP(0, 31, 31), .overlap = TO(0, OWN_DISTANCES - 1),
     .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE, .each_data = true},
    // Overlapping moves.
    {.size = TO(0, 256), .dst = STEP(0, 63, 21), .overlap = TO(-80, 80),
     .kind = PLANE_DISTANCE, .who = FOR_MEMMOVE},
    {.size = TO(65, 1088), .dst = STEP(0, 63, 21), .overlap = TO(0, OWN_DISTANCES - 1),
     .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE},
    {.size = TO(1089, 4352), .dst = STEP(0, 33, 33), .overlap = TO(0, OWN_DISTANCES - 1),
     .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE},
    // Large ones.
    POWER(8192), POWER(16384), POWER(32768), POWER(65536),
    POWER(131072), POWER(262144), POWER(524288), POWER(1048576),
    NT_SIZES(-63), NT_SIZES(-1), NT_SIZES(0), NT_SIZES(1), NT_SIZES(63),
    {.size = TO(16 * NT - 1, 16 * NT + 1), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17),
     .who = FOR_GLIBC, .nt = NT},
};

// Another CPU's routine is emulated, at a fiftieth of the speed: fewer of each.
static const struct plane_row emulated_sweep[] = {
    {.size = TO(0, 96), .dst = TO(0, 15), .src = TO(0, 15)},
    {.size = TO(97, 320), .dst = TO(0, 15), .src = STEP(0, 9, 3)},
    {.size = TO(97, 320), .dst = STEP(0, 9, 3), .src = TO(0, 15)},
    {.size = STEP(321, 1088, 7), .dst = STEP(0, 63, 9), .src = STEP(0, 5, 5)},
    {.size = STEP(1089, 4352, 61), .dst = STEP(0, 3, 3), .src = TO(0, 1)},
    // At and across the end of a page.
    {.size = STEP(0, 128, 3), .dst = PAGE_END, .src = STEP(0, 9, 9)},
    {.size = STEP(0, 128, 3), .dst = STEP(0, 9, 9), .src = PAGE_END},
    // Where the source is the lower one at offsets 0, the smallest cases, the destination.
    {.size = TO(0, 320), .dst = ONE(0), .src = ONE(0), .order = ORDER_DST},
    // Equal data before and after, zeros, ones.
    {.size = TO(0, 128), .dst = STEP(0, 31, 31), .src = STEP(0, 17, 17), .each_data = true},
    // Overlapping moves.
    {.size = TO(0, 96), .dst = STEP(0, 21, 7), .overlap = TO(-33, 33), .kind = PLANE_DISTANCE,
     .who = FOR_MEMMOVE},
    {.size = STEP(65, 1088, 11), .dst = STEP(0, 21, 7), .overlap = TO(0, OWN_DISTANCES - 1),
     .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE},
    // Large ones.
    {.size = TO(8191, 8193), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)},
    {.size = TO(65535, 65537), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)},
    {.size = ONE(262145), .dst = ONE(1), .src = ONE(0)},
};

// A light sweep of a routine that is run: each size of the list, which has all the small
// ones, at every alignment of one side. A few sizes by rule, for what the list lacks.
static const struct plane_row light_sweep[] = {
    {.size = TO(0, 64), .listed = true, .dst = EVERY_OFFSET, .src = STEP(0, 51, 17)},
    {.size = TO(0, 64), .listed = true, .dst = STEP(0, 51, 17), .src = EVERY_OFFSET},
    {.size = TO(65, 192), .listed = true, .dst = EVERY_OFFSET, .src = STEP(0, 9, 9)},
    {.size = TO(65, 192), .listed = true, .dst = STEP(0, 9, 9), .src = EVERY_OFFSET},
    {.size = TO(193, 1088), .listed = true, .dst = EVERY_OFFSET, .src = ONE(0)},
    {.size = TO(193, 1088), .listed = true, .dst = ONE(9), .src = EVERY_OFFSET},
    {.size = TO(1089, 4352), .listed = true, .dst = STEP(0, 63, 21), .src = STEP(0, 17, 17)},
    {.size = TO(65, 256), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)},
    {.size = STEP(257, 4352, 13), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)},
    // At and across the end of a page, and every place in it.
    {.size = TO(0, 64), .listed = true, .dst = PAGE_END, .src = STEP(0, 9, 9)},
    {.size = TO(0, 64), .listed = true, .dst = STEP(0, 9, 9), .src = PAGE_END},
    {.size = TO(65, 256), .listed = true, .dst = SOME_PAGE_END, .src = ONE(0)},
    {.size = TO(65, 256), .listed = true, .dst = ONE(0), .src = SOME_PAGE_END},
    {.size = ONE(200), .dst = TO(0, PAGE_BYTES - 1), .src = ONE(0)},
    {.size = ONE(200), .dst = ONE(0), .src = TO(0, PAGE_BYTES - 1)},
    // Where the source is the lower one at offsets 0, the smallest cases, the destination.
    {.size = TO(0, 1088), .listed = true, .dst = ONE(0), .src = ONE(0), .order = ORDER_DST},
    // Equal data before and after, zeros, ones.
    {.size = TO(0, 4352), .listed = true, .dst = STEP(0, 31, 31), .src = STEP(0, 17, 17),
     .each_data = true},
    {.size = STEP(9, 265, 32), .dst = STEP(0, 31, 31), .overlap = TO(0, OWN_DISTANCES - 1),
     .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE, .each_data = true},
    // Overlapping moves.
    {.size = TO(0, 64), .listed = true, .dst = STEP(0, 21, 21), .overlap = TO(-80, 80),
     .kind = PLANE_DISTANCE, .who = FOR_MEMMOVE},
    {.size = TO(65, 256), .listed = true, .dst = STEP(0, 21, 21), .overlap = STEP(-80, 80, 5),
     .kind = PLANE_DISTANCE, .who = FOR_MEMMOVE},
    {.size = TO(65, 4352), .listed = true, .dst = STEP(0, 63, 21),
     .overlap = TO(0, OWN_DISTANCES - 1), .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE},
    // Large ones.
    {.size = TO(8191, 8193), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)},
    {.size = STEP(65536, 65537, 1), .dst = STEP(0, 33, 33), .src = ONE(0)},
    {.size = ONE(262145), .dst = ONE(1), .src = ONE(0)},
    {.size = ONE(1048577), .dst = ONE(0), .src = ONE(0)},
    NT_SIZES(-63), NT_SIZES(-1), NT_SIZES(0), NT_SIZES(1), NT_SIZES(63),
    {.size = TO(16 * NT - 1, 16 * NT + 1), .dst = ONE(0), .src = STEP(0, 17, 17),
     .who = FOR_GLIBC, .nt = NT},
};

static const struct plane_row light_emulated_sweep[] = {
    {.size = TO(0, 96), .listed = true, .dst = TO(0, 15), .src = STEP(0, 9, 3)},
    {.size = TO(0, 96), .listed = true, .dst = STEP(0, 9, 3), .src = TO(0, 15)},
    {.size = TO(97, 320), .listed = true, .dst = TO(0, 15), .src = STEP(0, 9, 9)},
    {.size = TO(97, 320), .listed = true, .dst = STEP(0, 9, 9), .src = TO(0, 15)},
    {.size = TO(321, 1088), .listed = true, .dst = STEP(0, 9, 9), .src = STEP(0, 5, 5)},
    {.size = TO(1089, 4352), .listed = true, .dst = STEP(0, 3, 3), .src = ONE(0)},
    {.size = STEP(65, 1088, 31), .dst = STEP(0, 9, 9), .src = ONE(0)},
    // At and across the end of a page.
    {.size = STEP(0, 128, 8), .dst = PAGE_END, .src = ONE(0)},
    {.size = STEP(0, 128, 8), .dst = ONE(0), .src = PAGE_END},
    // Where the source is the lower one at offsets 0, the smallest cases, the destination.
    {.size = TO(0, 320), .listed = true, .dst = ONE(0), .src = ONE(0), .order = ORDER_DST},
    // Equal data before and after, zeros, ones.
    {.size = TO(0, 128), .listed = true, .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    // Overlapping moves.
    {.size = TO(0, 96), .listed = true, .dst = STEP(0, 7, 7), .overlap = STEP(-33, 33, 3),
     .kind = PLANE_DISTANCE, .who = FOR_MEMMOVE},
    {.size = TO(65, 1088), .listed = true, .dst = STEP(0, 7, 7),
     .overlap = TO(0, OWN_DISTANCES - 1), .kind = PLANE_OF_SIZE, .who = FOR_MEMMOVE},
    // Large ones.
    {.size = TO(8191, 8193), .dst = ONE(33), .src = STEP(0, 17, 17)},
    {.size = ONE(65537), .dst = ONE(1), .src = ONE(0)},
};

// Setting has no source, so its places are those of the destination alone.
static const struct plane_row set_sweep[] = {
    {.size = TO(0, 1088), .dst = EVERY_OFFSET, .src = ONE(0)},
    {.size = TO(1089, 4352), .dst = STEP(0, 63, 9), .src = ONE(0)},
    {.size = TO(0, 256), .dst = PAGE_END, .src = ONE(0)},
    {.size = STEP(1, 8, 7), .dst = TO(0, PAGE_BYTES - 1), .src = ONE(0)},
    {.size = STEP(64, 200, 136), .dst = TO(0, PAGE_BYTES - 1), .src = ONE(0)},
    {.size = TO(0, 256), .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    {.size = STEP(257, 4352, 13), .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    POWER(8192), POWER(16384), POWER(32768), POWER(65536),
    POWER(131072), POWER(262144), POWER(524288), POWER(1048576),
};

static const struct plane_row emulated_set_sweep[] = {
    {.size = TO(0, 320), .dst = TO(0, 63), .src = ONE(0)},
    {.size = STEP(321, 1088, 7), .dst = STEP(0, 63, 9), .src = ONE(0)},
    {.size = STEP(1089, 4352, 61), .dst = STEP(0, 3, 3), .src = ONE(0)},
    {.size = STEP(0, 128, 3), .dst = PAGE_END, .src = ONE(0)},
    {.size = TO(0, 320), .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    {.size = TO(8191, 8193), .dst = STEP(0, 33, 33), .src = ONE(0)},
    {.size = TO(65535, 65537), .dst = STEP(0, 33, 33), .src = ONE(0)},
    {.size = ONE(262145), .dst = ONE(1), .src = ONE(0)},
};

static const struct plane_row light_set_sweep[] = {
    {.size = TO(0, 1088), .listed = true, .dst = EVERY_OFFSET, .src = ONE(0)},
    {.size = TO(1089, 4352), .listed = true, .dst = STEP(0, 63, 9), .src = ONE(0)},
    {.size = STEP(65, 4352, 13), .dst = STEP(0, 33, 33), .src = ONE(0)},
    {.size = TO(0, 256), .listed = true, .dst = PAGE_END, .src = ONE(0)},
    {.size = TO(0, 4352), .listed = true, .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    {.size = TO(8191, 8193), .dst = STEP(0, 33, 33), .src = ONE(0)},
    {.size = STEP(65536, 65537, 1), .dst = ONE(1), .src = ONE(0)},
    {.size = ONE(262145), .dst = ONE(1), .src = ONE(0)},
    {.size = ONE(1048577), .dst = ONE(0), .src = ONE(0)},
};

static const struct plane_row light_emulated_set_sweep[] = {
    {.size = TO(0, 320), .listed = true, .dst = TO(0, 63), .src = ONE(0)},
    {.size = TO(321, 4352), .listed = true, .dst = STEP(0, 9, 3), .src = ONE(0)},
    {.size = STEP(65, 1088, 31), .dst = STEP(0, 9, 9), .src = ONE(0)},
    {.size = STEP(0, 128, 8), .dst = PAGE_END, .src = ONE(0)},
    {.size = TO(0, 320), .listed = true, .dst = STEP(0, 31, 31), .src = ONE(0), .each_data = true},
    {.size = TO(8191, 8193), .dst = ONE(33), .src = ONE(0)},
    {.size = ONE(65537), .dst = ONE(1), .src = ONE(0)},
};

// Elements of up to four bytes, at a FIFO that is a multiple of eight: where it lies is
// one place to a routine, and how far it has come makes little difference. From a FIFO
// with the two sides exchanged.
static const struct plane_row fifo_sweep[] = {
    {.size = STEP(0, 128, 4), .dst = STEP(0, 8, 8), .src = EVERY_OFFSET},
    {.size = STEP(0, 64, 4), .dst = STEP(16, 56, 8), .src = TO(0, 8)},
    {.size = STEP(132, 1088, 52), .dst = STEP(0, 56, 56), .src = TO(0, 8)},
    {.size = STEP(1092, 4352, 652), .dst = ONE(0), .src = TO(0, 3)},
    {.size = STEP(0, 64, 4), .dst = STEP(PAGE_BYTES - 16, PAGE_BYTES - 8, 8), .src = STEP(0, 9, 9)},
    {.size = STEP(0, 64, 4), .dst = ONE(0), .src = PAGE_END},
    {.size = STEP(0, 256, 4), .dst = ONE(0), .src = ONE(0), .order = ORDER_DST},
    {.size = STEP(0, 128, 4), .dst = ONE(0), .src = STEP(0, 17, 17), .each_data = true},
    {.size = ONE(8192), .dst = ONE(0), .src = STEP(0, 3, 3)},
};
// clang-format on

struct sweep_rows {
    const struct plane_row *rows;
    size_t count;
};

#define ROWS(sweep)                               \
    {                                             \
        (sweep), sizeof(sweep) / sizeof(*(sweep)) \
    }
// Of [sets][emulated][light].
static const struct sweep_rows sweeps[2][2][2] = {
    {{ROWS(default_sweep), ROWS(light_sweep)}, {ROWS(emulated_sweep), ROWS(light_emulated_sweep)}},
    {{ROWS(set_sweep), ROWS(light_set_sweep)},
     {ROWS(emulated_set_sweep), ROWS(light_emulated_set_sweep)}},
};
static const struct sweep_rows of_fifo = ROWS(fifo_sweep);
#undef ROWS

static struct sweep_rows rows_for(enum copy_op op, bool emulated, bool light)
{
    return op_has_fifo(op) ? of_fifo : sweeps[op == OP_SET][emulated][light];
}

// The indices of the listed sizes in a range; empty where there is none.
static struct range listed_in(const struct plan_sizes *sizes, const struct range *r)
{
    struct range of = {0, -1, 1};

    for (uint32_t i = 0; i < sizes->count; i++) {
        of.lo += sizes->at[i] < r->lo;
        of.hi += sizes->at[i] <= r->hi;
    }
    return of;
}

// Routines whose loops end in many ways list nearly every size: then a plane takes every third
// offset, or every fifth, an odd one, so that all remainders occur.
static void thin(struct plane *plane)
{
    struct range *r =
        range_count(&plane->dst) < range_count(&plane->src) ? &plane->src : &plane->dst;
    uint64_t others = range_count(&plane->size) * range_count(&plane->dst) *
                      range_count(&plane->src) / range_count(r);
    const int64_t step = r->step;
    if (plane->kind != PLANE_DISJOINT || plane->size.lo == 0)
        return;
    for (int64_t odd = 3; others * range_count(r) > LISTED_CASES_MAX && odd < 16; odd += 2)
        r->step = step * odd;
}

// Is the row of the default sweep for this one?
static bool row_is_for(const struct plane_row *row, const struct plan *plan,
                       const struct backend *b, const struct plan_request *request)
{
    bool glibc = strncmp(b->name, "glibc/", 6) == 0;

    return (row->who != FOR_MEMMOVE || plan->op == OP_MEMMOVE) &&
           (row->who != FOR_GLIBC || (glibc && !request->has_tunables)) &&
           !(row->each_data && request->has_fill) &&
           !(row->order == ORDER_DST && request->has_lower);
}

bool plan_add_default(struct plan *plan, const struct backend *b,
                      const struct plan_request *request)
{
    struct sweep_rows sweep = rows_for(plan->op, b->arch != NULL, request->light != NULL);
    bool built = true;

    if (request->light)
        plan->sizes = *request->light;

    for (size_t i = 0; i < sweep.count && built; i++) {
        const struct plane_row *row = &sweep.rows[i];
        struct plane plane = {.size = row->listed ? listed_in(&plan->sizes, &row->size) : row->size,
                              .listed = row->listed,
                              .dst = row->dst,
                              .src = row->src,
                              .overlap = row->overlap,
                              .kind = row->kind,
                              .order = row->order};

        if (!row_is_for(row, plan, b, request) || plane.size.hi < plane.size.lo)
            continue;
        if (row->listed)
            thin(&plane);
        if (!op_has_source(plan->op))
            plane_take_op(&plane, plan->op, request);
        if (plan->op == OP_FROM_FIFO) {
            plane.dst = row->src;
            plane.src = row->dst;
        }
        plane_take_request(&plane, request);
        plane.tunable[TUNABLE_NT] = row->nt ? row->nt : plane.tunable[TUNABLE_NT];
        built = row->each_data ? plan_add_each_data(plan, b, plane) : plan_add(plan, b, plane);
    }
    return built;
}
