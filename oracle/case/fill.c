// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/fill.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FILL_STARTS = 1 << 16,   // where a fill may begin in the pools of data
    SPACED_STARTS = 1 << 12, // ... in the pool of a distance
    SPACED_SETS = 64,
    SPACED_WAYS = 4,
    SPACED_STEP = 512, // bytes by which the pool of a distance grows
    BYTE_VALUES = 256,
    LINE = 64,
    NEAR_BYTES = 512, // of what is expected; more is fetched as it is read
};

#define MIB          (UINT64_C(1) << 20)
#define FILL_FAR     (1 * MIB) // further starts, for fills beyond FILL_STARTS
#define DATA_MAX     (FILLS_BUFFER_MAX + 2 * MIB)
#define CPU_PAGE_MAX (64 << 10)
#define CANARIES_MAX (FILLS_BUFFER_MAX + 3 * CPU_PAGE_MAX)
#define POOL_STEP    (MIB / 4)
#define PLAIN_BYTES  FILLS_BUFFER_MAX
#define SPACED_MAX   (256 * MIB) // pools of distances together, but for one

// Bytes that only grow, in reserved address space; read-only once filled.
struct pool {
    uint8_t *bytes;
    size_t filled, reserved;
};

// The pool of a distance. The last few hundred distances are kept, since a
// sweep comes back to each of them for every size.
struct spaced {
    uint8_t *bytes;
    size_t filled, capacity;
    uint64_t distance, last_used;
    bool equal;
};

// Zeros, ones and zeros again, so that whatever borders on what in a case of such
// data is one piece of it. The zeros take no memory; of the ones, `filled` bytes at
// both ends are there.
struct plain {
    uint8_t *zeros; // NULL: not reserved yet; PLAIN_BYTES, as are the others
    uint8_t *ones, *more_zeros;
    size_t filled;
};

// Both buffers of one that sets: the bytes, then what was there before.
struct set_image {
    uint8_t *bytes;
    size_t capacity; // of each
};

struct fills {
    struct pool source, old, canary;
    struct plain plain;
    // Where in the source pool a given pair of bytes lies; see fill_circuit.
    uint16_t pair_at[FILL_STARTS];
    struct spaced spaced[SPACED_SETS][SPACED_WAYS];
    size_t spaced_bytes;
    uint64_t spaced_clock;
    struct set_image set;
};

static uint64_t mix64(uint64_t x)
{
    // splitmix64's finalizer (Steele, Lea, Flood 2014).
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

// Bytes FROM..TO of a random sequence; both are multiples of 8.
static void fill_random(uint8_t *bytes, size_t from, size_t to, uint64_t seed)
{
    for (size_t i = from; i < to; i += 8) {
        uint64_t word = mix64(seed + i * UINT64_C(0x9e3779b97f4a7c15));

        memcpy(bytes + i, &word, sizeof word);
    }
}

static bool pool_reserve(struct pool *p, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        return false;
    *p = (struct pool){.bytes = at, .reserved = bytes};
    return true;
}

// The size that a pool is to grow to for NEED bytes: doubling, in whole steps.
static size_t pool_target(const struct pool *p, size_t need)
{
    size_t to = p->filled ? p->filled : POOL_STEP;

    while (to < need)
        to *= 2;
    return to < p->reserved ? to : p->reserved;
}

static bool pool_open(const struct pool *p, size_t to)
{
    return mprotect(p->bytes + p->filled, to - p->filled, PROT_READ | PROT_WRITE) == 0;
}

static void pool_close(struct pool *p, size_t to)
{
    // Should this fail, the bytes are right all the same, only less protected.
    mprotect(p->bytes + p->filled, to - p->filled, PROT_READ);
    p->filled = to;
}

static bool canary_grow(struct pool *p, size_t need)
{
    size_t to = pool_target(p, need);

    if (!pool_open(p, to))
        return false;
    fill_random(p->bytes, p->filled, to, UINT64_C(0xca9a47));
    pool_close(p, to);
    return true;
}

const uint8_t *fills_canaries(struct fills *p, size_t bytes)
{
    if (bytes > p->canary.filled && !canary_grow(&p->canary, bytes))
        return NULL;
    return p->canary.bytes;
}

// Starts the source pool with a circuit through all pairs of bytes (a de Bruijn
// sequence, by Hierholzer's algorithm on shuffled edges). Over FILL_STARTS
// starts a case's first two bytes then take every value once: a defect that
// shows for one value only is met.
static bool fill_circuit(struct fills *p)
{
    uint8_t *edges = malloc(FILL_STARTS), *path = malloc(FILL_STARTS + 1);
    uint8_t *out = p->source.bytes;
    uint16_t next[BYTE_VALUES] = {0};
    size_t depth = 1, length = 0;

    if (!edges || !path) {
        free(edges);
        free(path);
        return false;
    }
    for (size_t i = 0; i < FILL_STARTS; i++) {
        size_t base = i & ~(size_t)(BYTE_VALUES - 1), own = i - base;
        size_t other = base + mix64(i) % (own + 1);

        edges[i] = edges[other];
        edges[other] = (uint8_t)own;
    }
    path[0] = 0;
    while (depth > 0) {
        size_t node = path[depth - 1];

        if (next[node] < BYTE_VALUES)
            path[depth++] = edges[node * BYTE_VALUES + next[node]++];
        else
            out[length++] = path[--depth];
    }
    free(edges);
    free(path);
    for (size_t i = 0; i < FILL_STARTS; i++)
        p->pair_at[out[i] | out[i + 1] << 8] = (uint16_t)i;
    return true;
}

static void fill_different(uint8_t *out, const uint8_t *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        uint8_t noise = out[i];

        out[i] = (uint8_t)(bytes[i] ^ (noise | (noise == 0)));
    }
}

static bool data_grow(struct fills *p, size_t need)
{
    struct pool *source = &p->source, *old = &p->old;
    bool first = source->filled == 0;
    size_t to = pool_target(old, need);

    if (!pool_open(source, to) || !pool_open(old, to))
        return false;
    fill_random(source->bytes, source->filled, to, UINT64_C(0x5007ce));
    if (first && !fill_circuit(p))
        return false;
    fill_random(old->bytes, old->filled, to, UINT64_C(0x01d));
    fill_different(old->bytes, source->bytes, old->filled, to);
    pool_close(source, to);
    pool_close(old, to);
    return true;
}

static struct fills *prepared; // for the next fills_new in this process or one forked from it

static struct fills *fills_make(void)
{
    struct fills *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    if (!pool_reserve(&p->source, DATA_MAX) || !pool_reserve(&p->old, DATA_MAX) ||
        !pool_reserve(&p->canary, CANARIES_MAX) || !data_grow(p, FILL_STARTS + 1)) {
        fills_free(p);
        return NULL;
    }
    return p;
}

struct fills *fills_new(void)
{
    struct fills *p = prepared;

    prepared = NULL;
    return p ? p : fills_make();
}

void fills_prepare(void)
{
    if (!prepared)
        prepared = fills_make();
    if (prepared)
        (void)fills_canaries(prepared, 1);
}

static void pool_release(struct pool *p)
{
    if (p->bytes)
        munmap(p->bytes, p->reserved);
}

static void spaced_release(struct fills *p, struct spaced *s)
{
    p->spaced_bytes -= s->capacity;
    free(s->bytes);
    *s = (struct spaced){0};
}

void fills_free(struct fills *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < SPACED_SETS * SPACED_WAYS; i++)
        spaced_release(p, &p->spaced[i / SPACED_WAYS][i % SPACED_WAYS]);
    pool_release(&p->source);
    pool_release(&p->old);
    pool_release(&p->canary);
    if (p->plain.zeros)
        munmap(p->plain.zeros, 3 * PLAIN_BYTES);
    free(p->set.bytes);
    free(p);
}

// Where a fill's bytes begin in the pools. Any 256 fills in a row give 256
// values to the first byte, any 65,536 all values to the first two.
static size_t fill_start(const struct fills *p, uint64_t fill)
{
    uint64_t n = fill - (fill != 0);
    size_t start = p->pair_at[(uint16_t)(n * 0x9e37)];

    if (n >= FILL_STARTS)
        start += mix64(n / FILL_STARTS) % FILL_FAR;
    return start;
}

bool fills_data(struct fills *p, uint64_t fill, size_t bytes, const uint8_t **source,
                const uint8_t **old)
{
    size_t start = fill_start(p, fill);

    if (start + bytes > p->old.filled && !data_grow(p, start + bytes))
        return false;
    *source = p->source.bytes + start;
    *old = (fill ? p->old.bytes : p->source.bytes) + start;
    return true;
}

void fills_expect(const struct fills *p, uint64_t fill, size_t bytes)
{
    size_t start = fill_start(p, fill);

    // Of the fill after it as well, which the case after it mostly has: where that begins.
    __builtin_prefetch(&p->pair_at[(uint16_t)(fill * 0x9e37)]);
    for (size_t at = start; at < start + bytes && at < start + NEAR_BYTES; at += LINE) {
        __builtin_prefetch(p->source.bytes + at);
        __builtin_prefetch(p->old.bytes + at);
    }
}

typedef uint8_t block __attribute__((vector_size(16)));

// What follows from the byte `distance` before: it, in the same way changed as the
// source's byte is from the old one's.
static void spaced_derive(const struct fills *p, const struct spaced *s, size_t i, size_t to)
{
    const uint8_t *source = p->source.bytes, *old = p->old.bytes;
    const uint8_t *before = s->bytes + i - s->distance;
    uint8_t *out = s->bytes;

    // As many at once as are there.
    for (; s->distance >= sizeof(block) && i + sizeof(block) <= to; i += sizeof(block)) {
        block base, x, y;

        memcpy(&base, before, sizeof base);
        before += sizeof base;
        memcpy(&x, source + i, sizeof x);
        memcpy(&y, old + i, sizeof y);
        base ^= x ^ y;
        memcpy(out + i, &base, sizeof base);
    }
    for (; i < to; i++)
        out[i] = (uint8_t)(*before++ ^ source[i] ^ old[i]);
}

// The same where source and destination are to hold the same bytes.
static void spaced_repeat(const struct spaced *s, size_t i, size_t to)
{
    while (i < to) {
        size_t n = to - i < s->distance ? to - i : s->distance;

        memcpy(s->bytes + i, s->bytes + i - s->distance, n);
        i += n;
    }
}

// Bytes s->filled..TO: the first `distance` are the source pool's; each further
// one follows from the one `distance` before it. Needs the pools of data.
static void spaced_fill(const struct fills *p, struct spaced *s, size_t to)
{
    size_t i = s->filled;

    if (i < s->distance) {
        size_t end = s->distance < to ? s->distance : to;

        memcpy(s->bytes + i, p->source.bytes + i, end - i);
        i = end;
    }
    if (s->equal)
        spaced_repeat(s, i, to);
    else
        spaced_derive(p, s, i, to);
    s->filled = to;
}

static void spaced_bound(struct fills *p, const struct spaced *keep)
{
    for (size_t i = 0; i < SPACED_SETS * SPACED_WAYS; i++) {
        struct spaced *s = &p->spaced[i / SPACED_WAYS][i % SPACED_WAYS];

        if (s != keep)
            spaced_release(p, s);
    }
}

static bool spaced_grow(struct fills *p, struct spaced *s, size_t need)
{
    size_t to = (need + SPACED_STEP - 1) & ~(size_t)(SPACED_STEP - 1);

    if (to > p->old.filled && !data_grow(p, to))
        return false;
    if (to > s->capacity) {
        size_t capacity = to + to / 4;
        uint8_t *bytes = realloc(s->bytes, capacity);

        if (!bytes)
            return false;
        p->spaced_bytes += capacity - s->capacity;
        s->bytes = bytes;
        s->capacity = capacity;
        if (p->spaced_bytes > SPACED_MAX)
            spaced_bound(p, s);
    }
    spaced_fill(p, s, to);
    return true;
}

// The pool of a distance; the least recently used one of its set makes room.
static struct spaced *spaced_find(struct fills *p, uint64_t distance, bool equal)
{
    struct spaced *set = p->spaced[distance % SPACED_SETS], *s = &set[0];

    for (size_t i = 0; i < SPACED_WAYS; i++) {
        if (set[i].distance == distance && set[i].equal == equal)
            return &set[i];
        if (set[i].last_used < s->last_used)
            s = &set[i];
    }
    s->distance = distance;
    s->equal = equal;
    s->filled = 0;
    return s;
}

const uint8_t *fills_spaced(struct fills *p, uint64_t distance, uint64_t fill, size_t bytes)
{
    size_t start = fill ? mix64(fill) % SPACED_STARTS : 0;
    const uint8_t *source, *old;
    struct spaced *s;

    if (distance == 0)
        return fills_data(p, fill, bytes, &source, &old) ? source : NULL;
    s = spaced_find(p, distance, fill == 0);
    s->last_used = ++p->spaced_clock;
    if (start + bytes > s->filled && !spaced_grow(p, s, start + bytes))
        return NULL;
    return s->bytes + start;
}

static bool plain_reserve(struct plain *p)
{
    void *at =
        mmap(NULL, 3 * PLAIN_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        return false;
    p->zeros = at;
    p->ones = p->zeros + PLAIN_BYTES;
    p->more_zeros = p->ones + PLAIN_BYTES;
    return true;
}

// Has the ones begin and end with NEED bytes at least.
static bool plain_grow(struct plain *p, size_t need)
{
    size_t to = p->filled ? p->filled : POOL_STEP;

    if (!p->zeros && !plain_reserve(p))
        return false;
    while (to < need)
        to *= 2;
    to = to < PLAIN_BYTES ? to : PLAIN_BYTES;
    if (mprotect(p->ones, PLAIN_BYTES, PROT_READ | PROT_WRITE) != 0)
        return false;
    memset(p->ones, 0xff, to);
    memset(p->more_zeros - to, 0xff, to);
    mprotect(p->ones, PLAIN_BYTES, PROT_READ);
    p->filled = to;
    return true;
}

static const struct {
    bool ones;  // in the source
    bool equal; // the destination held the same
} plain_data[DATA_COUNT] = {
#define X(id, name, source, equal) [id] = {(source) != 0, equal},
    CASE_DATA(X)
#undef X
};

bool fills_plain(struct fills *p, enum case_data data, size_t bytes, const uint8_t **source,
                 const uint8_t **old)
{
    bool ones = plain_data[data].ones;

    if ((!p->plain.zeros || bytes > p->plain.filled) && !plain_grow(&p->plain, bytes))
        return false;
    *source = ones ? p->plain.ones : p->plain.more_zeros;
    *old = ones == plain_data[data].equal ? p->plain.ones : p->plain.more_zeros;
    return true;
}

const uint8_t *fills_plain_spaced(struct fills *p, enum case_data data, uint64_t distance, bool up,
                                  size_t bytes)
{
    bool ones = plain_data[data].ones;
    size_t whole = bytes + distance, first = up ? bytes : distance;

    if ((!p->plain.zeros || whole > p->plain.filled) && !plain_grow(&p->plain, whole))
        return NULL;
    if (plain_data[data].equal)
        return ones ? p->plain.ones : p->plain.more_zeros;
    // What lies lower borders on what lies higher.
    return (ones == up ? p->plain.more_zeros : p->plain.ones) - first;
}

static bool set_reserve(struct set_image *set, size_t bytes)
{
    size_t capacity = bytes + bytes / 4 + SPACED_STEP;

    if (set->bytes && bytes <= set->capacity)
        return true;
    free(set->bytes);
    set->bytes = malloc(2 * capacity);
    set->capacity = set->bytes ? capacity : 0;
    return set->bytes != NULL;
}

// None of OLD's bytes is to be VALUE.
static void set_differ(uint8_t *old, const uint8_t *from, size_t bytes, uint8_t value)
{
    for (size_t i = 0; i < bytes; i++)
        old[i] = (uint8_t)(from[i] ^ (from[i] == value));
}

bool fills_set(struct fills *p, const struct copy_case *c, int *value, const uint8_t **expected,
               const uint8_t **old)
{
    bool plain = c->data != DATA_OF_SEED;
    const uint8_t *source, *before;
    uint8_t byte;

    if (!(plain ? fills_plain(p, c->data, c->size + 1, &source, &before)
                : fills_data(p, c->fill, c->size + 1, &source, &before)) ||
        !set_reserve(&p->set, c->size))
        return false;
    byte = source[0];
    *value = byte >= 0x80 && (plain || c->fill % 2 == 0) ? byte - 0x100 : byte;
    *expected = p->set.bytes;
    *old = p->set.bytes + p->set.capacity;
    memset(p->set.bytes, byte, c->size);
    if (before[0] == byte)
        memset(p->set.bytes + p->set.capacity, byte, c->size);
    else
        set_differ(p->set.bytes + p->set.capacity, before, c->size, byte);
    return true;
}
