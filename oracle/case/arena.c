// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Laying out and clearing are plain copies from pools of bytes (fill.h), so
// `expected` and `old` point to memory that no routine can write to.

#include "case/arena.h"

#include "backends/call.h"
#include "base/host.h"
#include "case/fill.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// From low to high addresses, so that a destination can lie on either side of the
// source. An overlapping case lies in a lane of the upper destinations.
enum side { SIDE_DST_BELOW, SIDE_SRC, SIDE_DST, SIDE_COUNT };

enum {
    SMALL_PAGES = 32, // up to here, a lane for each page count
    LANES = SMALL_PAGES + 1,
    BIG = SMALL_PAGES, // the lane that all larger cases share
    NEAR_BYTES = 64,
    GAP_BYTES = 16 * PAGE_BYTES, // inaccessible, between two lanes
    HOMES = 4,                   // addresses to try
};

// Far from where kernels put programs, libraries and stacks, and from the shadow
// memory of sanitizers, which ends at 0x10007fff8000 on x86-64, at 0x201000000000 on
// AArch64.
#define HOME      (UINT64_C(0x300000000000))
#define HOME_STEP (UINT64_C(1) << 40)

// Accessible pages between inaccessible ones, holding canaries. A lane ends where the
// CPU's pages do. Where those are larger than a case's it may begin within one: the rest
// of that, below it, is accessible as well and holds canaries.
struct lane {
    uint8_t *base;  // of the CPU's first page
    uint8_t *start; // of the lane
    size_t pages;   // of the lane, PAGE_BYTES each
    size_t filled;  // pages that hold canaries
};

// The bytes that one case took up in one lane, and what they held.
struct extent {
    uint8_t *at;
    size_t bytes;
    const uint8_t *image;
    struct span lane;
    const uint8_t *canary; // of the lane's first byte
};

struct arena {
    struct fills *fills;
    const uint8_t *canaries;
    size_t page;                          // bytes of the CPU's
    uint8_t *home;                        // of all lanes; NULL: not mapped
    struct lane lanes[SIDE_COUNT][LANES]; // [i] has i + 1 pages
    uint64_t used[SIDE_COUNT];            // bits: lanes not looked at since a case lay there
    uint8_t *record;                      // the page of a call's records
    bool has_record;                      // it is accessible
    bool big_endian;
    uint8_t *image; // of a source with fields, where the last case had some
    size_t image_bytes;
    struct extent left[2]; // of a case that is gone, see arena_leave
    unsigned left_count;
    bool stained; // one that is out of reach by now was not as it must be
};

// BYTES, rounded up to the CPU's pages.
static size_t whole_pages(const struct arena *a, size_t bytes)
{
    return (bytes + a->page - 1) / a->page * a->page;
}

// What the lanes of one side take before that one.
static size_t lanes_bytes(const struct arena *a, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += GAP_BYTES + whole_pages(a, i == BIG ? FILLS_BUFFER_MAX : (i + 1) * PAGE_BYTES);
    return bytes;
}

static size_t lane_offset(const struct arena *a, enum side side, size_t which)
{
    return side * lanes_bytes(a, LANES) + lanes_bytes(a, which) + GAP_BYTES;
}

// Behind them the page of a call's records, and one that is inaccessible.
static size_t record_offset(const struct arena *a)
{
    return lane_offset(a, SIDE_COUNT, 0);
}

static size_t mapped_bytes(const struct arena *a)
{
    return record_offset(a) + 2 * a->page;
}

static bool lanes_map(struct arena *a)
{
    const size_t bytes = mapped_bytes(a);
    void *at = MAP_FAILED;

    for (uint64_t i = 0; i <= HOMES; i++) {
        void *wanted = i < HOMES ? (void *)(HOME + i * HOME_STEP) : NULL;

        at = mmap(wanted, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED || at == wanted || !wanted)
            break;
        munmap(at, bytes);
    }
    if (at == MAP_FAILED)
        return false;
    a->home = at;
    for (enum side side = 0; side < SIDE_COUNT; side++)
        for (size_t i = 0; i < LANES; i++)
            a->lanes[side][i].base = a->lanes[side][i].start = a->home + lane_offset(a, side, i);
    a->record = a->home + record_offset(a) + a->page - PAGE_BYTES;
    return true;
}

struct arena *arena_new(void)
{
    return arena_new_on(host_page_bytes());
}

struct arena *arena_new_on(size_t page)
{
    struct arena *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->page = page;
    a->fills = fills_new();
    a->canaries = a->fills ? fills_canaries(a->fills, PAGE_BYTES) : NULL;
    if (!a->canaries || !lanes_map(a)) {
        arena_free(a);
        return NULL;
    }
    return a;
}

void arena_prepare(void)
{
    fills_prepare();
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    if (a->home)
        munmap(a->home, mapped_bytes(a));
    fills_free(a->fills);
    free(a->image);
    free(a);
}

void arena_set_order(struct arena *a, bool big_endian)
{
    a->big_endian = big_endian;
}

// What a lane holds where no case lies. The sides hold different canaries, so
// that one copied across shows. A byte and its canary have different places in
// their pages: a load at the place of a recent store would wait for it ("4K
// aliasing", Intel optimization manual B.7.4.4).
static const uint8_t *canaries(const struct arena *a, enum side side)
{
    return a->canaries + PAGE_BYTES / 2 + (side == SIDE_SRC ? PAGE_BYTES : 0);
}

static bool holds_canaries(const struct arena *a, const struct lane *lane, enum side side)
{
    return memcmp(lane->start, canaries(a, side), lane->pages * PAGE_BYTES) == 0 &&
           memcmp(lane->base, canaries(a, side), (size_t)(lane->start - lane->base)) == 0;
}

// ---- what a case that is gone left ----

// Without a call for the few bytes by which one case lies further than the one before.
static inline void put_back(uint8_t *at, const uint8_t *canary, size_t bytes)
{
    if (bytes == 1)
        *at = *canary;
    else if (bytes)
        memcpy(at, canary, bytes);
}

// But for those in COVERED, which are about to be written.
static inline void put_back_but(const struct extent *e, struct span covered)
{
    uintptr_t lo = (uintptr_t)e->at, hi = lo + e->bytes;
    uintptr_t from = covered.lo < hi ? covered.lo : hi, to = covered.hi > lo ? covered.hi : lo;
    const uint8_t *canary = e->canary + (lo - e->lane.lo);

    if (from > lo)
        put_back(e->at, canary, from - lo);
    if (hi > to)
        put_back(e->at + (to - lo), canary + (to - lo), hi - to);
}

static bool meets(const struct extent *e, struct span s)
{
    return s.lo < (uintptr_t)e->at + e->bytes && s.hi > (uintptr_t)e->at;
}

// COVERED, COUNT pieces of which no two lie in one lane, is about to be written.
static inline void settle_but(struct arena *a, const struct span *covered, unsigned count)
{
    for (unsigned i = 0; i < a->left_count; i++) {
        const struct extent *e = &a->left[i];
        struct span here = {UINTPTR_MAX, UINTPTR_MAX};

        for (unsigned k = 0; k < count; k++)
            if (meets(e, covered[k]))
                here = covered[k];
        put_back_but(e, here);
    }
    a->left_count = 0;
}

static void settle(struct arena *a)
{
    settle_but(a, NULL, 0);
}

// A lane of PAGES pages in larger ones of the CPU's, at their end.
static bool lane_move(struct arena *a, struct lane *lane, enum side side, size_t pages)
{
    size_t bytes = pages * PAGE_BYTES, whole = whole_pages(a, bytes);
    size_t had = whole_pages(a, lane->pages * PAGE_BYTES);

    if (!fills_canaries(a->fills, whole + a->page) ||
        mprotect(lane->base, whole, PROT_READ | PROT_WRITE) != 0 ||
        (had > whole && mprotect(lane->base + whole, had - whole, PROT_NONE) != 0))
        return false;
    lane->start = lane->base + (whole - bytes);
    lane->pages = pages;
    memcpy(lane->base, canaries(a, side), whole - bytes);
    memcpy(lane->start, canaries(a, side), bytes);
    return true;
}

// Makes exactly the first PAGES pages accessible, holding canaries.
static bool lane_resize(struct arena *a, struct lane *lane, enum side side, size_t pages)
{
    size_t have = lane->pages, filled = lane->filled;

    if (pages < have) {
        if (mprotect(lane->base + pages * PAGE_BYTES, (have - pages) * PAGE_BYTES, PROT_NONE) != 0)
            return false;
    } else {
        if (!fills_canaries(a->fills, (pages + 2) * PAGE_BYTES) ||
            mprotect(lane->base + have * PAGE_BYTES, (pages - have) * PAGE_BYTES,
                     PROT_READ | PROT_WRITE) != 0)
            return false;
    }
    lane->pages = pages;
    if (pages > filled) {
        memcpy(lane->base + filled * PAGE_BYTES, canaries(a, side) + filled * PAGE_BYTES,
               (pages - filled) * PAGE_BYTES);
        lane->filled = pages;
    }
    return true;
}

__attribute__((noinline)) static bool lane_prepare(struct arena *a, struct lane *lane,
                                                   enum side side, size_t pages)
{
    settle(a);
    // The last look at pages that are about to go.
    if ((pages < lane->pages || a->page > PAGE_BYTES) && !holds_canaries(a, lane, side))
        a->stained = true;
    return a->page == PAGE_BYTES ? lane_resize(a, lane, side, pages)
                                 : lane_move(a, lane, side, pages);
}

// The lane in which END bytes are exactly covered by pages; NULL without memory.
static inline struct lane *lane_for(struct arena *a, enum side side, uint64_t end)
{
    size_t pages = end ? (end + PAGE_BYTES - 1) / PAGE_BYTES : 1;
    size_t which = pages <= SMALL_PAGES ? pages - 1 : BIG;
    struct lane *lane = &a->lanes[side][which];

    if (lane->pages != pages && !lane_prepare(a, lane, side, pages))
        return NULL;
    a->used[side] |= UINT64_C(1) << which;
    return lane;
}

static struct span lane_span(const struct lane *lane)
{
    uintptr_t lo = (uintptr_t)lane->start;

    return (struct span){lo, lo + lane->pages * PAGE_BYTES};
}

// No source, and so no lane of one.
static bool lay_set(struct arena *a, const struct copy_case *c, struct layout *out)
{
    settle(a);
    struct lane *dst = lane_for(a, SIDE_DST, c->dst_off + c->size);

    if (!dst || !fills_set(a->fills, c, &out->value, &out->expected, &out->old))
        return false;
    out->dst = dst->start + c->dst_off;
    out->src = NULL;
    out->size = out->dst_size = c->size;
    out->src_size = 0;
    out->dst_is_fifo = false;
    out->dst_lane = lane_span(dst);
    out->src_lane = (struct span){0, 0};
    memcpy(out->dst, out->old, c->size);
    return true;
}

// The bytes of both sides, once it is known where they lie.
static void lay_bytes(struct layout *out)
{
    memcpy(out->dst, out->old, out->dst_size);
    memcpy(out->src, out->expected, out->src_size);
}

// A FIFO holds what comes out of it first.
static bool lay_fifo(struct arena *a, const struct copy_case *c, struct layout *out)
{
    settle(a);
    bool to = c->op == OP_TO_FIFO;
    uint64_t bytes = c->size + LAYOUT_FIFO_BYTES;
    uint64_t dst_size = to ? LAYOUT_FIFO_BYTES : c->size;
    uint64_t src_size = to ? c->size : LAYOUT_FIFO_BYTES;
    struct lane *dst = lane_for(a, c->dst_below ? SIDE_DST_BELOW : SIDE_DST, c->dst_off + dst_size);
    struct lane *src = lane_for(a, SIDE_SRC, c->src_off + src_size);
    bool have = c->data == DATA_OF_SEED
                    ? fills_data(a->fills, c->fill, bytes, &out->expected, &out->old)
                    : fills_plain(a->fills, c->data, bytes, &out->expected, &out->old);

    if (!dst || !src || !have)
        return false;
    out->dst = dst->start + c->dst_off;
    out->src = src->start + c->src_off;
    out->size = c->size;
    out->dst_size = dst_size;
    out->src_size = src_size;
    out->dst_is_fifo = to;
    out->dst_lane = lane_span(dst);
    out->src_lane = lane_span(src);
    lay_bytes(out);
    return true;
}

static bool lay_apart(struct arena *a, const struct copy_case *c, struct layout *out)
{
    enum side side = c->dst_below ? SIDE_DST_BELOW : SIDE_DST;
    struct lane *dst = lane_for(a, side, c->dst_off + c->size);
    struct lane *src = lane_for(a, SIDE_SRC, c->src_off + c->size);
    bool have = c->data == DATA_OF_SEED
                    ? fills_data(a->fills, c->fill, c->size, &out->expected, &out->old)
                    : fills_plain(a->fills, c->data, c->size, &out->expected, &out->old);

    if (!dst || !src || !have)
        return false;
    out->dst = dst->start + c->dst_off;
    out->src = src->start + c->src_off;
    out->size = out->dst_size = out->src_size = c->size;
    out->dst_is_fifo = false;
    out->dst_lane = lane_span(dst);
    out->src_lane = lane_span(src);
    const struct span covered[] = {{(uintptr_t)out->dst, (uintptr_t)out->dst + c->size},
                                   {(uintptr_t)out->src, (uintptr_t)out->src + c->size}};
    settle_but(a, covered, 2);
    lay_bytes(out);
    return true;
}

static bool lay_overlapping(struct arena *a, const struct copy_case *c, struct layout *out)
{
    bool up = c->overlap >= 0; // the destination is the upper one
    uint64_t distance = up ? (uint64_t)c->overlap : -(uint64_t)c->overlap;
    uint32_t low_off = up ? c->src_off : c->dst_off;
    struct lane *lane = lane_for(a, SIDE_DST, low_off + c->size + distance);
    const uint8_t *image = c->data == DATA_OF_SEED
                               ? fills_spaced(a->fills, distance, c->fill, c->size + distance)
                               : fills_plain_spaced(a->fills, c->data, distance, up, c->size);

    if (!lane || !image)
        return false;
    out->dst = lane->start + low_off + (up ? distance : 0);
    out->src = lane->start + low_off + (up ? 0 : distance);
    out->size = out->dst_size = out->src_size = c->size;
    out->dst_is_fifo = false;
    out->expected = image + (up ? 0 : distance);
    out->old = image + (up ? distance : 0);
    out->dst_lane = out->src_lane = lane_span(lane);
    const uintptr_t low = (uintptr_t)lane->start + low_off;
    settle_but(a, &(struct span){low, low + c->size + distance}, 1);
    memcpy(lane->start + low_off, image, c->size + distance);
    return true;
}

uint64_t layout_value(const struct layout *l, bool big_endian)
{
    uint64_t value = 0, bytes = l->size < sizeof value ? l->size : sizeof value;
    if (!l->src)
        return layout_second(l);
    for (uint64_t i = 0; i < bytes; i++)
        value = value << 8 | l->expected[big_endian ? i : bytes - 1 - i];
    return value;
}

void layout_take_call(struct layout *l, const struct call *call, const struct call_place *place,
                      size_t record_bytes)
{
    l->record = (struct span){place->record, place->record + record_bytes};
    l->returns = call_returns(call, place, &l->returns_mask);
}

uint8_t *arena_record(struct arena *a)
{
    uint8_t *page = a->record + PAGE_BYTES - a->page;

    if (!a->has_record && mprotect(page, a->page, PROT_READ | PROT_WRITE) != 0)
        return NULL;
    a->has_record = true;
    return a->record + PAGE_BYTES - CALL_RECORD_MAX;
}

static bool image_reserve(struct arena *a, size_t bytes)
{
    if (bytes <= a->image_bytes)
        return true;
    free(a->image);
    a->image = malloc(bytes);
    a->image_bytes = a->image ? bytes : 0;
    return a->image != NULL;
}

// The fields of the source, in what it holds and in what is expected of it. Where it
// overlaps the destination, they are part of what that held as well.
static bool lay_fields(struct arena *a, const struct copy_case *c, struct layout *out)
{
    bool up = c->overlap >= 0;
    uint64_t distance = up ? (uint64_t)c->overlap : -(uint64_t)c->overlap;
    const uint8_t *image = c->overlapping && !up ? out->old : out->expected;
    uint8_t *at = c->overlapping && !up ? out->dst : out->src;
    uint64_t more = c->op == OP_FROM_FIFO ? LAYOUT_FIFO_BYTES : 0;
    size_t bytes = c->size + distance + more;

    if (!image_reserve(a, bytes))
        return false;
    memcpy(a->image, image, bytes);
    for (size_t i = 0; i < c->field_count; i++)
        case_field_put(&c->fields[i], a->big_endian, a->image + (out->expected - image));
    out->expected = a->image + (out->expected - image);
    if (c->overlapping)
        out->old = a->image + (out->old - image);
    memcpy(at, a->image, c->overlapping ? bytes : out->src_size);
    return true;
}

static bool lay_sides(struct arena *a, const struct copy_case *c, struct layout *out)
{
    if (c->overlapping)
        return lay_overlapping(a, c, out);
    if (op_is_copy(c->op))
        return lay_apart(a, c, out);
    return c->op == OP_SET ? lay_set(a, c, out) : lay_fifo(a, c, out);
}

bool arena_lay(struct arena *a, const struct copy_case *c, struct layout *out)
{
    out->record = (struct span){0, 0};
    out->returns = out->returns_mask = 0;
    return lay_sides(a, c, out) && (c->field_count == 0 || lay_fields(a, c, out));
}

static struct extent dst_extent(const struct arena *a, const struct layout *l)
{
    return (struct extent){l->dst, l->dst_size, l->old, l->dst_lane, canaries(a, SIDE_DST)};
}

static struct extent src_extent(const struct arena *a, const struct layout *l)
{
    return (struct extent){l->src, l->src_size, l->expected, l->src_lane, canaries(a, SIDE_SRC)};
}

// Destination and source of an overlapping case as one.
static struct extent whole_extent(const struct arena *a, const struct layout *l)
{
    bool up = l->dst >= l->src;
    size_t distance = up ? (size_t)(l->dst - l->src) : (size_t)(l->src - l->dst);

    return (struct extent){up ? l->src : l->dst, l->size + distance, up ? l->expected : l->old,
                           l->dst_lane, canaries(a, SIDE_DST)};
}

static bool is_overlapping(const struct layout *l)
{
    return l->dst_lane.lo == l->src_lane.lo;
}

static void extent_clear(const struct extent *e, bool wide)
{
    size_t from = (uintptr_t)e->at - e->lane.lo;

    if (wide)
        memcpy((uint8_t *)e->lane.lo, e->canary, e->lane.hi - e->lane.lo);
    else
        memcpy(e->at, e->canary + from, e->bytes);
}

void arena_leave(struct arena *a, const struct layout *l)
{
    a->left_count = 0;
    if (is_overlapping(l)) {
        a->left[a->left_count++] = whole_extent(a, l);
        return;
    }
    a->left[a->left_count++] = dst_extent(a, l);
    if (l->src)
        a->left[a->left_count++] = src_extent(a, l);
}

void arena_expect(struct arena *a, const struct copy_case *c)
{
    if (!c->overlapping && c->data == DATA_OF_SEED)
        fills_expect(a->fills, c->fill, c->size);
}

void arena_clear(struct arena *a, const struct layout *l, bool wide)
{
    struct extent e;

    if (is_overlapping(l)) {
        e = whole_extent(a, l);
        extent_clear(&e, wide);
        return;
    }
    e = dst_extent(a, l);
    extent_clear(&e, wide);
    if (!l->src)
        return;
    e = src_extent(a, l);
    extent_clear(&e, wide);
}

typedef uint64_t block __attribute__((vector_size(16)));

// The bits in which the 64 bytes at A and B differ where MASK has ones, merged.
static inline block window_difference(const uint8_t *a, const uint8_t *b, const uint8_t *mask)
{
    block difference = {0};

#pragma GCC unroll 4
    for (size_t i = 0; i < NEAR_BYTES; i += sizeof(block)) {
        block x, y, m;

        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        memcpy(&m, mask + i, sizeof m);
        difference |= (x ^ y) & m;
    }
    return difference;
}

#define EIGHT(byte) byte, byte, byte, byte, byte, byte, byte, byte
#define SIXTY_FOUR(byte)                                                                       \
    EIGHT(byte), EIGHT(byte), EIGHT(byte), EIGHT(byte), EIGHT(byte), EIGHT(byte), EIGHT(byte), \
        EIGHT(byte)

// What is wrong with the canaries on both sides of an extent: 0s for nothing. A
// lane is longer than the window, so where an end is near, the window is moved
// inside and what lies beyond the bytes in question masked out: no branch
// depends on the offset, since this is done for every case.
static inline block near_difference(const struct extent *e)
{
    static const uint8_t masks[3 * NEAR_BYTES] = {SIXTY_FOUR(0), SIXTY_FOUR(0xff), SIXTY_FOUR(0)};
    const uint8_t *lane = (const uint8_t *)e->lane.lo;
    size_t lo = (size_t)(e->at - lane), hi = lo + e->bytes, end = e->lane.hi - e->lane.lo;
    size_t before = lo < NEAR_BYTES ? lo : NEAR_BYTES;
    size_t after = end - hi < NEAR_BYTES ? end - hi : NEAR_BYTES;
    size_t from = lo - before, to = hi + after - NEAR_BYTES;

    return window_difference(lane + from, e->canary + from, masks + 2 * NEAR_BYTES - before) |
           window_difference(lane + to, e->canary + to, masks + after);
}

static bool is_zero(block b)
{
    return (b[0] | b[1]) == 0;
}

bool arena_is_clean_near(const struct arena *a, const struct layout *l)
{
    struct extent e;
    size_t skip, rest;

    if (!is_overlapping(l)) {
        struct extent d = dst_extent(a, l);

        if (!l->src)
            return is_zero(near_difference(&d));
        e = src_extent(a, l);
        return is_zero(near_difference(&d) | near_difference(&e)) &&
               memcmp(e.at, e.image, e.bytes) == 0;
    }
    e = whole_extent(a, l);
    // What is not the destination lies at one end, in one piece.
    rest = e.bytes - l->size;
    skip = l->dst == e.at ? l->size : 0;
    return is_zero(near_difference(&e)) && memcmp(e.at + skip, e.image + skip, rest) == 0;
}

static bool lane_is_clean(const struct extent *e)
{
    return memcmp((const uint8_t *)e->lane.lo, e->canary, e->lane.hi - e->lane.lo) == 0;
}

bool arena_is_clean(const struct arena *a, const struct layout *l)
{
    struct extent dst = dst_extent(a, l), src = src_extent(a, l);

    return lane_is_clean(&dst) && (is_overlapping(l) || !l->src || lane_is_clean(&src));
}

bool arena_was_clean(struct arena *a)
{
    settle(a);
    bool clean = !a->stained;

    for (enum side side = 0; side < SIDE_COUNT; side++) {
        uint64_t used = a->used[side];

        for (; used; used &= used - 1)
            clean &= holds_canaries(a, &a->lanes[side][__builtin_ctzll(used)], side);
        a->used[side] = 0;
    }
    a->stained = false;
    return clean;
}
