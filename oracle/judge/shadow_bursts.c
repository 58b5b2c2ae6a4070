// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Lines of the destination: do the stores of each follow one another, with no access to
// anything else between? Only for contracts that ask, so a pass of its own.
//
// Lines lie where memory has them or, counted from the destination's start, where a
// routine that does not align itself makes them: what keeps either together is made of
// bursts. Only lines wholly inside count; the rest has no burst of full length.

#include "judge/access_bytes.h"

#include <string.h>

// A line's latest store: its number in the sequence of all accesses, and its access.
struct line_state {
    uint64_t number; // 0: none yet
    uint32_t access;
};

// The pass for one place of the lines.
struct bursts {
    struct shadow_view view;
    uint64_t origin; // address of line 0
    uint64_t line;   // bytes
    uint64_t number; // of the latest access
    struct line_state *lines;
    struct broken_burst *out;
};

static bool is_whole(const struct bursts *b, uint64_t index)
{
    uint64_t lo = b->origin + index * b->line;
    return lo >= b->view.base && lo + b->line <= b->view.base + b->view.size;
}

// Access I goes on with a line. False: something else came between.
static bool touch_line(struct bursts *b, size_t i, uint64_t index, uint64_t number)
{
    struct line_state *l = &b->lines[index];
    if (l->number && l->number != b->number && is_whole(b, index)) {
        *b->out = (struct broken_burst){
            .before = l->access,
            .after = (uint32_t)i,
            .off = b->origin + index * b->line - b->view.base,
        };
        return false;
    }
    *l = (struct line_state){number, (uint32_t)i};
    return true;
}

// A string operation stores one element after the other, line by line; any other
// store is one access to all lines that it touches.
static bool take_store(struct bursts *b, size_t i, const struct access *a, struct span part)
{
    uint64_t skew = b->view.base - b->origin;
    uint64_t first = (part.lo + skew) / b->line, last = (part.hi - 1 + skew) / b->line;
    bool string = a->count > 1, down = a->flags & ACCESS_DESCENDING;
    for (uint64_t k = first; k <= last; k++) {
        if (!touch_line(b, i, string && down ? first + last - k : k, b->number + 1))
            return false;
        if (string)
            b->number++;
    }
    if (!string)
        b->number++;
    return true;
}

static bool lines_are_kept(struct bursts *b, const struct trace *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct access *a = &t->accesses[i];
        struct span part = {0, 0};
        if (a->kind == ACCESS_STORE)
            part = side_part(access_reach(a), b->view.base, b->view.size);
        if (part.lo == part.hi)
            b->number += a->kind != ACCESS_PREFETCH;
        else if (!take_store(b, i, a, part))
            return false;
    }
    return true;
}

static bool lines_from(const struct shadow *s, uint64_t origin, uint64_t line,
                       struct broken_burst *out)
{
    struct shadow_scratch *scratch = s->scratch;
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    size_t bytes = (view.size / line + 2) * sizeof(struct line_state);
    struct bursts b = {.view = view,
                       .origin = origin,
                       .line = line,
                       .number = 1,
                       .lines = shadow_room(&scratch->slow, &scratch->slow_bytes, bytes),
                       .out = out};
    memset(b.lines, 0, bytes);
    return lines_are_kept(&b, s->trace);
}

bool shadow_find_broken_burst(const struct shadow *s, uint64_t line, struct broken_burst *out)
{
    struct broken_burst other;
    uint64_t dst = (uintptr_t)s->layout->dst;
    if (line > s->layout->size)
        return false;
    return !lines_from(s, dst - dst % line, line, out) &&
           (dst % line == 0 || !lines_from(s, dst, line, &other));
}
