// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Ranges and the planes made of them: how many cases they have, what of them a
// backend takes, and how they are added to a plan.

#include "case/plane.h"

#include "base/number.h"

#include <string.h>

// What routines look for in their data, where a sweep has it otherwise by chance.
static const struct plane_fill looked_for[LOOKED_FOR] = {
    {true, DATA_OF_SEED, 0},     {true, DATA_ZEROS, 1},      {true, DATA_ONES, 1},
    {true, DATA_EQUAL_ZEROS, 1}, {true, DATA_EQUAL_ONES, 1},
};

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

    if (strncmp(text, "..", 2) != 0 && !parse_signed(&text, &r.lo))
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

bool plane_narrow(struct plane *plane, const struct backend *b)
{
    int64_t align = (int64_t)b->align;

    return (plane->listed ||
            range_narrow(&plane->size, (int64_t)b->size_min, (int64_t)b->size_unit)) &&
           range_narrow(&plane->dst, 0, align) &&
           (plane->kind != PLANE_DISJOINT || range_narrow(&plane->src, 0, align)) &&
           (plane->kind != PLANE_DISTANCE || range_narrow(&plane->overlap, INT32_MIN, align));
}

void plane_take_op(struct plane *plane, enum copy_op op, const struct plan_request *request)
{
    static const struct range sizes = STEP(0, 256, 4), places = STEP(0, 56, 8);

    if (!op_has_source(op)) {
        plane->src = (struct range)ONE(0);
        plane->order = ORDER_SRC;
    }
    if (op_has_fifo(op) && !request->size.step)
        plane->size = sizes;
    if (op == OP_TO_FIFO && !request->dst.step)
        plane->dst = places;
    if (op == OP_FROM_FIFO && !request->src.step)
        plane->src = places;
}

bool plan_sizes_add(struct plan_sizes *sizes, uint64_t size)
{
    uint32_t at = sizes->count;

    while (at > 0 && sizes->at[at - 1] > size)
        at--;
    if (at > 0 && sizes->at[at - 1] == size)
        return true;
    if (sizes->count == PLAN_SIZES_MAX || size > CASE_SIZE_MAX)
        return false;
    memmove(&sizes->at[at + 1], &sizes->at[at], (sizes->count++ - at) * sizeof *sizes->at);
    sizes->at[at] = (uint32_t)size;
    return true;
}

bool plan_add(struct plan *plan, const struct backend *b, struct plane plane)
{
    bool apart = plane.kind == PLANE_DISJOINT;
    uint64_t overlaps, count;
    if (!plane_narrow(&plane, b))
        return true;
    overlaps = apart ? 1 : range_count(&plane.overlap);
    plane.size_count = (uint32_t)range_count(&plane.size);
    plane.dst_count = (uint32_t)range_count(&plane.dst);
    plane.src_count = apart ? (uint32_t)range_count(&plane.src) : 1;
    plane.overlap_count = (uint32_t)overlaps;
    plane.order_count = apart && plane.order == ORDER_BOTH ? 2 : 1;
    plane.first = plan->cases;
    if (__builtin_mul_overflow((uint64_t)plane.size_count * plane.dst_count,
                               plane.src_count * plane.order_count * overlaps, &count) ||
        __builtin_add_overflow(plan->cases, count, &plan->cases))
        return false;
    plane.count = count;
    plan->planes[plan->plane_count++] = plane;
    return true;
}

void plane_take_request(struct plane *plane, const struct plan_request *request)
{
    if (request->has_tunables)
        memcpy(plane->tunable, request->tunable, sizeof plane->tunable);
    if (request->has_lower)
        plane->order = request->order;
    if (request->has_fill)
        plane->fill = request->fill;
}

bool plan_add_each_data(struct plan *plan, const struct backend *b, struct plane plane)
{
    for (size_t i = 0; i < LOOKED_FOR; i++) {
        plane.fill = looked_for[i];
        if (!plan_add(plan, b, plane))
            return false;
    }
    return true;
}
