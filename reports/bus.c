// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/bus.h"

#include <inttypes.h>

bool bus_width_is_valid(uint64_t width)
{
    return width > 0 && width <= BUS_WIDTH_MAX && (width & (width - 1)) == 0;
}

struct sender {
    unsigned width;
    uint64_t base;    // address of the page that the side starts in
    struct span lane; // of that side
    void (*function)(const struct beat *, void *);
    void *context;
};

uint64_t bus_split(const struct bus_request *request, unsigned width,
                   void (*function)(const struct beat *, void *), void *context)
{
    struct beat beat = {.kind = request->kind, .size = 0};
    uint64_t sent = 0;
    for (unsigned i = 0; i < request->length; i++) {
        bool driven = (request->mask >> (i % 64) & 1) != 0;
        // The width is a power of two, so that this holds below zero as well.
        bool boundary = ((uint64_t)request->addr + i) % width == 0;
        if (beat.size > 0 && (boundary || !driven)) {
            function(&beat, context);
            sent++;
            beat.size = 0;
        }
        if (!driven)
            continue;
        if (beat.size == 0)
            beat.addr = request->addr + i;
        beat.known = request->values != NULL;
        beat.data[beat.size++] = request->values ? request->values[i] : 0;
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

static void send_access(const struct sender *s, enum beat_kind kind, const struct access *a,
                        const uint8_t *values)
{
    uint64_t mask = a->flags & ACCESS_MASKED ? a->mask : UINT64_MAX;
    struct span near = {s->lane.lo - PAGE_BYTES, s->lane.hi + PAGE_BYTES};
    for (uint64_t i = first_near(a, near); i < a->count; i++) {
        uint64_t step = i * a->width;
        uint64_t addr = a->flags & ACCESS_DESCENDING ? a->addr - step : a->addr + step;
        if (i > 0 && (a->flags & ACCESS_DESCENDING ? addr < near.lo : addr >= near.hi))
            break;
        const struct bus_request element = {.kind = kind,
                                            .addr = (int64_t)(addr - s->base),
                                            .length = a->width,
                                            .mask = mask,
                                            .values = values ? values + step : NULL};
        bus_split(&element, s->width, s->function, s->context);
    }
}

static enum region region_of(const struct recording *r, const struct access *a)
{
    int64_t ignored;
    return trace_region(&r->trace, &r->layout, a, &ignored);
}

// Is there a beat for it, and of which kind?
static bool beat_of(const struct recording *r, const struct access *a, bool loads,
                    enum beat_kind *kind)
{
    const struct layout *l = &r->layout;
    enum region region = region_of(r, a);
    bool one_buffer = l->src_lane.lo == l->dst_lane.lo && l->src_lane.hi == l->dst_lane.hi;
    *kind = a->kind == ACCESS_STORE               ? BEAT_WRITE
            : region == REGION_SRC && !one_buffer ? BEAT_READ_SOURCE
                                                  : BEAT_READ;
    if (a->kind == ACCESS_STORE)
        return region == REGION_DST;
    return loads && a->kind == ACCESS_LOAD && (region == REGION_DST || region == REGION_SRC);
}

static void send_all(const struct recording *r, const struct copy_case *c, bool loads,
                     const struct sender *to)
{
    struct sender dst = *to, src = *to;
    enum beat_kind kind;
    dst.base = (uintptr_t)r->layout.dst - c->dst_off;
    dst.lane = r->layout.dst_lane;
    src.base = (uintptr_t)r->layout.src - c->src_off;
    src.lane = r->layout.src_lane;
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct access *a = &r->trace.accesses[i];
        bool valued = a->kind == ACCESS_STORE && extent_has_value(&r->trace, a);
        if (beat_of(r, a, loads, &kind))
            send_access(kind == BEAT_READ_SOURCE ? &src : &dst, kind, a,
                        valued ? r->trace.values + a->value : NULL);
    }
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
    static const char *const names[] = {
        [BEAT_WRITE] = "write", [BEAT_READ] = "read", [BEAT_READ_SOURCE] = "read src"};
    fprintf(out, "%s addr %s0x%" PRIx64, names[beat->kind], beat->addr < 0 ? "-" : "", distance);
    if (beat->kind == BEAT_WRITE)
        fputs(", data ", out);
    if (beat->kind == BEAT_WRITE && beat->known)
        print_data(beat, out);
    else if (beat->kind == BEAT_WRITE)
        fputs("unknown", out);
    fprintf(out, ", size 0x%x\n", beat->size);
}

static void print_beat(const struct beat *beat, void *context)
{
    struct printer *p = context;
    p->unknown += beat->kind == BEAT_WRITE && !beat->known;
    bus_print_beat(beat, p->out);
}

// Accesses of a kind that no beat stands for, those of the routine's own stack excepted.
static uint64_t count_elsewhere(const struct recording *r, enum access_kind kind)
{
    uint64_t count = 0;
    enum beat_kind ignored;
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct access *a = &r->trace.accesses[i];
        enum region region = region_of(r, a);
        count += a->kind == kind && !beat_of(r, a, true, &ignored) && region != REGION_STACK &&
                 region != REGION_RECORD;
    }
    return count;
}

static void print_not_shown(const struct recording *r, bool loads, FILE *out)
{
    char count[COUNT_TEXT_MAX];
    uint64_t stores = count_elsewhere(r, ACCESS_STORE);
    uint64_t loaded = loads ? count_elsewhere(r, ACCESS_LOAD) : 0;
    if (stores > 0)
        fprintf(out, "# %s outside the destination not shown\n",
                count_print(stores, "store", count));
    if (loaded > 0)
        fprintf(out, "# %s outside source and destination not shown\n",
                count_print(loaded, "load", count));
    if (loads && r->trace.loads_unseen)
        fputs("# loads by some instructions not recorded: this QEMU does not report them\n", out);
}

void bus_print(const struct recording *r, const struct copy_case *c, unsigned width, bool loads,
               FILE *out)
{
    struct printer p = {.out = out};
    char count[COUNT_TEXT_MAX], outcome[OUTCOME_TEXT_MAX];
    send_all(r, c, loads, &(struct sender){.width = width, .function = print_beat, .context = &p});
    if (p.unknown > 0)
        fprintf(out, "# the recorder gave no values for %s\n",
                count_print(p.unknown, "beat", count));
    print_not_shown(r, loads, out);
    if (r->trace.outcome != OUTCOME_RETURNED) {
        outcome_print(r, outcome, sizeof outcome);
        fprintf(out, "# %s\n", outcome);
    }
}
