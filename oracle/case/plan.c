// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/call.h"
#include "base/error.h"
#include "case/plan_default.h"
#include "case/plane.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GIB        (UINT64_C(1) << 30)
#define COPIED_MAX (16 * GIB) // bytes in a sweep, before it is thinned

#define DATA_COPIED (64.0 * (1 << 20)) // ... of which this much may be for kinds of data

enum {
    FEW_OFFSETS = 64, // pairs of them at a size
    FEW_SIZES = 64,
};

// Offsets where none were asked for, from many to few: each has all remainders
// that its count allows.
static const struct range offsets[] = {EVERY_OFFSET, STEP(0, 45, 3), STEP(0, 63, 21), ONE(0)};

enum { OFFSETS_COUNT = sizeof offsets / sizeof *offsets };

// Few offsets come in both orders. With many, where each order has half of them, the
// first, which are those of the smallest cases, have the source lower; so that they
// come the other way round, too, there is a plane more.
static bool add_orders(struct plan *plan, const struct backend *b, struct plane plane)
{
    if (range_count(&plane.dst) * range_count(&plane.src) <= FEW_OFFSETS) {
        plane.order = ORDER_BOTH;
        return plan_add(plan, b, plane);
    }
    plane.order = ORDER_EITHER;
    if (!plan_add(plan, b, plane))
        return false;
    plane.order = ORDER_DST;
    plane.dst.hi = plane.dst.lo;
    plane.src.hi = plane.src.lo;
    return plan_add(plan, b, plane);
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

// Of a range that is not empty: its first and its last value.
static struct range ends_of(const struct range *r)
{
    int64_t last = r->lo + (int64_t)(range_count(r) - 1) * r->step;

    return (struct range){r->lo, last, last > r->lo ? last - r->lo : 1};
}

// Sizes of a plane so far apart that it copies no more than MOST bytes.
static void thin_sizes(struct plane *plane, double most)
{
    uint64_t others =
        plane->kind == PLANE_DISJOINT ? range_count(&plane->src) : range_count(&plane->overlap);
    double each =
        (double)(plane->size.lo + plane->size.hi) / 2 * (double)(range_count(&plane->dst) * others);

    while ((double)range_count(&plane->size) * each > most &&
           plane->size.step < plane->size.hi - plane->size.lo)
        plane->size.step *= 3;
}

// Every kind of data that routines look for, at the sizes of a plane that was added and
// the first and the last of its offsets and distances. Where that would be much to copy
// besides what there is, at fewer sizes.
static bool add_looked_for(struct plan *plan, const struct backend *b, struct plane plane)
{
    double most = copied(plan) / 8 > DATA_COPIED ? copied(plan) / 8 : DATA_COPIED;

    if (!plane_narrow(&plane, b))
        return true;
    plane.dst = ends_of(&plane.dst);
    if (plane.kind == PLANE_DISJOINT)
        plane.src = ends_of(&plane.src);
    if (plane.kind == PLANE_DISTANCE)
        plane.overlap = ends_of(&plane.overlap);
    thin_sizes(&plane, most / LOOKED_FOR);
    if (plane.order == ORDER_EITHER && range_count(&plane.size) <= FEW_SIZES)
        plane.order = ORDER_BOTH;
    return plan_add_each_data(plan, b, plane);
}

// Overlapping moves, where nothing was said of them: near ones, and the size's own.
static bool add_moves(struct plan *plan, const struct backend *b, struct plane plane, bool has_fill)
{
    static const struct range near = TO(-16, 16), own = TO(0, OWN_DISTANCES - 1);

    plane.kind = PLANE_DISTANCE;
    plane.overlap = near;
    if (!plan_add(plan, b, plane))
        return false;
    plane.kind = PLANE_OF_SIZE;
    plane.overlap = own;
    return plan_add(plan, b, plane) && (has_fill || add_looked_for(plan, b, plane));
}

// The planes of what the user said, with OTHER for offsets that were not.
static bool build_product(struct plan *plan, const struct backend *b,
                          const struct plan_request *request, const struct range *other)
{
    static const struct range sizes = TO(0, 256);
    struct plane plane = {.size = request->size.step ? request->size : sizes,
                          .dst = request->dst.step ? request->dst : *other,
                          .src = request->src.step ? request->src : *other,
                          .overlap = request->overlap,
                          .kind = request->overlap.step ? PLANE_DISTANCE : PLANE_DISJOINT};
    bool as_is = request->has_lower || plane.kind != PLANE_DISJOINT || !op_has_source(plan->op);
    bool moves = plan->op == OP_MEMMOVE && !request->overlap.step && !request->src.step;

    plane_take_op(&plane, plan->op, request);
    plane_take_request(&plane, request);
    plan->plane_count = 0;
    plan->cases = 0;
    if (!plane_narrow(&plane, b))
        return true;
    return (as_is ? plan_add(plan, b, plane) : add_orders(plan, b, plane)) &&
           (request->has_fill || add_looked_for(plan, b, plane)) &&
           (!moves || add_moves(plan, b, plane, request->has_fill));
}

static bool check_range(const char *option, const struct range *r, int64_t lo, int64_t hi,
                        struct error *error)
{
    if (r->step == 0)
        return true; // not given
    if (r->hi < r->lo)
        return error_set(error,
                         "%s %" PRId64 "..%" PRId64 " is empty; write the smaller number first",
                         option, r->lo, r->hi);
    if (r->lo < lo || r->hi > hi)
        return error_set(error,
                         "%s %" PRId64 "..%" PRId64
                         " is out of range; expected numbers from %" PRId64 " to %" PRId64,
                         option, r->lo, r->hi, lo, hi);
    return true;
}

// What says nothing where there is no source.
static bool check_source(enum copy_op op, const struct plan_request *request, struct error *error)
{
    const char *option = request->src.step ? "--src" : request->has_lower ? "--lower" : NULL;

    return op_has_source(op) || !option ||
           error_set(error, "%s has no source; leave %s out", copy_op_name[op], option);
}

static bool check_overlap(enum copy_op op, const struct plan_request *request, struct error *error)
{
    const struct range *r = &request->overlap;
    int64_t far = request->size.step ? request->size.hi + CASE_GAP_MAX : 256 + CASE_GAP_MAX;

    if (r->step == 0)
        return true;
    if (op != OP_MEMMOVE)
        return error_set(error, "overlap is undefined for %s; use --op memmove", copy_op_name[op]);
    if (request->has_lower)
        return error_set(error, "--lower follows from --overlap; leave --lower or --overlap out");
    if (request->src.step)
        return error_set(error,
                         "--src follows from --dst and --overlap; leave --src or --overlap out");
    return check_range("--overlap", r, -far, far, error);
}

static bool check_request(enum copy_op op, const struct plan_request *request, struct error *error)
{
    return check_range("--size", &request->size, 0, (int64_t)CASE_SIZE_MAX, error) &&
           check_range("--dst", &request->dst, 0, PAGE_BYTES - 1, error) &&
           check_range("--src", &request->src, 0, PAGE_BYTES - 1, error) &&
           plan_fields_are_sound(op, request->fields, request->field_count, error) &&
           check_source(op, request, error) && check_overlap(op, request, error);
}

static inline int64_t range_at(const struct range *r, uint32_t i)
{
    return r->lo + r->step * (int64_t)i;
}

static inline uint64_t size_at(const struct plan *plan, const struct plane *p, uint32_t i)
{
    int64_t at = range_at(&p->size, i);

    return p->listed ? plan->sizes.at[at] : (uint64_t)at;
}

// Is there a size of the plan that its call can make?
static bool makes_a_size(const struct plan *plan, struct error *error)
{
    for (size_t i = 0; i < plan->plane_count; i++) {
        const struct plane *p = &plan->planes[i];

        for (uint32_t k = 0; k < p->size_count; k++)
            if (call_takes(plan->call, size_at(plan, p, k)))
                return true;
    }
    return error_set(error, "--call '%s' can make no size of this sweep; give other sizes",
                     call_text(plan->call));
}

// Does every field fit into some size of the plan?
static bool some_size_fits(const struct plan *plan)
{
    uint64_t need = 0;
    for (size_t i = 0; i < plan->field_count; i++) {
        const struct case_field *f = &plan->fields[i].field;
        need = f->off + (uint64_t)f->width > need ? f->off + (uint64_t)f->width : need;
    }
    for (size_t i = 0; i < plan->plane_count; i++)
        if (size_at(plan, &plan->planes[i], plan->planes[i].size_count - 1) >= need)
            return true;
    return false;
}

// False: more cases than can be counted.
static bool add_fields(struct plan *plan, const struct plan_request *request)
{
    plan->field_count = request->field_count;
    plan->field_cases = 1;
    for (size_t i = 0; i < request->field_count; i++) {
        plan->fields[i] = request->fields[i];
        if (__builtin_mul_overflow(plan->field_cases, range_count(&request->fields[i].values),
                                   &plan->field_cases))
            return false;
    }
    return !__builtin_mul_overflow(plan->cases, plan->field_cases, &plan->cases);
}

static bool has_ranges(const struct plan_request *request)
{
    return request->size.step || request->dst.step || request->src.step || request->overlap.step;
}

bool plan_request_is_default(const struct plan_request *request)
{
    return !has_ranges(request) && request->field_count == 0;
}

static bool admits(const struct range *r, int64_t n)
{
    return r->step == 0 || (n >= r->lo && n <= r->hi && (n - r->lo) % r->step == 0);
}

static bool admits_place(const struct plan_request *request, const struct copy_case *c)
{
    if (c->overlapping)
        return request->src.step == 0 && admits(&request->overlap, c->overlap);
    return request->overlap.step == 0 && admits(&request->src, c->src_off) &&
           (!request->has_lower || request->order == ORDER_BOTH ||
            c->dst_below == (request->order == ORDER_DST));
}

bool plan_request_admits(const struct plan_request *request, const struct copy_case *c)
{
    return !request->has_fill && request->field_count == 0 &&
           admits(&request->size, (int64_t)c->size) && admits(&request->dst, c->dst_off) &&
           admits_place(request, c);
}

bool plan_build(const struct backend *b, enum copy_op op, const struct plan_request *request,
                struct plan *out, struct error *error)
{
    bool built;

    *out = (struct plan){.op = op, .align = b->align, .call = b->call};
    if (!check_request(op, request, error))
        return false;
    if (has_ranges(request)) {
        built = build_product(out, b, request, &offsets[0]);
        for (size_t i = 1; i < OFFSETS_COUNT && built && copied(out) > (double)COPIED_MAX; i++)
            built = build_product(out, b, request, &offsets[i]);
    } else {
        built = plan_add_default(out, b, request);
    }
    built = built && add_fields(out, request);
    if (built && out->cases > 0 && !some_size_fits(out))
        return error_set(error, "--data: no size of this sweep has room for the fields; give "
                                "larger ones by --size");
    if (!built)
        return error_set(error, "too many cases to count; narrow the ranges");
    if (out->cases == 0)
        return error_set(error,
                         "%s takes no case of this sweep; it needs a size of at least %" PRIu64
                         ", a multiple of %" PRIu64 ", and offsets that are multiples of %" PRIu64,
                         b->name, b->size_min, b->size_unit, b->align);
    return !b->call || makes_a_size(out, error);
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

static int64_t own_distance(int64_t size, int64_t which)
{
    const int64_t distance[OWN_DISTANCES] = {-size - 1, -size,    1 - size, -size / 2,
                                             size / 2,  size - 1, size,     size + 1};

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
    return plan->align == 1 ||
           (overlap % (int64_t)plan->align == 0 && c->src_off % plan->align == 0);
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

// A bit for each case that has nothing to do with its size or offsets; but of two
// neighbours that differ in one of these alone, each has another.
static bool dst_below_of(const struct plane *p, uint32_t size, uint32_t dst, uint32_t src)
{
    // At the first offsets, which the smallest cases have, it is as it is in texts.
    if (dst == 0 && src == 0 && (uint64_t)p->dst_count * p->src_count > 4)
        return false;
    uint32_t x = (uint32_t)p->first + (size >> 1) * 0x9e3779b1u + (dst >> 1) * 0x85ebca77u +
                 (src >> 1) * 0xc2b2ae3du;
    x = (x ^ x >> 15) * 0x2c1b3c6du;
    x = (x ^ x >> 12) * 0x297a2d39u;
    return ((x >> 31) ^ size ^ dst ^ src) & 1;
}

static bool is_below(const struct plane *p, uint32_t order, uint32_t size, uint32_t dst,
                     uint32_t src)
{
    if (p->order == ORDER_BOTH)
        return order == 1;
    return p->order == ORDER_EITHER ? dst_below_of(p, size, dst, src) : p->order == ORDER_DST;
}

static const struct plane *plane_of(const struct plan *plan, uint64_t index)
{
    const struct plane *p = plan->planes;

    while (index - p->first >= p->count)
        p++;
    return p;
}

bool plan_of_case(const struct backend *b, const struct copy_case *c, struct plan *out,
                  struct error *error)
{
    if (c->size < b->size_min || c->size % b->size_unit != 0)
        error_set(error,
                  "%s takes sizes from %" PRIu64 " in steps of %" PRIu64 " bytes; give such a size",
                  b->name, b->size_min, b->size_unit);
    else if (c->dst_off % b->align != 0 || c->src_off % b->align != 0)
        error_set(error,
                  "%s takes pointers that are multiples of %" PRIu64 " bytes; give such offsets",
                  b->name, b->align);
    else if (b->call && !call_takes(b->call, c->size))
        error_set(error, "--call '%s' cannot make %" PRIu64 " bytes; give another size",
                  call_text(b->call), c->size);
    else {
        *out = (struct plan){
            .op = c->op, .align = b->align, .cases = 1, .only = true, .only_case = *c};
        return true;
    }
    return false;
}

void plan_take_shard(struct plan *plan, struct shard shard)
{
    plan->shard = shard;
    plan->cases = shard_cases(shard, plan->cases);
}

// VALUES: which of the values that the fields take together.
static bool set_fields(const struct plan *plan, uint64_t values, struct copy_case *c)
{
    for (size_t i = 0; i < plan->field_count; i++) {
        const struct plan_field *f = &plan->fields[i];
        uint64_t count = range_count(&f->values);

        c->fields[i] = f->field;
        c->fields[i].value = (uint64_t)(f->values.lo + f->values.step * (int64_t)(values % count));
        values /= count;
    }
    return case_fields_fit(c->fields, c->field_count, c->size);
}

bool plan_case(const struct plan *plan, uint64_t index, struct copy_case *out)
{
    if (plan->only) {
        *out = plan->only_case;
        return true;
    }
    uint64_t values = 0;

    if (plan->shard.of > 1)
        index = shard_case(plan->shard, index);
    if (plan->field_count) {
        values = index % plan->field_cases;
        index /= plan->field_cases;
    }
    const struct plane *p = plane_of(plan, index);
    uint64_t rest = index - p->first;
    int64_t overlap = 0;
    uint32_t order, size, dst, src;

    // Distances go slowest: the arena keeps a pool for each. A size's own
    // distances change with the size.
    out->op = plan->op;
    order = take_digit(&rest, p->order_count);
    src = take_digit(&rest, p->src_count);
    dst = take_digit(&rest, p->dst_count);
    out->src_off = (uint32_t)range_at(&p->src, src);
    out->dst_off = (uint32_t)range_at(&p->dst, dst);
    if (p->kind == PLANE_OF_SIZE)
        overlap = range_at(&p->overlap, take_digit(&rest, p->overlap_count));
    size = take_digit(&rest, p->size_count);
    out->size = size_at(plan, p, size);
    if (plan->call && !call_takes(plan->call, out->size))
        return false;
    if (p->kind == PLANE_DISTANCE)
        overlap = range_at(&p->overlap, (uint32_t)rest);
    out->overlapping = false;
    out->overlap = 0;
    out->dst_below = p->kind == PLANE_DISJOINT && is_below(p, order, size, dst, src);
    memcpy(out->tunable, p->tunable, sizeof out->tunable);
    if (p->kind != PLANE_DISJOINT && !set_overlap(plan, p, overlap, out))
        return false;
    out->field_count = plan->field_count;
    if (plan->field_count && !set_fields(plan, values, out))
        return false;
    out->data = p->fill.data;
    if (p->fill.fixed)
        out->fill = p->fill.fill;
    else if (out->dst_off == 0 && (out->overlapping || out->src_off == 0))
        out->fill = 1;
    else
        out->fill = fill_of(index);
    return true;
}
