// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/bus.h"

#include <inttypes.h>

bool bus_width_is_valid(uint64_t width)
{
    return width > 0 && width <= BUS_WIDTH_MAX && (width & (width - 1)) == 0;
}

struct sender {
    const struct recording *r;
    unsigned width;
    uint64_t base; // address of the page that the destination starts in
    uint64_t sent;
    void (*function)(const struct beat *, void *);
    void *context;
};

uint64_t bus_split(int64_t addr, unsigned length, uint64_t mask, const uint8_t *values,
                   unsigned width, void (*function)(const struct beat *, void *), void *context)
{
    struct beat beat = {.size = 0};
    uint64_t sent = 0;
    for (unsigned i = 0; i < length; i++) {
        bool driven = (mask >> (i % 64) & 1) != 0;
        // The width is a power of two, so that this holds below zero as well.
        bool boundary = ((uint64_t)addr + i) % width == 0;
        if (beat.size > 0 && (boundary || !driven)) {
            function(&beat, context);
            sent++;
            beat.size = 0;
        }
        if (!driven)
            continue;
        if (beat.size == 0)
            beat.addr = addr + i;
        beat.known = values != NULL;
        beat.data[beat.size++] = values ? values[i] : 0;
    }
    if (beat.size > 0) {
        function(&beat, context);
        sent++;
    }
    return sent;
}

// The element of an access at which it comes near the lane. Nothing can be
// stored beyond the inaccessible pages around that.
static uint64_t first_near(const struct access *a, struct span near)
{
    bool down = a->flags & ACCESS_DESCENDING;
    if (a->count < 2)
        return 0;
    if (down)
        return a->addr > near.hi ? (a->addr - near.hi) / a->width : 0;
    return a->addr < near.lo ? (near.lo - a->addr) / a->width : 0;
}

static void send_access(struct sender *s, const struct access *a)
{
    uint64_t mask = a->flags & ACCESS_MASKED ? a->mask : UINT64_MAX;
    const struct trace *t = &s->r->trace;
    const uint8_t *values = extent_has_value(t, a) ? t->values + a->value : NULL;
    struct span lane = s->r->layout.dst_lane;
    struct span near = {lane.lo - PAGE_BYTES, lane.hi + PAGE_BYTES};
    for (uint64_t i = first_near(a, near); i < a->count; i++) {
        uint64_t step = i * a->width;
        uint64_t addr = a->flags & ACCESS_DESCENDING ? a->addr - step : a->addr + step;
        if (i > 0 && (a->flags & ACCESS_DESCENDING ? addr < near.lo : addr >= near.hi))
            break;
        s->sent += bus_split((int64_t)(addr - s->base), a->width, mask,
                             values ? values + step : NULL, s->width, s->function, s->context);
    }
}

static bool is_beat(const struct recording *r, const struct access *a)
{
    int64_t ignored;
    return a->kind == ACCESS_STORE &&
           trace_region(&r->trace, &r->layout, a, &ignored) == REGION_DST;
}

uint64_t bus_beats(const struct recording *r, uint32_t dst_off, unsigned width,
                   void (*function)(const struct beat *, void *), void *context)
{
    struct sender s = {.r = r,
                       .width = width,
                       .base = (uintptr_t)r->layout.dst - dst_off,
                       .function = function,
                       .context = context};
    for (size_t i = 0; i < r->trace.count; i++)
        if (is_beat(r, &r->trace.accesses[i]))
            send_access(&s, &r->trace.accesses[i]);
    return s.sent;
}

struct printer {
    FILE *out;
    uint64_t unknown;
};

static void print_data(const struct beat *beat, FILE *out)
{
    unsigned top = beat->size - 1;
    while (top > 0 && beat->data[top] == 0)
        top--;
    fprintf(out, "0x%x", beat->data[top]);
    while (top-- > 0)
        fprintf(out, "%02x", beat->data[top]);
}

void bus_print_beat(const struct beat *beat, FILE *out)
{
    uint64_t distance = (uint64_t)(beat->addr < 0 ? -beat->addr : beat->addr);
    fprintf(out, "write addr %s0x%" PRIx64 ", data ", beat->addr < 0 ? "-" : "", distance);
    if (beat->known)
        print_data(beat, out);
    else
        fputs("unknown", out);
    fprintf(out, ", size 0x%x\n", beat->size);
}

static void print_beat(const struct beat *beat, void *context)
{
    struct printer *p = context;
    p->unknown += !beat->known;
    bus_print_beat(beat, p->out);
}

// Stores that no beat stands for, the routine's own stack excepted.
static uint64_t stores_elsewhere(const struct recording *r)
{
    uint64_t count = 0;
    int64_t ignored;
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct access *a = &r->trace.accesses[i];
        enum region region = trace_region(&r->trace, &r->layout, a, &ignored);
        count += a->kind == ACCESS_STORE && region != REGION_DST && region != REGION_STACK &&
                 region != REGION_RECORD;
    }
    return count;
}

void bus_print(const struct recording *r, uint32_t dst_off, unsigned width, FILE *out)
{
    struct printer p = {.out = out};
    char count[COUNT_TEXT_MAX], outcome[OUTCOME_TEXT_MAX];
    bus_beats(r, dst_off, width, print_beat, &p);
    if (p.unknown > 0)
        fprintf(out, "# the recorder gave no values for %s\n",
                count_print(p.unknown, "beat", count));
    uint64_t elsewhere = stores_elsewhere(r);
    if (elsewhere > 0)
        fprintf(out, "# %s outside the destination not shown\n",
                count_print(elsewhere, "store", count));
    if (r->trace.outcome != OUTCOME_RETURNED) {
        outcome_print(r, outcome, sizeof outcome);
        fprintf(out, "# %s\n", outcome);
    }
}
