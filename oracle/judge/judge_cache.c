// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "judge/judge_cache.h"

#include "judge/access_bytes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    // A case with more accesses is judged anew each time.
    ACCESSES_MAX = 4096,
    // Places for cases whose pointers differ in their low bits, so that sweeps
    // over offsets find what they had at the offset 16 bytes before.
    OFFSETS = 16,
    PLACES = OFFSETS * OFFSETS,
    LINES_MAX = 4,     // ways to lie across cache lines that a place remembers
    RUN_MAX = 1 << 20, // accesses of one string instruction
};

enum base { BASE_DST, BASE_SRC, BASE_NONE, BASE_COUNT };

// An access, or a run of them, of at most 64 bytes each that lies wholly in the
// destination (stores), in the source (loads), in the routine's own stack frame, or in
// its module (loads of constants and variables, which are no part of the copy).
struct seen {
    uint64_t addr; // less its base
    uint64_t count;
    uint64_t what;  // see what_of
    uint16_t width; // of an access, or of each of a run
    uint8_t base;   // enum base
};

// Site, width, kind and flags, which lie side by side.
static inline uint64_t what_of(const struct access *a)
{
    uint64_t what;
    _Static_assert(offsetof(struct access, flags) - offsetof(struct access, site) == 7,
                   "no gap between site, width, kind and flags");
    memcpy(&what, &a->site, sizeof what);
    return what;
}

// Of the accesses of one base, by the base's address modulo LINE_BYTES, a bit each: is
// one misaligned; does one, or the lowest of a run, which is what order_find asks of, lie
// across a line?
struct residues {
    uint64_t astray, across;
};
_Static_assert(LINE_BYTES == WORD_BITS, "a bit for each place in a line");

struct told {
    unsigned lines; // LINE_* bits, see order_lines
    struct cached_verdict verdict;
};

struct place {
    bool used;
    bool values; // a byte is stored twice and a check asks what it held
    enum copy_op op;
    bool overlapping;
    int64_t overlap;
    uint64_t size;
    uint64_t dst_low, src_low; // & judge.alignment_mask
    uint64_t stack_entry;
    uint32_t clobbered; // as in the trace
    bool misaligned[BASE_COUNT];
    struct residues at[BASE_COUNT];
    uint32_t seen_count;
    uint32_t seen_room;
    struct seen *seen; // owned
    // Of the accesses that touch the last byte: indices in `seen`; seen_count: none.
    uint32_t last_store, first_load, last_load;
    unsigned told_count, told_next;
    struct told told[LINES_MAX];
};

struct judge_cache {
    const struct judge *judge;
    struct place places[PLACES];
};

struct judge_cache *judge_cache_new(const struct judge *judge)
{
    struct judge_cache *cache = calloc(1, sizeof *cache);
    if (cache)
        cache->judge = judge;
    return cache;
}

void judge_cache_free(struct judge_cache *cache)
{
    for (size_t i = 0; cache && i < PLACES; i++)
        free(cache->places[i].seen);
    free(cache);
}

static size_t place_index(const struct layout *layout)
{
    return (uintptr_t)layout->dst % OFFSETS * OFFSETS + (uintptr_t)layout->src % OFFSETS;
}

static uint64_t bytes_of(const struct access *a)
{
    return a->width * a->count;
}

static bool lies_within(const struct access *a, uint64_t lo, uint64_t size)
{
    uint64_t off = a->addr - lo;
    return off < size && bytes_of(a) <= size - off;
}

static bool lies_in_image(const struct access *a, const struct trace *t)
{
    for (size_t i = 0; i < t->image_count; i++)
        if (lies_within(a, t->images[i].lo, t->images[i].hi - t->images[i].lo))
            return true;
    return false;
}

// A run upward: one that goes down lies below its address.
static bool is_simple(const struct access *a)
{
    if (a->count != 1 && (a->count > RUN_MAX || a->flags & ACCESS_DESCENDING))
        return false;
    return a->count != 0 && !(a->flags & (ACCESS_MASKED | ACCESS_TLS)) && a->width != 0 &&
           a->width <= WORD_BITS && (a->width & (a->width - 1)) == 0;
}

// False for an access of another kind than `struct seen` is for.
static bool see(struct seen *seen, const struct access *a, const struct layout *layout,
                const struct trace *t)
{
    uint64_t dst = (uintptr_t)layout->dst, src = (uintptr_t)layout->src;
    bool store = a->kind == ACCESS_STORE;

    *seen = (struct seen){a->addr, a->count, what_of(a), a->width, BASE_NONE};
    if (a->kind == ACCESS_FENCE || a->kind == ACCESS_PREFETCH)
        return a->kind == ACCESS_FENCE;
    if ((a->kind != ACCESS_LOAD && !store) || !is_simple(a))
        return false;
    if (lies_within(a, t->stack.lo, (store ? t->stack_entry : t->stack.hi) - t->stack.lo))
        return true;
    if (lies_within(a, layout->record.lo, layout->record.hi - layout->record.lo))
        return true;
    if (!store && lies_in_image(a, t))
        return true;
    seen->base = store ? BASE_DST : BASE_SRC;
    seen->addr -= store ? dst : src;
    return lies_within(a, store ? dst : src, store ? layout->dst_size : layout->src_size);
}

// What the case does to its data: the facts that no access tells.
static bool data_is_right(const struct copy_case *c, const struct layout *layout,
                          const struct trace *t, enum copy_result result)
{
    if (shadow_wrong_return(c, layout, t, result))
        return false;
    return memcmp(layout->dst, layout->expected, layout->size) == 0;
}

// Room for COUNT accesses in a place, which then holds nothing; false without
// memory.
static bool place_make_room(struct place *p, size_t count)
{
    p->used = false;
    if (count <= p->seen_room)
        return true;
    free(p->seen);
    p->seen_room = count < 32 ? 32 : ACCESSES_MAX;
    p->seen = malloc(p->seen_room * sizeof *p->seen);
    if (!p->seen)
        p->seen_room = 0;
    return p->seen != NULL;
}

enum stored judge_cache_stored(const struct shadow *s)
{
    bool onto_itself = s->c->overlapping && s->c->overlap == 0;
    if (s->stores.accesses > 0)
        return STORED_SOMETHING;
    return s->layout->size == 0 || onto_itself ? STORED_NOT_ASKED : STORED_NOTHING;
}

static bool is_like(const struct place *p, uint64_t alignment_mask, const struct copy_case *c,
                    const struct layout *layout, const struct trace *t)
{
    return p->used && p->size == layout->size && p->seen_count == t->count &&
           t->outcome == OUTCOME_RETURNED && p->op == c->op && p->overlapping == c->overlapping &&
           p->overlap == c->overlap && p->stack_entry == t->stack_entry &&
           p->clobbered == t->clobbered &&
           p->dst_low == ((uintptr_t)layout->dst & alignment_mask) &&
           p->src_low == ((uintptr_t)layout->src & alignment_mask);
}

static bool at_residue(uint64_t bits, const void *base)
{
    return bits >> ((uintptr_t)base % LINE_BYTES) & 1;
}

// Are these the accesses of the case remembered? What is the same relative to
// its base lies in the same buffer, and need not be asked where it lies.
static bool same_accesses(const struct place *p, const struct layout *layout, const struct trace *t)
{
    const uint64_t bases[BASE_COUNT] = {(uintptr_t)layout->dst, (uintptr_t)layout->src, 0};
    uint64_t differs = 0;

    for (size_t i = 0; i < p->seen_count; i++) {
        const struct access *a = &t->accesses[i];
        const struct seen *seen = &p->seen[i];
        differs |= (a->addr - bases[seen->base]) ^ seen->addr;
        differs |= what_of(a) ^ seen->what;
        differs |= a->count ^ seen->count;
    }
    return differs == 0 &&
           p->misaligned[BASE_DST] == at_residue(p->at[BASE_DST].astray, layout->dst) &&
           p->misaligned[BASE_SRC] == at_residue(p->at[BASE_SRC].astray, layout->src);
}

// Without a call for the usual widths of `struct seen`.
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, uint64_t bytes)
{
    switch (bytes) {
    case 1:
        return *a == *b;
    case 2:
        return memcmp(a, b, 2) == 0;
    case 4:
        return memcmp(a, b, 4) == 0;
    case 8:
        return memcmp(a, b, 8) == 0;
    case 16:
        return memcmp(a, b, 16) == 0;
    default:
        return memcmp(a, b, bytes) == 0;
    }
}

// Does each store put on its bytes what they hold in the end? Then no value was
// transient. False also when the trace lacks values.
static bool stores_are_final(const struct place *p, const struct layout *layout,
                             const struct trace *t)
{
    for (size_t i = 0; i < p->seen_count; i++) {
        const struct seen *seen = &p->seen[i];
        uint64_t value = t->accesses[i].value;
        if (seen->base != BASE_DST)
            continue;
        uint64_t bytes = bytes_of(&t->accesses[i]);
        if (value + bytes > t->value_bytes ||
            !same_bytes(layout->dst + seen->addr, t->values + value, bytes))
            return false;
    }
    return true;
}

static bool crosses_line(const struct place *p, const struct trace *t, uint32_t index)
{
    const struct access *a = &t->accesses[index];
    return index < p->seen_count && (a->addr ^ (a->addr + a->width - 1)) & LINE_BYTES;
}

// LINE_* bits of a case whose accesses are the place's, of those that checks ask about.
static unsigned lines_of(const struct place *p, const struct judge *j, const struct layout *layout,
                         const struct trace *t)
{
    enum { FEW = LINE_LAST_STORE | LINE_FIRST_LOAD | LINE_LAST_LOAD };
    unsigned any = (at_residue(p->at[BASE_DST].across, layout->dst) ? LINE_STORE : 0) |
                   (at_residue(p->at[BASE_SRC].across, layout->src) ? LINE_LOAD : 0);
    if (!(j->lines & FEW) || !(p->misaligned[BASE_DST] || p->misaligned[BASE_SRC]))
        return j->lines & any;
    return j->lines & (any | (crosses_line(p, t, p->last_store) ? LINE_LAST_STORE : 0) |
                       (crosses_line(p, t, p->first_load) ? LINE_FIRST_LOAD : 0) |
                       (crosses_line(p, t, p->last_load) ? LINE_LAST_LOAD : 0));
}

static const struct cached_verdict *told_of(const struct place *p, unsigned lines)
{
    for (unsigned i = 0; i < p->told_count; i++)
        if (p->told[i].lines == lines)
            return &p->told[i].verdict;
    return NULL;
}

const struct cached_verdict *judge_cache_recall(const struct judge_cache *cache,
                                                const struct copy_case *c,
                                                const struct layout *layout,
                                                const struct trace *trace, enum copy_result result)
{
    const struct place *p = &cache->places[place_index(layout)];
    if (!is_like(p, cache->judge->alignment_mask, c, layout, trace) ||
        !same_accesses(p, layout, trace) || !data_is_right(c, layout, trace, result))
        return NULL;
    if (p->values && !stores_are_final(p, layout, trace))
        return NULL;
    return told_of(p, lines_of(p, cache->judge, layout, trace));
}

static bool may_be_kept(const struct shadow *s, size_t broken_count)
{
    const struct trace *t = s->trace;
    return t->outcome == OUTCOME_RETURNED && t->count <= ACCESSES_MAX && !s->wrong_data &&
           !s->wrong_return && !s->transient && !s->values_differ &&
           broken_count <= CACHED_BROKEN_MAX;
}

static void note_last_byte(struct place *p, uint32_t index)
{
    const struct seen *seen = &p->seen[index];
    if (seen->base == BASE_NONE || seen->addr + seen->width * seen->count != p->size)
        return;
    if (seen->base == BASE_DST)
        p->last_store = index;
    else
        p->last_load = index;
    if (seen->base == BASE_SRC && p->first_load == p->seen_count)
        p->first_load = index;
}

static uint64_t rotate_right(uint64_t bits, uint64_t by)
{
    return bits >> by % WORD_BITS | bits << -by % WORD_BITS;
}

static void note_residues(struct place *p, const struct seen *seen)
{
    static const uint64_t astray[] = {0,
                                      0xaaaaaaaaaaaaaaaa,
                                      0xeeeeeeeeeeeeeeee,
                                      0xfefefefefefefefe,
                                      0xfffefffefffefffe,
                                      0xfffffffefffffffe,
                                      0xfffffffffffffffe};
    struct residues *at = &p->at[seen->base];
    at->astray |= rotate_right(astray[__builtin_ctz(seen->width)], seen->addr);
    at->across |= rotate_right(~low_bits(LINE_BYTES + 1 - seen->width), seen->addr);
}

static bool place_see(struct place *p, const struct shadow *s)
{
    const struct trace *t = s->trace;
    memset(p->at, 0, sizeof p->at);
    p->seen_count = p->last_store = p->first_load = p->last_load = (uint32_t)t->count;
    for (uint32_t i = 0; i < p->seen_count; i++) {
        if (!see(&p->seen[i], &t->accesses[i], s->layout, t))
            return false;
        note_last_byte(p, i);
        if (p->seen[i].base != BASE_NONE)
            note_residues(p, &p->seen[i]);
    }
    return true;
}

// Makes the place one for the case, with nothing told of it yet.
static bool place_renew(struct place *p, const struct judge *j, const struct shadow *s)
{
    const struct trace *t = s->trace;
    if (!place_make_room(p, t->count))
        return false;
    p->values = s->stores.any_again && j->values;
    p->op = s->c->op;
    p->overlapping = s->c->overlapping;
    p->overlap = s->c->overlap;
    p->size = s->layout->size;
    p->dst_low = (uintptr_t)s->layout->dst & j->alignment_mask;
    p->src_low = (uintptr_t)s->layout->src & j->alignment_mask;
    p->stack_entry = t->stack_entry;
    p->clobbered = t->clobbered;
    p->misaligned[BASE_DST] = s->stores.misaligned;
    p->misaligned[BASE_SRC] = s->loads.misaligned;
    p->told_count = p->told_next = 0;
    p->used = place_see(p, s);
    return p->used;
}

// The place's next free verdict, or the one told longest ago.
static struct cached_verdict *tell(struct place *p, unsigned lines)
{
    struct told *told = &p->told[p->told_next];
    p->told_count += p->told_count < LINES_MAX;
    p->told_next = (p->told_next + 1) % LINES_MAX;
    told->lines = lines;
    return &told->verdict;
}

void judge_cache_keep(struct judge_cache *cache, const struct shadow *s, const uint16_t *broken,
                      size_t count)
{
    struct place *p = &cache->places[place_index(s->layout)];
    const struct judge *j = cache->judge;
    if (!may_be_kept(s, count))
        return;
    bool again = is_like(p, j->alignment_mask, s->c, s->layout, s->trace) &&
                 same_accesses(p, s->layout, s->trace);
    if (!again && !place_renew(p, j, s))
        return;
    unsigned lines = lines_of(p, j, s->layout, s->trace);
    if (told_of(p, lines))
        return; // what was not alike is its data
    struct cached_verdict *verdict = tell(p, lines);
    verdict->count = (uint16_t)count;
    memcpy(verdict->broken, broken, count * sizeof *broken);
    verdict->again = s->stores.any_again;
    verdict->stored = judge_cache_stored(s);
}
