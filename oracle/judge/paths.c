// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "judge/paths.h"

#include "judge/access_bytes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACCESSES_MAX = 4096, // a case with more is judged anew each time
    WORDS_MAX = 8 * ACCESSES_MAX,
    RUN_MAX = 1 << 20,     // accesses of one string instruction
    HASHES = 1 << 10,      // chains of paths
    TRIES = 64,            // paths of a chain that are looked at
    PLACES = LINE_BYTES,   // where a buffer lies in a line
    STORE_BYTES = 1 << 20, // all paths; when they are full, all are forgotten
    ACCESS_WORDS = 5,
    COMPARED_AT_ONCE = 16,
};

// A word that another log of the path has, but for its base.
struct expected {
    uint64_t value;
    uint32_t word; // index
    uint8_t base;  // enum log_base
    uint8_t bits;  // enum log_bits
};

struct put {
    uint32_t value; // see log_relation.values
    uint32_t bytes;
    uint64_t off; // from the destination
};

struct paths {
    uint8_t *store;
    size_t used;
    uint64_t number;
    struct path *chains[HASHES];
    struct path *at[PLACES][PLACES]; // that the latest case took there
    struct path *latest;
    // Of the path that is staged, and of one not staged yet.
    uint8_t bases[ACCESSES_MAX];
    uint32_t values[ACCESSES_MAX];
    struct log_expects expects[WORDS_MAX];
};

struct paths *paths_new(void)
{
    struct paths *p = calloc(1, sizeof *p);
    if (p)
        p->store = malloc(STORE_BYTES);
    if (p && p->store)
        return p;
    free(p);
    return NULL;
}

void paths_free(struct paths *p)
{
    if (p)
        free(p->store);
    free(p);
}

static void forget_all(struct paths *p)
{
    p->used = 0;
    memset(p->chains, 0, sizeof p->chains);
    memset(p->at, 0, sizeof p->at);
    p->latest = NULL;
}

// ---- the words of a case ----

// What stands for the accesses: the log, or the accesses as memory holds them.
static struct trace_log words_of(const struct trace *t)
{
    if (t->log.words)
        return t->log;
    return (struct trace_log){.words = (const log_word *)t->accesses,
                              .count = t->count * ACCESS_WORDS,
                              .captured = t->values,
                              .captured_bytes = t->value_bytes};
}

// Their words: address; count; a mask, which no simple access has; value and site; width,
// kind and flags, and no more.
static void relate_accesses(const struct trace *t, const uint8_t *bases, struct log_relation *out)
{
    _Static_assert(sizeof(struct access) == ACCESS_WORDS * sizeof(log_word), "see below");
    _Static_assert(offsetof(struct access, addr) == 0 && offsetof(struct access, mask) == 16 &&
                       offsetof(struct access, value) == 24 &&
                       offsetof(struct access, site) == 28 &&
                       offsetof(struct access, width) == 32 && offsetof(struct access, flags) == 35,
                   "the words of an access");
    for (size_t i = 0; i < t->count; i++) {
        struct log_expects *words = out->words + i * ACCESS_WORDS;
        words[0] = (struct log_expects){bases[i], LOG_ALL_BITS};
        words[1] = words[3] = (struct log_expects){LOG_NUMBER, LOG_ALL_BITS};
        words[2] = (struct log_expects){LOG_NUMBER, LOG_NO_BITS};
        words[4] = (struct log_expects){LOG_NUMBER, LOG_FIRST_FOUR_BYTES};
        out->values[i] = t->accesses[i].value;
    }
}

static uint32_t value_place(const struct trace *t, uint32_t value)
{
    bool in_values = !t->log.words && value != TRACE_NO_VALUE;
    if (in_values && value >= LOG_CAPTURED)
        return TRACE_NO_VALUE;
    return in_values ? value | LOG_CAPTURED : value;
}

// ---- which accesses may belong to a path ----

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

// Finds what the access moves with. False for one that is of no path.
static bool see(const struct access *a, const struct layout *layout, const struct trace *t,
                uint8_t *base)
{
    uint64_t dst = (uintptr_t)layout->dst, src = (uintptr_t)layout->src;
    bool store = a->kind == ACCESS_STORE;

    *base = LOG_NUMBER;
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
    *base = store ? LOG_DST : LOG_SRC;
    return lies_within(a, store ? dst : src, store ? layout->dst_size : layout->src_size);
}

// ---- finding ----

static size_t hash_of(uint64_t size, int64_t overlap, uint64_t code, uint64_t words)
{
    uint64_t x = size * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)overlap * 0x85ebca6b +
                 code * 0xc2b2ae35 + words;
    return (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> (WORD_BITS - 10);
}
_Static_assert(HASHES == 1 << 10, "as many bits as hash_of gives");

static bool is_like(const struct path *path, const struct copy_case *c, const struct layout *layout,
                    const struct trace *t, const struct trace_log *log)
{
    return path->size == layout->size && path->words == log->count && path->code == log->code &&
           path->op == c->op && path->overlapping == c->overlapping &&
           path->overlap == c->overlap && path->stack_entry == t->stack_entry &&
           path->clobbered == t->clobbered;
}

static uint64_t counting_bits(enum log_bits bits)
{
    uint64_t first_four = 0;
    memset(&first_four, 0xff, 4);
    return bits == LOG_ALL_BITS ? UINT64_MAX : bits == LOG_FIRST_FOUR_BYTES ? first_four : 0x400;
}

static inline uint64_t difference(const struct expected *e, const log_word *words,
                                  const uint64_t bases[LOG_BASES])
{
    return (words[e->word] - bases[e->base]) ^ e->value;
}

// The words of which all bits count come first.
static bool has_words(const struct path *path, const log_word *words,
                      const uint64_t bases[LOG_BASES])
{
    const struct expected *e = path->expected, *whole = e + path->whole_count,
                          *end = e + path->expected_count;
    while (e < whole) {
        const struct expected *some = whole - e > COMPARED_AT_ONCE ? e + COMPARED_AT_ONCE : whole;
        uint64_t differs = 0;
        for (; e < some; e++)
            differs |= difference(e, words, bases);
        if (differs)
            return false;
    }
    for (; e < end; e++)
        if (difference(e, words, bases) & counting_bits((enum log_bits)e->bits))
            return false;
    return true;
}

static struct path *find_in_chain(struct paths *p, const struct copy_case *c,
                                  const struct layout *layout, const struct trace *t,
                                  const struct trace_log *log, const uint64_t bases[LOG_BASES])
{
    struct path **chain = &p->chains[hash_of(layout->size, c->overlap, log->code, log->count)];
    struct path **link = chain;
    for (unsigned i = 0; i < TRIES && *link; i++, link = &(*link)->next) {
        struct path *path = *link;
        if (!is_like(path, c, layout, t, log) || !has_words(path, log->words, bases))
            continue;
        *link = path->next; // to the front
        path->next = *chain;
        *chain = path;
        return path;
    }
    return NULL;
}

struct path *paths_find(struct paths *p, const struct copy_case *c, const struct layout *layout,
                        const struct trace *t)
{
    const struct trace_log log = words_of(t);
    uint64_t bases[LOG_BASES];
    struct path **at = &p->at[(uintptr_t)layout->dst % PLACES][(uintptr_t)layout->src % PLACES];
    struct path *const likely[] = {*at, p->latest != *at ? p->latest : NULL};
    log_bases(layout, bases);
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++) {
        if (likely[i] && is_like(likely[i], c, layout, t, &log) &&
            has_words(likely[i], log.words, bases))
            return *at = p->latest = likely[i];
    }
    struct path *found = find_in_chain(p, c, layout, t, &log, bases);
    if (found)
        *at = p->latest = found;
    return found;
}

// ---- making ----

static void *take(struct paths *p, size_t bytes)
{
    void *at = p->store + p->used;
    p->used += (bytes + 15) / 16 * 16;
    return at;
}

static void note_last(struct path *path, const struct access *a, uint64_t off)
{
    if (off + bytes_of(a) != path->size)
        return;
    const struct last_access last = {off, a->width};
    if (a->kind == ACCESS_STORE)
        path->last_store = last;
    else
        path->last_load = last;
    if (a->kind == ACCESS_LOAD && path->first_load.width == 0)
        path->first_load = last;
}

static uint64_t rotate_right(uint64_t bits, uint64_t by)
{
    return bits >> by % WORD_BITS | bits << -by % WORD_BITS;
}

static void note_residues(struct residues *of, const struct access *a, uint64_t off)
{
    static const uint64_t astray[] = {0,
                                      0xaaaaaaaaaaaaaaaa,
                                      0xeeeeeeeeeeeeeeee,
                                      0xfefefefefefefefe,
                                      0xfffefffefffefffe,
                                      0xfffffffefffffffe,
                                      0xfffffffffffffffe};
    of->astray |= rotate_right(astray[__builtin_ctz(a->width)], off);
    of->across |= rotate_right(~low_bits(LINE_BYTES + 1 - a->width), off);
}

static void note_access(struct path *path, const struct access *a, const uint64_t bases[LOG_BASES],
                        enum log_base base)
{
    if (base == LOG_NUMBER)
        return;
    uint64_t off = a->addr - bases[base];
    note_last(path, a, off);
    note_residues(base == LOG_DST ? &path->stores : &path->loads, a, off);
}

static bool see_all(struct paths *p, const struct layout *layout, const struct trace *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (!see(&t->accesses[i], layout, t, &p->bases[i]))
            return false;
    return true;
}

static void expect_words(struct path *path, const struct paths *p, const struct trace_log *log,
                         const uint64_t bases[LOG_BASES])
{
    struct expected *out = path->expected;
    for (int whole = 1; whole >= 0; whole--) {
        for (size_t i = 0; i < log->count; i++) {
            struct log_expects e = p->expects[i];
            if (e.bits != LOG_NO_BITS && (e.bits == LOG_ALL_BITS) == whole)
                *out++ =
                    (struct expected){log->words[i] - bases[e.base], (uint32_t)i, e.base, e.bits};
        }
        path->expected_count = (size_t)(out - path->expected);
        path->whole_count = whole ? path->expected_count : path->whole_count;
    }
}

static struct path *make(struct paths *p, const struct copy_case *c, const struct layout *layout,
                         const struct trace *t, const struct trace_log *log)
{
    uint64_t bases[LOG_BASES];
    struct path *path = take(p, sizeof *path);
    *path = (struct path){
        .number = ++p->number,
        .size = layout->size,
        .code = log->code,
        .stack_entry = t->stack_entry,
        .overlap = c->overlap,
        .clobbered = t->clobbered,
        .words = (uint32_t)log->count,
        .op = c->op,
        .overlapping = c->overlapping,
    };
    path->expected = take(p, log->count * sizeof *path->expected);
    path->puts = take(p, t->count * sizeof *path->puts);
    log_bases(layout, bases);
    expect_words(path, p, log, bases);
    for (size_t i = 0; i < t->count; i++)
        note_access(path, &t->accesses[i], bases, (enum log_base)p->bases[i]);
    return path;
}

static bool has_room(struct paths *p, const struct trace *t, const struct trace_log *log)
{
    size_t need = sizeof(struct path) + log->count * sizeof(struct expected) +
                  t->count * sizeof(struct put) + 64;
    if (t->count > ACCESSES_MAX || log->count > WORDS_MAX || need > STORE_BYTES)
        return false;
    if (need > STORE_BYTES - p->used)
        forget_all(p);
    return true;
}

struct path *paths_stage(struct paths *p, const struct recorder_kind *kind,
                         const struct recorder *r, const struct copy_case *c,
                         const struct layout *layout, const struct trace *t)
{
    const struct trace_log log = words_of(t);
    struct log_relation relation = {p->expects, p->values};
    if (t->outcome != OUTCOME_RETURNED || !has_room(p, t, &log) || !see_all(p, layout, t))
        return NULL;
    if (!t->log.words)
        relate_accesses(t, p->bases, &relation);
    else if (!kind->relate(r, layout, t, p->bases, &relation))
        return NULL;
    for (size_t i = 0; i < t->count; i++)
        p->values[i] = value_place(t, p->values[i]);
    const size_t used = p->used; // what is staged takes no room until it is added
    struct path *path = make(p, c, layout, t, &log);
    p->used = used;
    return path;
}

static bool meets_again(const struct shadow *s, uint64_t off, uint64_t bytes)
{
    const struct span part = {off, off + bytes};
    for (uint64_t word = off / WORD_BITS; word * WORD_BITS < part.hi; word++)
        if (s->stores.again[word] & part_bits(part, word))
            return true;
    return false;
}

void paths_add(struct paths *p, struct path *path, const struct shadow *s)
{
    const struct trace *t = s->trace;
    size_t end = (size_t)((uint8_t *)(path->puts + t->count) - p->store);
    struct path **chain = &p->chains[hash_of(path->size, path->overlap, path->code, path->words)];
    path->again = s->stores.any_again;
    path->valued = true;
    for (size_t i = 0; i < t->count && path->again; i++) {
        const struct access *a = &t->accesses[i];
        uint64_t off = a->addr - (uintptr_t)s->layout->dst, bytes = bytes_of(a);
        if (p->bases[i] != LOG_DST || !meets_again(s, off, bytes))
            continue;
        path->valued &= p->values[i] != TRACE_NO_VALUE;
        path->puts[path->put_count++] = (struct put){p->values[i], (uint32_t)bytes, off};
    }
    p->used = (end + 15) / 16 * 16;
    path->next = *chain;
    *chain = path;
}

// ---- values ----

// Without a call for the usual widths of an access.
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

bool path_stores_are_final(const struct path *path, const struct layout *layout,
                           const struct trace *t)
{
    const struct trace_log log = words_of(t);
    if (!path->valued)
        return false;
    for (size_t i = 0; i < path->put_count; i++) {
        const struct put *put = &path->puts[i];
        bool captured = put->value & LOG_CAPTURED;
        uint64_t at = put->value & ~LOG_CAPTURED;
        const uint8_t *bytes = captured ? log.captured : (const uint8_t *)log.words;
        if ((captured && at + put->bytes > log.captured_bytes) ||
            !same_bytes(layout->dst + put->off, bytes + at, put->bytes))
            return false;
    }
    return true;
}
