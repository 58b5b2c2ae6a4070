// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The passes of shadow memory that only some cases need, byte by byte: who
// wrote a byte before, what it held in between, and whether it reached
// persistent memory.

#include "judge/access_bytes.h"

#include <string.h>

struct byte_walk byte_walk_start(struct shadow_view view, const struct access *a,
                                 const uint64_t *map)
{
    struct span part = {0, 0};
    if (a->kind == view.kind)
        part = side_part(access_reach(a), view.base, view.size);
    return (struct byte_walk){a, map, view.base, part.lo, part.lo, part.hi};
}

bool byte_walk_next(struct byte_walk *walk)
{
    while (walk->next < walk->end) {
        uint64_t at = walk->next;
        uint64_t bits = walk->map ? walk->map[at / WORD_BITS] >> at % WORD_BITS : 1;
        if (!bits) {
            walk->next = (at | (WORD_BITS - 1)) + 1;
            continue;
        }
        at += (uint64_t)__builtin_ctzll(bits);
        walk->next = at + 1;
        if (at < walk->end && access_touches(walk->access, walk->base + at)) {
            walk->off = at;
            return true;
        }
    }
    return false;
}

struct element access_element(const struct access *a, uint64_t addr)
{
    struct span reach = access_reach(a);
    if (access_is_small(a)) {
        uint64_t mask = access_mask(a) >> (reach.lo - a->addr);
        return (struct element){reach.lo, reach.hi - reach.lo, mask};
    }
    uint64_t index = (addr - reach.lo) / a->width;
    return (struct element){reach.lo + index * a->width, a->width, low_bits(a->width)};
}

static bool elements_equal(struct element a, struct element b)
{
    return a.start == b.start && a.width == b.width && a.mask == b.mask;
}

// Sets LAST to zero for every byte of the side whose bit in MAP is set; the
// others are never read.
static void clear_last(struct shadow_view view, const uint64_t *map, uint32_t *last)
{
    for (uint64_t word = 0; word * WORD_BITS < view.size; word++)
        if (map[word])
            memset(last + word * WORD_BITS, 0, WORD_BITS * sizeof *last);
}

// From the lowest to the highest byte that an element of the access touches.
static uint64_t element_width(const struct access *a)
{
    struct span reach = access_reach(a);
    return access_is_small(a) ? reach.hi - reach.lo : a->width;
}

void shadow_find_again(const struct shadow *s, enum access_kind kind, struct again_pair *same,
                       struct again_pair *other)
{
    struct shadow_scratch *scratch = s->scratch;
    struct shadow_view view = shadow_view(s, kind);
    const struct access *accesses = s->trace->accesses;
    const uint64_t *again = view.side->again;
    size_t room = (view.size / WORD_BITS + 1) * WORD_BITS;
    // Of each byte: one more than the index of the access that touched it last.
    uint32_t *last = shadow_room(&scratch->slow, &scratch->slow_bytes, room * sizeof *last);
    clear_last(view, again, last);
    *same = *other = (struct again_pair){.found = false};

    for (size_t i = 0; i < s->trace->count && !(same->found && other->found); i++) {
        const struct access *a = &accesses[i];
        struct byte_walk walk = byte_walk_start(view, a, again);
        uint32_t compared = 0; // neighbours mostly have the same last access
        bool alike = false;
        while (byte_walk_next(&walk)) {
            uint64_t addr = view.base + walk.off;
            uint32_t before = last[walk.off];
            last[walk.off] = (uint32_t)i + 1;
            if (before == 0)
                continue;
            const struct access *b = &accesses[before - 1];
            if (before != compared)
                alike = element_width(a) == element_width(b);
            compared = before;
            bool equal = alike && elements_equal(access_element(a, addr), access_element(b, addr));
            struct again_pair *pair = equal ? same : other;
            if (!pair->found)
                *pair = (struct again_pair){true, before - 1, (uint32_t)i, walk.off};
        }
    }
}

// The next store to [dst, dst + size) from index I on; the trace's count at the
// end.
static size_t next_store(const struct trace *t, size_t i, uint64_t dst, uint64_t size)
{
    for (; i < t->count; i++) {
        if (t->accesses[i].kind != ACCESS_STORE)
            continue;
        struct span part = side_part(access_reach(&t->accesses[i]), dst, size);
        if (part.lo < part.hi)
            break;
    }
    return i;
}

static bool same_store(const struct access *a, uint64_t a_dst, const struct access *b,
                       uint64_t b_dst)
{
    bool masked = a->flags & ACCESS_MASKED;
    return a->addr - a_dst == b->addr - b_dst && a->count == b->count && a->width == b->width &&
           a->flags == b->flags && (!masked || a->mask == b->mask);
}

// Do both runs make the same stores to the destination, and are the values of
// the second there? Whatever else they store cannot bear on what it held.
static bool same_stores(const struct shadow *s, const struct layout *layout,
                        const struct trace *valued)
{
    const struct shadow_scratch *scratch = s->scratch;
    uint64_t size = s->layout->dst_size, dst = (uintptr_t)layout->dst;
    size_t i = 0, k = 0;

    if (valued->outcome != OUTCOME_RETURNED || layout->dst_size != size)
        return false;
    for (;; i++, k++) {
        i = next_store(s->trace, i, scratch->dst, size);
        k = next_store(valued, k, dst, size);
        if (i == s->trace->count || k == valued->count)
            return i == s->trace->count && k == valued->count;
        const struct access *b = &valued->accesses[k];
        if (!same_store(&s->trace->accesses[i], scratch->dst, b, dst) ||
            !access_has_values(valued, b))
            return false;
    }
}

// The first store that put a value on a byte which is neither the byte's old nor
// its FINAL one. Looks at bytes stored again only; a byte's last store puts the
// final value there, so it is never the one.
static void find_transient(struct shadow *s, const struct layout *layout,
                           const struct trace *valued, const uint8_t *final)
{
    struct shadow_view view = {&s->stores, (uintptr_t)layout->dst, layout->dst_size, ACCESS_STORE};
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        i = next_store(s->trace, i, ((struct shadow_scratch *)s->scratch)->dst, view.size);
        k = next_store(valued, k, view.base, view.size);
        if (k == valued->count)
            return;
        const struct access *a = &valued->accesses[k];
        struct byte_walk walk = byte_walk_start(view, a, s->stores.again);
        while (byte_walk_next(&walk)) {
            uint8_t value = valued->values[access_value_index(a, view.base + walk.off)];
            if (value == layout->old[walk.off] || value == final[walk.off])
                continue;
            s->transient = true;
            s->transient_at = walk.off;
            s->transient_access = (uint32_t)i;
            s->transient_value = value;
            return;
        }
    }
}

// Does the store leave in its bytes of the destination what they hold in the
// end? By far the most do, a copy's second stores included: asked whole.
static bool stores_final(const struct access *a, const struct layout *layout, const uint8_t *value)
{
    uint64_t off = a->addr - (uintptr_t)layout->dst, bytes = a->width * a->count;
    bool plain = !(a->flags & (ACCESS_MASKED | ACCESS_DESCENDING));

    if (!plain || off >= layout->dst_size || bytes > layout->dst_size - off)
        return false;
    const uint8_t *held = layout->dst + off;
    switch (bytes) { // without a call, for the widths there are most of
    case 1:
        return *held == *value;
    case 2:
        return memcmp(held, value, 2) == 0;
    case 4:
        return memcmp(held, value, 4) == 0;
    case 8:
        return memcmp(held, value, 8) == 0;
    case 16:
        return memcmp(held, value, 16) == 0;
    default:
        return memcmp(held, value, bytes) == 0;
    }
}

// No store but plain ones of final values: nothing can have been transient.
static bool all_stores_final(const struct layout *layout, const struct trace *valued)
{
    for (size_t i = 0; i < valued->count; i++) {
        const struct access *a = &valued->accesses[i];
        if (a->kind != ACCESS_STORE)
            continue;
        struct span part = side_part(access_reach(a), (uintptr_t)layout->dst, layout->dst_size);
        if (part.lo < part.hi &&
            (!access_has_values(valued, a) || !stores_final(a, layout, valued->values + a->value)))
            return false;
    }
    return true;
}

// Did every store put on the bytes around the destination, in its words of eight, what
// they hold in the end? Those further away are nobody's to put back.
static bool rewrites_are_final(const struct layout *layout, const struct trace *valued)
{
    const uint64_t word = 8, dst = (uintptr_t)layout->dst, size = layout->dst_size;
    const uint64_t from = dst & ~(word - 1), to = (dst + size + word - 1) & ~(word - 1);
    for (size_t i = 0; i < valued->count; i++) {
        const struct access *a = &valued->accesses[i];
        struct byte_walk walk =
            byte_walk_start((struct shadow_view){NULL, from, to - from, ACCESS_STORE}, a, NULL);
        while (byte_walk_next(&walk)) {
            uint64_t addr = from + walk.off;
            if (addr - dst < size)
                continue;
            if (!access_has_values(valued, a) ||
                valued->values[access_value_index(a, addr)] != layout->dst[(int64_t)(addr - dst)])
                return false;
        }
    }
    return true;
}

void shadow_build_values(struct shadow *s, const struct layout *layout, const struct trace *valued)
{
    struct shadow_scratch *scratch = s->scratch;
    struct shadow_view view = {&s->stores, (uintptr_t)layout->dst, layout->dst_size, ACCESS_STORE};

    s->values_open = false;
    s->transient = false;
    if (op_has_fifo(s->c->op)) {
        s->values_differ = !same_stores(s, layout, valued);
        if (!s->values_differ)
            shadow_judge_fifo(s, layout, valued);
        return;
    }
    if (s->asks_rewrites && s->store_outside) {
        s->rewrites_known = true;
        s->rewrites_others |= !rewrites_are_final(layout, valued);
    }
    bool final_only = all_stores_final(layout, valued);
    if (final_only && valued == s->trace)
        return;
    s->values_differ = !same_stores(s, layout, valued);
    if (s->values_differ || final_only)
        return;

    uint8_t *final = shadow_room(&scratch->slow, &scratch->slow_bytes, view.size + 1);
    for (size_t k = 0; k < valued->count; k++) {
        const struct access *a = &valued->accesses[k];
        struct byte_walk walk = byte_walk_start(view, a, s->stores.again);
        while (byte_walk_next(&walk))
            final[walk.off] = valued->values[access_value_index(a, view.base + walk.off)];
    }
    find_transient(s, layout, valued, final);
}

// Destination bytes on their way to persistent memory, a bit a byte.
struct persist {
    uint64_t *dirty;    // in a cache, not flushed
    uint64_t *inflight; // flushed or stored non-temporally, not drained
    struct span words;  // those of `inflight` that may have bits set
};

static void persist_send(struct persist *p, uint64_t word, uint64_t bits)
{
    p->dirty[word] &= ~bits;
    p->inflight[word] |= bits;
    if (bits) {
        p->words.lo = p->words.lo < p->words.hi ? min_u64(p->words.lo, word) : word;
        p->words.hi = max_u64(p->words.hi, word + 1);
    }
}

static void persist_store(struct persist *p, uint64_t word, uint64_t bits, bool nontemporal)
{
    if (nontemporal) {
        persist_send(p, word, bits);
        return;
    }
    p->dirty[word] |= bits;
    p->inflight[word] &= ~bits;
}

static void persist_drain(struct persist *p)
{
    for (uint64_t word = p->words.lo; word < p->words.hi; word++)
        p->inflight[word] = 0;
    p->words = (struct span){0, 0};
}

// Bits of word WORD of the view's bitmap that the access touches.
static uint64_t touched_bits(struct shadow_view view, const struct access *a, struct span part,
                             uint64_t word)
{
    uint64_t bits = part_bits(part, word);
    if (!access_is_small(a))
        return bits;
    uint64_t start = view.base + word * WORD_BITS, mask = access_mask(a);
    return bits & (a->addr >= start ? mask << (a->addr - start) : mask >> (start - a->addr));
}

static void persist_access(struct persist *p, struct shadow_view view, const struct access *a,
                           bool nontemporal)
{
    struct span reach = access_reach(a);
    if (a->kind == ACCESS_FLUSH) {
        reach.lo = a->addr & ~UINT64_C(63);
        reach.hi = reach.lo + 64;
    }
    struct span part = side_part(reach, view.base, view.size);
    for (uint64_t word = part.lo / WORD_BITS; word * WORD_BITS < part.hi; word++) {
        if (a->kind == ACCESS_FLUSH)
            persist_send(p, word, p->dirty[word] & part_bits(part, word));
        else
            persist_store(p, word, touched_bits(view, a, part, word), nontemporal);
    }
}

bool shadow_find_unflushed(const struct shadow *s, uint64_t *off)
{
    struct shadow_scratch *scratch = s->scratch;
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    size_t words = view.size / WORD_BITS + 1;
    uint64_t *maps = shadow_room(&scratch->slow, &scratch->slow_bytes, 2 * words * sizeof *maps);
    memset(maps, 0, 2 * words * sizeof *maps);
    struct persist p = {.dirty = maps, .inflight = maps + words};

    for (size_t i = 0; i < s->trace->count; i++) {
        const struct access *a = &s->trace->accesses[i];
        if (a->kind == ACCESS_STORE || a->kind == ACCESS_FLUSH)
            persist_access(&p, view, a, site_is(&s->trace->sites[a->site], CLASS_NONTEMPORAL));
        if (a->flags & ACCESS_DRAINS)
            persist_drain(&p);
    }
    for (size_t word = 0; word < words; word++) {
        uint64_t left = p.dirty[word] | p.inflight[word];
        if (left) {
            *off = word * WORD_BITS + (uint64_t)__builtin_ctzll(left);
            return true;
        }
    }
    return false;
}
