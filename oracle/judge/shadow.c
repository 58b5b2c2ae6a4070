// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The pass that every case pays for. Nearly all accesses are at most 64 bytes
// wide and lie wholly in the destination (stores) or the source (loads): those
// take touch_inside, a few shifts and two words of a bitmap each, and few branches,
// since no two cases of a fuzzer take the same ones. All others take touch_small or
// touch_range, which do the same for clipped, masked and string accesses and look at
// where the bytes outside lie.
//
// In the bitmap of bytes touched those beyond both ends of a side count as touched.

#include "judge/access_bytes.h"

#include <string.h>

enum { TORN_ALL = 2 | 4 | 8 };

// One side while the pass runs.
struct strip {
    struct shadow_side *side;
    uint64_t base, size;
    uint64_t tears; // 7; 0 when torn elements are not asked for
    uint64_t start; // of the latest access
    uint64_t end;   // of the latest access, as an offset: `size` when it touched the last byte
    // What the accesses of the common kind did. In one word, since each access
    // would wait for the one before at each word of its own.
    uint64_t seen, accesses;
};

// Bits of strip.seen; below them the OR of the widths, powers of two.
#define SEEN_CLASS     8 // and up, a bit for each enum site_class
#define SEEN_ASTRAY    (UINT64_C(1) << 32)
#define SEEN_DESCENDED (UINT64_C(1) << 33)
#define SEEN_CROSSES   (UINT64_C(1) << 34)
enum { SEEN_WIDTHS = 0x7f };
_Static_assert(SEEN_CLASS + SITE_CLASS_COUNT <= 32, "classes have room in strip.seen");

struct pass {
    struct shadow *s;
    const struct access *accesses;
    const struct site *sites;
    struct strip strips[2]; // by enum access_kind
    uint32_t undrained;     // classes of the stores since the last drain
    bool flushes;
    uint64_t look_backs; // left before look_back gives up
    bool look_again;     // it gave up: shadow_find_again has to tell
};
_Static_assert(ACCESS_LOAD == 0 && ACCESS_STORE == 1, "pass.strips has no others");

// Marks the bytes off + i for the bits i of BITS, and returns which of those
// had been marked before. The word after the last byte's is there to be read.
static inline uint64_t mark(struct shadow_side *side, uint64_t off, uint64_t bits)
{
    uint64_t word = off / WORD_BITS, shift = off % WORD_BITS;
    uint64_t low = bits << shift, high = bits >> 1 >> (WORD_BITS - 1 - shift);
    uint64_t *once = side->once + word;
    uint64_t low_again = once[0] & low, high_again = once[1] & high;

    once[0] |= low;
    once[1] |= high;
    if (low_again | high_again) {
        side->again[word] |= low_again;
        side->again[word + 1] |= high_again;
        side->any_again = true;
    }
    return low_again >> shift | high_again << 1 << (WORD_BITS - 1 - shift);
}

// Sizes of the elements that an access which begins or ends at EDGE tears, an offset
// on the side or its end: an element that reaches over the edge, lies wholly inside
// and was not touched before is torn, since this access is its first and does not
// cover it. To be asked for all edges of an access before its bytes are marked.
static inline uint32_t torn_at(const struct strip *t, uint64_t edge)
{
    // By how far the edge lies in its naturally aligned eight bytes.
    static const uint8_t reach_over[8] = {0, 8 | 4 | 2, 8 | 4, 8 | 4 | 2,
                                          8, 8 | 4 | 2, 8 | 4, 8 | 4 | 2};
    uint64_t in_block = (t->base + edge) % 8;
    uint64_t at = WORD_BITS + edge - in_block; // from the word before the first
    const uint64_t *once = t->side->once - 1 + at / WORD_BITS;
    uint64_t taken = once[0] >> at % WORD_BITS | once[1] << 1 << (WORD_BITS - 1 - at % WORD_BITS);
    uint32_t eight = (taken & 0xff) == 0, four = (taken >> (in_block & 4) & 0xf) == 0;
    uint32_t two = (taken >> (in_block & 6) & 3) == 0;
    return (eight << 3 | four << 2 | two << 1) & reach_over[in_block];
}

// The same for an edge that may lie anywhere.
static void tear_at(struct strip *t, uint64_t edge)
{
    if (edge < t->size)
        t->side->torn_sizes |= torn_at(t, edge);
}

// Largest power of two that is not above WIDTH: what it has to be aligned to.
static inline uint64_t alignment_of(uint16_t width)
{
    return UINT64_C(1) << (31 - __builtin_clz(width));
}

// Bytes of the shortest run that a masked access touches.
static uint32_t narrowest(const struct access *a)
{
    if (!access_is_small(a) || !(a->flags & ACCESS_MASKED))
        return a->width;
    uint32_t shortest = a->width;
    for (uint64_t mask = access_mask(a); mask;) {
        uint64_t from = (uint64_t)__builtin_ctzll(mask), gap = ~(mask >> from);
        uint32_t run = gap ? (uint32_t)__builtin_ctzll(gap) : WORD_BITS;
        shortest = run < shortest ? run : shortest;
        mask &= ~(low_bits(run) << from);
    }
    return shortest;
}

static inline void count_class(struct pass *p, struct strip *t, const struct access *a, bool store)
{
    uint32_t classes = p->sites[a->site].classes;
    t->side->classes |= classes;
    if (store)
        p->undrained |= classes;
    if (a->width > t->side->width_max)
        t->side->width_max = a->width;
    uint32_t least = narrowest(a);
    if (least < t->side->width_min)
        t->side->width_min = least;
}

// Of an access that is not of the common kind: what is not aligned may lie anywhere.
static inline void count_alignment(struct shadow_side *side, uint64_t addr, uint16_t width)
{
    bool astray = (addr & (alignment_of(width) - 1)) != 0;
    side->misaligned |= astray;
    side->crosses_line |= astray;
}

// Elements on a side that begin at FIRST (the lowest) up to LAST. Starts ascend
// throughout when none is below the one before it.
static inline void count_order(struct strip *t, uint64_t first, uint64_t last)
{
    t->side->descending |= first < t->start;
    t->start = last;
}

// Store number I wrote bytes again: AGAIN, relative to its address. Finds each
// byte's last writer among the small stores before; stores of long ago, and
// string ops, are left to shadow_find_again.
static void look_back(struct pass *p, size_t i, uint64_t again)
{
    const struct access *a = &p->accesses[i];
    uint64_t mask = access_mask(a);

    if (p->s->duplicate && p->s->overlapping)
        return;
    while (again && i-- > 0) {
        const struct access *b = &p->accesses[i];
        if (b->kind != ACCESS_STORE)
            continue;
        if (!access_is_small(b) || p->look_backs-- == 0) {
            p->look_again = true;
            p->look_backs = 0;
            return;
        }
        uint64_t up = b->addr - a->addr, down = a->addr - b->addr;
        uint64_t theirs = access_mask(b), here, back;
        if (up < WORD_BITS)
            here = theirs << up, back = here >> up;
        else if (down < WORD_BITS)
            here = theirs >> down, back = here << down;
        else
            continue;
        if (!(here & again))
            continue;
        if (here == mask && back == theirs)
            p->s->duplicate = true;
        else
            p->s->overlapping = true;
        again &= ~here;
    }
}

// The common case, made for speed: at most 64 bytes, a power of two, wholly
// inside. False when the access is not of that kind.
static inline __attribute__((always_inline)) bool touch_inside(struct pass *p, struct strip *t,
                                                               size_t i)
{
    const struct access *a = &p->accesses[i];
    uint64_t off = a->addr - t->base, width = a->width, store = a->kind;
    if ((a->count ^ 1) | (a->flags & (ACCESS_MASKED | ACCESS_TLS)) | (width & (width - 1)))
        return false;
    if (width - 1 >= WORD_BITS || off >= t->size || width > t->size - off)
        return false;

    if ((a->addr | width) & t->tears)
        t->side->torn_sizes |= torn_at(t, off) | torn_at(t, off + width);
    uint64_t again = mark(t->side, off, ~UINT64_C(0) >> (WORD_BITS - width));
    if (store & (again != 0))
        look_back(p, i, again);

    uint64_t classes = p->sites[a->site].classes;
    uint64_t astray = (a->addr & (width - 1)) != 0, descends = a->addr < t->start;
    p->undrained |= (uint32_t)(classes & -store);
    uint64_t crosses = (a->addr ^ (a->addr + width - 1)) & LINE_BYTES;
    t->seen |= width | classes << SEEN_CLASS | SEEN_ASTRAY * astray | SEEN_DESCENDED * descends |
               SEEN_CROSSES / LINE_BYTES * crosses;
    t->accesses++;
    t->start = a->addr;
    t->end = off + width;
    return true;
}

static void touch_elsewhere(struct pass *p, const struct access *a, uint64_t lo, uint64_t hi)
{
    if (lo < hi)
        shadow_note_elsewhere(p->s, a->kind, lo, hi);
}

// The bytes of a small access that lie outside: REST, bit 0 at its address.
static void touch_rest(struct pass *p, const struct access *a, uint64_t rest)
{
    while (rest) {
        uint64_t from = (uint64_t)__builtin_ctzll(rest);
        uint64_t gap = ~(rest >> from);
        uint64_t bytes = gap ? (uint64_t)__builtin_ctzll(gap) : WORD_BITS;
        uint64_t lo = a->addr + from;
        touch_elsewhere(p, a, lo, lo + bytes < lo ? UINT64_MAX : lo + bytes);
        rest &= ~(low_bits(bytes) << from);
    }
}

static void tear_edges(struct strip *t, uint64_t off, uint64_t bits)
{
    for (uint64_t edges = bits ^ bits << 1; edges; edges &= edges - 1)
        tear_at(t, off + (uint64_t)__builtin_ctzll(edges));
    if (bits >> (WORD_BITS - 1))
        tear_at(t, off + WORD_BITS);
}

// An access of at most 64 bytes that is masked or not wholly inside.
static void touch_small(struct pass *p, struct strip *t, size_t i)
{
    const struct access *a = &p->accesses[i];
    bool store = a->kind == ACCESS_STORE;
    uint64_t mask = access_mask(a);
    uint64_t before = a->addr < t->base ? t->base - a->addr : 0; // bytes cut off
    uint64_t off = a->addr + before - t->base;
    uint64_t bits = before < WORD_BITS ? mask >> before : 0;
    bits &= off < t->size ? low_bits(t->size - off) : 0;
    if (!bits) {
        touch_rest(p, a, mask);
        return;
    }

    if (t->tears)
        tear_edges(t, off, bits);
    uint64_t again = mark(t->side, off, bits);
    if (store && again)
        look_back(p, i, again << before);

    uint64_t lowest = (uint64_t)__builtin_ctzll(mask);
    uint64_t last = t->size - 1 - off;
    count_class(p, t, a, store);
    count_order(t, a->addr + lowest, a->addr + lowest);
    t->side->accesses++;
    count_alignment(t->side, a->addr, a->width);
    t->end = last < WORD_BITS && bits >> last & 1 ? t->size : 0;
    t->side->whole_request &=
        a->addr + lowest == t->base && t->size <= WORD_BITS && mask >> lowest == low_bits(t->size);
    touch_rest(p, a, mask & ~(bits << before));
}

// Elements that begin at FIRST, first + width, ... up to LAST: each of their
// edges, as far as one may still tear an element of a new size.
static void tear_range(struct strip *t, uint64_t first, uint64_t last, uint16_t width)
{
    uint64_t aligned = (first | width) & -(first | width);
    uint64_t possible = TORN_ALL & ~(2 * aligned - 1);
    uint64_t edges = (last - first) / width + 2;
    for (uint64_t edge = first - t->base; edges-- > 0; edge += width) {
        if ((t->side->torn_sizes & possible) == possible)
            break;
        tear_at(t, edge);
    }
}

static bool mark_range(struct shadow_side *side, struct span part)
{
    uint64_t any = 0;
    for (uint64_t word = part.lo / WORD_BITS; word * WORD_BITS < part.hi; word++) {
        uint64_t bits = part_bits(part, word), again = side->once[word] & bits;
        side->once[word] |= bits;
        side->again[word] |= again;
        any |= again;
    }
    side->any_again |= any != 0;
    return any != 0;
}

// A string op, or one access wider than 64 bytes.
static void touch_range(struct pass *p, struct strip *t, size_t i)
{
    const struct access *a = &p->accesses[i];
    bool store = a->kind == ACCESS_STORE, down = a->flags & ACCESS_DESCENDING;
    struct span reach = access_reach(a);
    struct span part = side_part(reach, t->base, t->size);
    if (part.lo == part.hi) {
        touch_elsewhere(p, a, reach.lo, reach.hi);
        return;
    }

    uint64_t width = a->width;
    uint64_t first = reach.lo + (t->base + part.lo - reach.lo) / width * width;
    uint64_t last = reach.lo + (t->base + part.hi - 1 - reach.lo) / width * width;
    if (t->tears)
        tear_range(t, first, last, a->width);
    if (mark_range(t->side, part) && store)
        p->look_again = true;

    uint64_t end = t->base + t->size;
    count_class(p, t, a, store);
    count_order(t, first, last);
    t->side->accesses += (last - first) / width + 1;
    t->side->strings |= a->count > 1;
    t->side->descending |= down && last > first;
    count_alignment(t->side, first, a->width);
    t->end = (down ? end - first <= width : part.hi == t->size) ? t->size : 0;
    t->side->whole_request &= first == last && first == t->base && width == t->size;
    touch_elsewhere(p, a, reach.lo, min_u64(reach.hi, t->base));
    touch_elsewhere(p, a, max_u64(reach.lo, end), reach.hi);
}

static __attribute__((noinline)) void touch_other(struct pass *p, struct strip *t, size_t i)
{
    const struct access *a = &p->accesses[i];
    struct span reach = access_reach(a);
    if (reach.lo == reach.hi)
        return;
    if (access_is_small(a))
        touch_small(p, t, i);
    else
        touch_range(p, t, i);
}

// Pushes, pops and spills: wholly in the routine's own frame, for loads anywhere
// on its stack. They bear on nothing.
static inline bool is_own_stack(const struct access *a, const struct trace *t)
{
    uintptr_t hi = a->kind == ACCESS_STORE ? t->stack_entry : t->stack.hi;
    uint64_t from = a->addr - t->stack.lo, room = hi - t->stack.lo;
    return a->count == 1 && from < room && a->width <= room - from && !(a->flags & ACCESS_TLS);
}

static void run_pass(struct pass *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct access *a = &p->accesses[i];
        if (a->kind <= ACCESS_STORE) {
            struct strip *t = &p->strips[a->kind];
            if (!touch_inside(p, t, i) && !is_own_stack(a, p->s->trace))
                touch_other(p, t, i);
        } else if (a->kind == ACCESS_FLUSH) {
            p->flushes = true;
        }
        if (a->flags & ACCESS_DRAINS)
            p->undrained = 0;
    }
}

// In parts, since gcc clears a structure of this size as a whole with
// `rep stos`, which takes longer than a small case.
static void start_anew(struct shadow *s)
{
    enum { FROM = offsetof(struct shadow, store_outside), TO = offsetof(struct shadow, scratch) };
    s->stores = (struct shadow_side){.whole_request = true, .width_min = UINT32_MAX};
    s->loads = (struct shadow_side){.whole_request = true, .width_min = UINT32_MAX};
    memset((char *)s + FROM, 0, TO - FROM);
}

// Before and behind a side's bytes all are touched.
static inline void close_map(uint64_t *once, uint64_t size)
{
    size_t words = size / WORD_BITS + 2;
    once[0] = once[words] = ~UINT64_C(0);
    once[words - 1] = ~low_bits(size % WORD_BITS);
}

// The four maps.
static void lay_maps(struct shadow *s, uint64_t dst_size, uint64_t src_size)
{
    struct shadow_scratch *scratch = s->scratch;
    // One more than bytes need, see mark, and one before.
    size_t stride = max_u64(dst_size, src_size) / WORD_BITS + 3;
    uint64_t *maps = shadow_room(&scratch->maps, &scratch->maps_bytes, 4 * stride * sizeof *maps);
    memset(maps, 0, 4 * stride * sizeof *maps);
    s->stores.once = maps + 1;
    s->loads.once = maps + stride + 1;
    s->stores.again = maps + 2 * stride;
    s->loads.again = maps + 3 * stride;
    close_map(maps, dst_size);
    close_map(maps + stride, src_size);
}

static void finish_side(const struct strip *t)
{
    struct shadow_side *side = t->side;
    uint64_t missing = 0, widths = t->seen & SEEN_WIDTHS;
    for (uint64_t word = 0; word <= t->size / WORD_BITS; word++)
        missing |= ~side->once[word];
    side->missing = missing != 0;
    side->torn_max = side->torn_sizes & 8 ? 8 : side->torn_sizes & 4 ? 4 : side->torn_sizes;
    side->accesses += t->accesses;
    side->classes |= (uint32_t)(t->seen >> SEEN_CLASS) & (uint32_t)low_bits(SITE_CLASS_COUNT);
    side->misaligned |= (t->seen & SEEN_ASTRAY) != 0;
    side->splits_line = (t->seen & SEEN_CROSSES) != 0;
    side->crosses_line |= side->splits_line;
    side->descending |= (t->seen & SEEN_DESCENDED) != 0;
    side->last_byte_last = t->size == 0 || (side->accesses > 0 && t->end == t->size);
    side->ends_narrow =
        t->size > 1 && (t->base + t->size) % 2 == 0 && t->start + 1 == t->base + t->size;
    side->whole_request &= side->accesses > 0;
    if (t->accesses == 0)
        return;
    uint32_t widest = (uint32_t)alignment_of((uint16_t)widths);
    side->width_max = widest > side->width_max ? widest : side->width_max;
    uint32_t least = (uint32_t)(widths & -widths);
    side->width_min = least < side->width_min ? least : side->width_min;
    side->whole_request &= widths == t->size && widest == t->size; // all alike
}

static void compare_data(struct shadow *s)
{
    const struct layout *l = s->layout;
    if (memcmp(l->dst, l->expected, l->size) == 0)
        return;
    s->wrong_data = true;
    while (l->dst[s->wrong_at] == l->expected[s->wrong_at])
        s->wrong_at++;
    s->wrong_got = l->dst[s->wrong_at];
    s->wrong_want = l->expected[s->wrong_at];
}

static void find_again(struct shadow *s)
{
    struct again_pair same, other;
    shadow_find_again(s, ACCESS_STORE, &same, &other);
    s->duplicate |= same.found;
    s->overlapping |= other.found;
}

void shadow_gather(struct shadow *s, const struct copy_case *c, const struct layout *layout,
                   const struct trace *trace)
{
    uint64_t dst = (uintptr_t)layout->dst;
    start_anew(s);
    s->c = c;
    s->layout = layout;
    s->trace = trace;
    ((struct shadow_scratch *)s->scratch)->dst = dst;
    lay_maps(s, layout->dst_size, layout->src_size);

    struct pass p = {
        .s = s,
        .accesses = trace->accesses,
        .sites = trace->sites,
        .strips = {[ACCESS_STORE] =
                       {.side = &s->stores, .base = dst, .size = layout->dst_size, .tears = 7},
                   [ACCESS_LOAD] = {.side = &s->loads,
                                    .base = (uintptr_t)layout->src,
                                    .size = layout->src_size,
                                    .tears = s->loads_may_tear ? 0 : 7}},
        .look_backs = 16 + 4 * trace->count,
    };
    run_pass(&p, trace->count);
    finish_side(&p.strips[ACCESS_STORE]);
    finish_side(&p.strips[ACCESS_LOAD]);
    if (p.look_again && !(s->duplicate && s->overlapping))
        find_again(s);

    if (op_has_fifo(c->op))
        shadow_gather_fifo(s);
    s->store_pending = p.undrained != 0;
    s->nontemporal_pending = p.undrained >> CLASS_NONTEMPORAL & 1;
    s->unflushed = s->stores.accesses > 0;
    if (p.flushes || s->stores.classes >> CLASS_NONTEMPORAL & 1)
        s->unflushed = shadow_find_unflushed(s, &(uint64_t){0});
}

void shadow_build(struct shadow *s, const struct copy_case *c, const struct layout *layout,
                  const struct trace *trace, enum copy_result result)
{
    shadow_gather(s, c, layout, trace);
    if (trace->outcome != OUTCOME_RETURNED)
        return;
    if (c->op != OP_TO_FIFO)
        compare_data(s);
    if (op_has_fifo(c->op)) {
        shadow_judge_fifo(s, layout, trace);
        s->wrong_return = result == RESULT_OF_CALL && shadow_wrong_return(c, layout, trace, result);
        return;
    }
    s->wrong_return = shadow_wrong_return(c, layout, trace, result);
    s->values_open = s->stores.any_again ||
                     (s->asks_rewrites && s->store_outside && s->outside_words != (2 | 4 | 8));
    if (s->values_open && trace->value_bytes > 0)
        shadow_build_values(s, layout, trace);
}

void shadow_neighbours(struct shadow *s, bool as_before)
{
    s->rewrites_others |= !as_before;
}

bool shadow_needs_values(const struct shadow *s)
{
    return s->values_open;
}
