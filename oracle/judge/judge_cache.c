// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "judge/judge_cache.h"

#include <stdlib.h>
#include <string.h>

enum {
    TOLD = 1 << 12,     // places for what was told of paths
    VERDICTS_MAX = 512, // different ones
};

// A verdict on the cases of a path that lie alike, as far as checks ask how they lie.
struct told {
    uint64_t path; // its number; 0: nothing told
    uint64_t lie;
    const struct cached_verdict *verdict;
};

struct judge_cache {
    const struct judge *judge;
    struct paths *paths;
    struct path *path; // of the case at hand, if it is known already
    bool staged;       // ... but is to be added yet
    struct told told[TOLD];
    struct cached_verdict verdicts[VERDICTS_MAX];
    size_t verdict_count;
};

struct judge_cache *judge_cache_new(const struct judge *judge)
{
    struct judge_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->judge = judge;
    cache->paths = paths_new();
    if (cache->paths)
        return cache;
    free(cache);
    return NULL;
}

void judge_cache_free(struct judge_cache *cache)
{
    if (cache)
        paths_free(cache->paths);
    free(cache);
}

// No access tells it.
static bool data_is_right(const struct layout *layout)
{
    return memcmp(layout->dst, layout->expected, layout->size) == 0;
}

enum stored judge_cache_stored(const struct shadow *s)
{
    bool onto_itself = s->c->overlapping && s->c->overlap == 0;
    if (s->stores.accesses > 0)
        return STORED_SOMETHING;
    return s->layout->size == 0 || onto_itself ? STORED_NOT_ASKED : STORED_NOTHING;
}

// ---- how a case lies ----

static bool at_residue(uint64_t bits, const void *base)
{
    return bits >> ((uintptr_t)base % LINE_BYTES) & 1;
}

static bool crosses_line(const struct last_access *last, const void *base)
{
    uint64_t addr = (uintptr_t)base + last->off;
    return last->width && (addr ^ (addr + last->width - 1)) & LINE_BYTES;
}

// LINE_* bits, of those that checks ask about.
static unsigned lines_of(const struct path *path, unsigned asked, const struct layout *l)
{
    unsigned lines = 0;
    if (asked & LINE_STORE)
        lines |= at_residue(path->stores.across, l->dst) ? LINE_STORE : 0;
    if (asked & LINE_LOAD)
        lines |= at_residue(path->loads.across, l->src) ? LINE_LOAD : 0;
    if (asked & LINE_LAST_STORE)
        lines |= crosses_line(&path->last_store, l->dst) ? LINE_LAST_STORE : 0;
    if (asked & LINE_FIRST_LOAD)
        lines |= crosses_line(&path->first_load, l->src) ? LINE_FIRST_LOAD : 0;
    if (asked & LINE_LAST_LOAD)
        lines |= crosses_line(&path->last_load, l->src) ? LINE_LAST_LOAD : 0;
    return lines;
}

// All of a case that bears on the checks besides its path, in one number.
static uint64_t lie_of(const struct path *path, const struct judge *j, const struct layout *l,
                       bool wrong_return)
{
    enum { SRC_AT = 16, MISALIGNED_AT = 32, RETURN_AT = 34, LINES_AT = 40 };
    uint64_t lie = ((uintptr_t)l->dst & j->alignment_mask) | (uint64_t)wrong_return << RETURN_AT;
    lie |= (uint64_t)at_residue(path->stores.astray, l->dst) << MISALIGNED_AT;
    if (j->asks_source)
        lie |= ((uintptr_t)l->src & j->alignment_mask) << SRC_AT |
               (uint64_t)at_residue(path->loads.astray, l->src) << (MISALIGNED_AT + 1);
    return lie | (uint64_t)(j->lines ? lines_of(path, j->lines, l) : 0) << LINES_AT;
}

static struct told *told_of(struct judge_cache *cache, const struct path *path, uint64_t lie)
{
    uint64_t x = (path->number << 8 ^ lie ^ lie >> 24) * UINT64_C(0x9e3779b97f4a7c15);
    return &cache->told[x >> (WORD_BITS - 12)];
}
_Static_assert(TOLD == 1 << 12, "as many bits as told_of takes");

static const struct cached_verdict *told_verdict(struct judge_cache *cache, const struct path *path,
                                                 uint64_t lie)
{
    const struct told *told = told_of(cache, path, lie);
    return told->path == path->number && told->lie == lie ? told->verdict : NULL;
}

// ---- recalling and keeping ----

const struct cached_verdict *judge_cache_recall(struct judge_cache *cache,
                                                const struct copy_case *c,
                                                const struct layout *layout,
                                                const struct trace *trace, enum copy_result result)
{
    const struct judge *j = cache->judge;
    cache->staged = false;
    cache->path =
        trace->outcome == OUTCOME_RETURNED ? paths_find(cache->paths, c, layout, trace) : NULL;
    if (!cache->path || !data_is_right(layout))
        return NULL;
    if (cache->path->again && j->values && !path_stores_are_final(cache->path, layout, trace))
        return NULL;
    bool wrong_return = shadow_wrong_return(c, layout, trace, result);
    return told_verdict(cache, cache->path, lie_of(cache->path, j, layout, wrong_return));
}

bool judge_cache_stage(struct judge_cache *cache, const struct recorder_kind *kind,
                       const struct recorder *r, const struct copy_case *c,
                       const struct layout *layout, const struct trace *trace)
{
    if (!cache->path) {
        cache->path = paths_stage(cache->paths, kind, r, c, layout, trace);
        cache->staged = cache->path != NULL;
    }
    return cache->path != NULL;
}

static bool may_be_kept(const struct shadow *s, size_t broken_count)
{
    return s->trace->outcome == OUTCOME_RETURNED && !s->wrong_data && !s->transient &&
           !s->values_differ && broken_count <= CACHED_BROKEN_MAX;
}

static bool same_verdict(const struct cached_verdict *a, const struct cached_verdict *b)
{
    return a->again == b->again && a->stored == b->stored && a->count == b->count &&
           memcmp(a->broken, b->broken, a->count * sizeof *a->broken) == 0;
}

// The one of its kind. When there is no room all are forgotten, and what was told.
static const struct cached_verdict *verdict_like(struct judge_cache *cache,
                                                 const struct cached_verdict *v)
{
    for (size_t i = cache->verdict_count; i-- > 0;)
        if (same_verdict(&cache->verdicts[i], v))
            return &cache->verdicts[i];
    if (cache->verdict_count == VERDICTS_MAX) {
        cache->verdict_count = 0;
        memset(cache->told, 0, sizeof cache->told);
    }
    cache->verdicts[cache->verdict_count] = *v;
    return &cache->verdicts[cache->verdict_count++];
}

void judge_cache_keep(struct judge_cache *cache, const struct shadow *s, const uint16_t *broken,
                      size_t count)
{
    struct path *path = cache->path;
    bool staged = cache->staged;
    cache->path = NULL;
    cache->staged = false;
    if (!path || !may_be_kept(s, count))
        return;
    if (staged)
        paths_add(cache->paths, path, s);
    struct cached_verdict verdict = {
        .again = s->stores.any_again, .stored = judge_cache_stored(s), .count = (uint16_t)count};
    memcpy(verdict.broken, broken, count * sizeof *broken);
    uint64_t lie = lie_of(path, cache->judge, s->layout, s->wrong_return);
    *told_of(cache, path, lie) = (struct told){path->number, lie, verdict_like(cache, &verdict)};
}
