// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What earlier cases came to. Most cases of a sweep make, relative to their
// destination and source, the very accesses of a case before: they take a path (paths.h)
// that is known. Shadow memory would gather the same facts again and the checks find the
// same, as long as the case lies as that one did, where checks ask how it lies. Then only
// what it does to its data is looked at anew. Only cases are remembered of which nothing
// else bears on the checks: judge_cache_keep says which.

#ifndef STORESCOPE_JUDGE_CACHE_H
#define STORESCOPE_JUDGE_CACHE_H

#include "judge/judge.h"
#include "judge/paths.h"

struct judge_cache;

// For the checks of one judge, and one recorder: a site's number means the same
// site in all traces. NULL when memory runs out.
struct judge_cache *judge_cache_new(const struct judge *judge);
void judge_cache_free(struct judge_cache *cache);

// Did a case store to the destination, where it asked for bytes to be stored?
enum stored { STORED_NOT_ASKED, STORED_NOTHING, STORED_SOMETHING, STORED_COUNT };
enum stored judge_cache_stored(const struct shadow *s);

// The checks that a case breaks, and whether it stores bytes again. A case that
// breaks more is not remembered.
enum { CACHED_BROKEN_MAX = 64 };
struct cached_verdict {
    bool again;
    enum stored stored;
    uint16_t count;
    uint16_t broken[CACHED_BROKEN_MAX]; // indices of the judge's checks
};

// What the case comes to if it is like one remembered, and does the right thing
// to its data; else NULL. Call before arena_clear. The trace may be folded. The result
// stands until the next judge_cache_keep.
const struct cached_verdict *judge_cache_recall(struct judge_cache *cache,
                                                const struct copy_case *c,
                                                const struct layout *layout,
                                                const struct trace *trace, enum copy_result result);

// Of the case just asked for, whose accesses are there by now, and its log, which R of
// KIND can relate, if there was one: gets ready to keep it. False when it cannot be kept
// by that log, or without one at all.
bool judge_cache_stage(struct judge_cache *cache, const struct recorder_kind *kind,
                       const struct recorder *r, const struct copy_case *c,
                       const struct layout *layout, const struct trace *trace);

// Remembers the case in the shadow, which is the one staged last, judged and found to
// return, to store the right data, and to leave no question open; does nothing with
// others. BROKEN: the COUNT checks that it breaks.
void judge_cache_keep(struct judge_cache *cache, const struct shadow *s, const uint16_t *broken,
                      size_t count);

#endif
