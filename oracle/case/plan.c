// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define COPIED_MAX (16 * GIB) // bytes in a sweep, before it is thinned

enum { OWN_DISTANCES = 8 };

#define ONE(n) {(n), (n), 1}
#define TO(lo, hi) {(lo), (hi), 1}
#define STEP(lo, hi, step) {(lo), (hi), (step)}
#define EVERY_OFFSET TO(0, 63) // in a cache line
#define PAGE_END TO(PAGE_BYTES - 64, PAGE_BYTES - 1)

// Which backends and ops a plane of the default sweep is for.
enum plane_for { FOR_ALL, FOR_MEMMOVE, FOR_GLIBC };

struct plane_row {
    struct range size, dst, src, overlap;
    enum plane_overlap kind;
    enum plane_for who;
    bool equal_data;
    uint64_t nt; // non-temporal threshold, 0: the library's own
};

// Around a power of two, where thresholds lie.
#define POWER(n)                                                                     \
    {.size = TO((n) - 1, (n) + 1), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)}, \
        {.size = STEP((n) - 63, (n) + 63, 63), .dst = STEP(0, 33, 33), .src = STEP(0, 17, 17)}

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
    // Equal data before and after.
    {.size = TO(0, 256), .dst = STEP(0, 31, 31), .src = STEP(0, 17, 17), .equal_data = true},
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
    // Equal data before and after.
    {.size = TO(0, 128), .dst = STEP(0, 31, 31), .src = STEP(0, 17, 17), .equal_data = true},
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

// Offsets where none were asked for, from many to few: each has all remainders
// that its count allows.
static const struct range offsets[] = {EVERY_OFFSET, STEP(0, 45, 3), STEP(0, 63, 21), ONE(0)};

enum { OFFSETS_COUNT = sizeof offsets / sizeof *offsets };

__attribute__((format(printf, 3, 4)))
static bool fail(char *error, size_t error_size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
    return false;
}

// A number with an optional minus, at *TEXT, which is moved behind it.
static bool parse_signed(const char **text, int64_t *out)
{
    bool negative = **text == '-';
    uint64_t number;

    if (!number_parse(*text + negative, text, &number) || number > INT64_MAX)
        return false;
    *out = negative ? -(int64_t)number : (int64_t)number;
    return true;
}

bool range_parse(const char *text, struct range *out)
{
    struct range r = {.step = 1};

    if (!parse_signed(&text, &r.lo))
        return false;
    r.hi = r.lo;
    if (strncmp(text, "..", 2) == 0) {
        text += 2;
        if (!parse_signed(&text, &r.hi))
            return false;
        if (*text == ':') {
            text++;
            if (!parse_signed(&text, &r.step))
                return false;
        }
    }
    if (*text != '\0' || r.step < 1)
        return false;
    *out = r;
    return true;
}

uint64_t range_count(const struct range *r)
{
    if (r->step < 1 || r->hi < r->lo)
        return 0;
    return ((uint64_t)r->hi - (uint64_t)r->lo) / (uint64_t)r->step + 1;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

// Leaves the multiples of UNIT that are at least MIN. False when there is none.
static bool range_narrow(struct range *r, int64_t min, int64_t unit)
{
    if (r->step > r->hi - r->lo) // one value, whose step must not overflow
        *r = (struct range){r->lo, r->lo, 1};
    int64_t period = unit / (int64_t)greatest_divisor((uint64_t)r->step, (uint64_t)unit);
    if (r->lo < min)
        r->lo += (min - r->lo + r->step - 1) / r->step * r->step;
    for (int64_t i = 0; i < period && r->lo <= r->hi && r->lo % unit != 0; i++)
        r->lo += r->step;
    r->step *= period;
    return r->lo <= r->hi && r->lo % unit == 0;
}

// Fills in the counts of a plane from its ranges, and appends it.
static bool add_plane(struct plan *plan, const struct backend *b, struct plane plane)
{
    int64_t align = (int64_t)b->align;
    bool apart = plane.kind == PLANE_DISJOINT;
    uint64_t overlaps, count;

    if (!range_narrow(&plane.size, (int64_t)b->size_min, (int64_t)b->size_unit) ||
        !range_narrow(&plane.dst, 0, align) || (apart && !range_narrow(&plane.src, 0, align)) ||
        (plane.kind == PLANE_DISTANCE && !range_narrow(&plane.overlap, INT32_MIN, align)))
        return true; // nothing that the backend takes
    overlaps = apart ? 1 : range_count(&plane.overlap);
    plane.size_count = (uint32_t)range_count(&plane.size);
    plane.dst_count = (uint32_t)range_count(&plane.dst);
    plane.src_count = apart ? (uint32_t)range_count(&plane.src) : 1;
    plane.overlap_count = (uint32_t)overlaps;
    plane.first = plan->cases;
    if (__builtin_mul_overflow((uint64_t)plane.size_count * plane.dst_count,
                               plane.src_count * overlaps, &count) ||
        __builtin_add_overflow(plan->cases, count, &plan->cases))
        return false;
    plane.count = count;
    plan->planes[plan->plane_count++] = plane;
    return true;
}

static bool build_default(struct plan *plan, const struct backend *b,
                          const struct plan_request *request)
{
    bool glibc = strncmp(b->name, "glibc/", 6) == 0;
    const struct plane_row *rows = b->arch ? emulated_sweep : default_sweep;
    size_t count = b->arch ? sizeof emulated_sweep / sizeof *emulated_sweep
                           : sizeof default_sweep / sizeof *default_sweep;

    for (size_t i = 0; i < count; i++) {
        const struct plane_row *row = &rows[i];
        struct plane plane = {.size = row->size, .dst = row->dst, .src = row->src,
                              .overlap = row->overlap, .kind = row->kind,
                              .equal_data = row->equal_data};

        if ((row->who == FOR_MEMMOVE && plan->op != OP_MEMMOVE) ||
            (row->who == FOR_GLIBC && (!glibc || request->has_tunables)))
            continue;
        if (request->has_tunables)
            memcpy(plane.tunable, request->tunable, sizeof plane.tunable);
        plane.tunable[TUNABLE_NT] = row->nt ? row->nt : plane.tunable[TUNABLE_NT];
        if (!add_plane(plan, b, plane))
            return false;
    }
    return true;
}

// The planes of what the user said, with OTHER for offsets that were not.
static bool build_product(struct plan *plan, const struct backend *b,
                          const struct plan_request *request, const struct range *other)
{
    static const struct range sizes = TO(0, 256), near = TO(-16, 16);
    static const struct range own = TO(0, OWN_DISTANCES - 1);
    struct plane plane = {.size = request->size.step ? request->size : sizes,
                          .dst = request->dst.step ? request->dst : *other,
                          .src = request->src.step ? request->src : *other,
                          .overlap = request->overlap,
                          .kind = request->overlap.step ? PLANE_DISTANCE : PLANE_DISJOINT};

    if (request->has_tunables)
        memcpy(plane.tunable, request->tunable, sizeof plane.tunable);
    plan->plane_count = 0;
    plan->cases = 0;
    if (!add_plane(plan, b, plane))
        return false;
    if (plan->op != OP_MEMMOVE || request->overlap.step || request->src.step)
        return true;
    plane.kind = PLANE_DISTANCE;
    plane.overlap = near;
    if (!add_plane(plan, b, plane))
        return false;
    plane.kind = PLANE_OF_SIZE;
    plane.overlap = own;
    return add_plane(plan, b, plane);
}

// Bytes that all cases of a plan copy.
static double copied(const struct plan *plan)
{
    double sum = 0;

    for (size_t i = 0; i < plan->plane_count; i++) {
        const struct plane *p = &plan->planes[i];

        sum += (double)p->count * (double)(p->size.lo + p->size.hi) / 2;
    }
    return sum;
}

static bool check_range(const char *option, const struct range *r, int64_t lo, int64_t hi,
                        char *error, size_t error_size)
{
    if (r->step == 0)
        return true; // not given
    if (r->hi < r->lo)
        return fail(error, error_size,
                    "%s %" PRId64 "..%" PRId64 " is empty; write the smaller number first",
                    option, r->lo, r->hi);
    if (r->lo < lo || r->hi > hi)
        return fail(error, error_size,
                    "%s %" PRId64 "..%" PRId64 " is out of range; expected numbers from %" PRId64
                    " to %" PRId64, option, r->lo, r->hi, lo, hi);
    return true;
}

static bool check_overlap(enum copy_op op, const struct plan_request *request, char *error,
                          size_t error_size)
{
    const struct range *r = &request->overlap;
    int64_t far = request->size.step ? request->size.hi + CASE_GAP_MAX : 256 + CASE_GAP_MAX;

    if (r->step == 0)
        return true;
    if (op != OP_MEMMOVE)
        return fail(error, error_size, "overlap is undefined for %s; use --op memmove",
                    copy_op_name[op]);
    if (request->src.step)
        return fail(error, error_size,
                    "--src follows from --dst and --overlap; leave --src or --overlap out");
    return check_range("--overlap", r, -far, far, error, error_size);
}

static bool check_request(enum copy_op op, const struct plan_request *request, char *error,
                          size_t error_size)
{
    return check_range("--size", &request->size, 0, (int64_t)CASE_SIZE_MAX, error, error_size) &&
           check_range("--dst", &request->dst, 0, PAGE_BYTES - 1, error, error_size) &&
           check_range("--src", &request->src, 0, PAGE_BYTES - 1, error, error_size) &&
           check_overlap(op, request, error, error_size);
}

bool plan_build(const struct backend *b, enum copy_op op, const struct plan_request *request,
                struct plan *out, char *error, size_t error_size)
{
    bool said = request->size.step || request->dst.step || request->src.step ||
                request->overlap.step;
    bool built;

    *out = (struct plan){.op = op, .align = b->align};
    if (!check_request(op, request, error, error_size))
        return false;
    if (said) {
        built = build_product(out, b, request, &offsets[0]);
        for (size_t i = 1; i < OFFSETS_COUNT && built && copied(out) > (double)COPIED_MAX; i++)
            built = build_product(out, b, request, &offsets[i]);
    } else {
        built = build_default(out, b, request);
    }
    if (!built)
        return fail(error, error_size, "too many cases to count; narrow the ranges");
    if (out->cases == 0)
        return fail(error, error_size,
                    "%s takes no case of this sweep; it needs a size of at least %" PRIu64
                    ", a multiple of %" PRIu64 ", and offsets that are multiples of %" PRIu64,
                    b->name, b->size_min, b->size_unit, b->align);
    return true;
}

// Takes one digit of base N off *REST. Bases are mostly powers of two, and
// a plane mostly has fewer cases than 2^32; both spare a slow division.
static inline uint32_t take_digit(uint64_t *rest, uint32_t n)
{
    uint32_t digit;

    if ((n & (n - 1)) == 0) {
        digit = (uint32_t)*rest & (n - 1);
        *rest >>= __builtin_ctz(n);
    } else if (*rest <= UINT32_MAX) {
        digit = (uint32_t)*rest % n;
        *rest = (uint32_t)*rest / n;
    } else {
        digit = (uint32_t)(*rest % n);
        *rest /= n;
    }
    return digit;
}

static inline int64_t range_at(const struct range *r, uint32_t i)
{
    return r->lo + r->step * (int64_t)i;
}

static int64_t own_distance(int64_t size, int64_t which)
{
    const int64_t distance[OWN_DISTANCES] = {-size - 1, -size, 1 - size, -size / 2,
                                             size / 2, size - 1, size, size + 1};

    return distance[which];
}

// The overlap of a case in a plane of overlapping cases; false when there is
// no such case.
static bool set_overlap(const struct plan *plan, const struct plane *p, int64_t value,
                        struct copy_case *c)
{
    int64_t size = (int64_t)c->size, overlap = value;

    if (p->kind == PLANE_OF_SIZE) {
        overlap = own_distance(size, value);
        // Only for these sizes do some of them coincide.
        for (int64_t i = 0; size <= 2 && i < value; i++) {
            if (own_distance(size, i) == overlap)
                return false;
        }
    }
    if (overlap > size + CASE_GAP_MAX || -overlap > size + CASE_GAP_MAX)
        return false;
    c->overlapping = true;
    c->overlap = overlap;
    c->src_off = case_src_off(c->dst_off, overlap);
    return plan->align == 1 || (overlap % (int64_t)plan->align == 0 &&
                                c->src_off % plan->align == 0);
}

// One of 65,536 fills. Within each 65,536 cases all occur, in an order that has
// nothing to do with the order of sizes and offsets; the next 65,536 have them
// in another.
static uint64_t fill_of(uint64_t index)
{
    uint32_t x = (uint32_t)(index + (index >> 16) * 0x4f1b) & 0xffff;

    x = (x ^ x >> 7) * 0x2c1b & 0xffff;
    x = (x ^ x >> 9) * 0x9e37 & 0xffff;
    return 1 + (x ^ x >> 8);
}

static const struct plane *plane_of(const struct plan *plan, uint64_t index)
{
    const struct plane *p = plan->planes;

    while (index - p->first >= p->count)
        p++;
    return p;
}

bool plan_of_case(const struct backend *b, const struct copy_case *c, struct plan *out, char *error,
                  size_t error_size)
{
    if (c->size < b->size_min || c->size % b->size_unit != 0)
        snprintf(error, error_size,
                 "%s takes sizes from %" PRIu64 " in steps of %" PRIu64 " bytes; give such a size",
                 b->name, b->size_min, b->size_unit);
    else if (c->dst_off % b->align != 0 || c->src_off % b->align != 0)
        snprintf(error, error_size,
                 "%s takes pointers that are multiples of %" PRIu64 " bytes; give such offsets",
                 b->name, b->align);
    else {
        *out = (struct plan){
            .op = c->op, .align = b->align, .cases = 1, .only = true, .only_case = *c};
        return true;
    }
    return false;
}

bool plan_case(const struct plan *plan, uint64_t index, struct copy_case *out)
{
    if (plan->only) {
        *out = plan->only_case;
        return true;
    }
    const struct plane *p = plane_of(plan, index);
    uint64_t rest = index - p->first;
    int64_t overlap = 0;

    // Distances go slowest: the arena keeps a pool for each. A size's own
    // distances change with the size.
    out->op = plan->op;
    out->src_off = (uint32_t)range_at(&p->src, take_digit(&rest, p->src_count));
    out->dst_off = (uint32_t)range_at(&p->dst, take_digit(&rest, p->dst_count));
    if (p->kind == PLANE_OF_SIZE)
        overlap = range_at(&p->overlap, take_digit(&rest, p->overlap_count));
    out->size = (uint64_t)range_at(&p->size, take_digit(&rest, p->size_count));
    if (p->kind == PLANE_DISTANCE)
        overlap = range_at(&p->overlap, (uint32_t)rest);
    out->overlapping = false;
    out->overlap = 0;
    memcpy(out->tunable, p->tunable, sizeof out->tunable);
    if (p->kind != PLANE_DISJOINT && !set_overlap(plan, p, overlap, out))
        return false;
    if (p->equal_data)
        out->fill = 0;
    else if (out->dst_off == 0 && (out->overlapping || out->src_off == 0))
        out->fill = 1;
    else
        out->fill = fill_of(index);
    return true;
}
