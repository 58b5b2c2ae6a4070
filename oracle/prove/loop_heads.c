// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Heads of loops that paths come back to: when one is tried to be taken as a whole, and when
// there is no use in following it turn by turn.

#include "prove/exploring.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct loop_head *head_of(struct exploration *e, uint64_t at)
{
    for (size_t i = 0; i < e->head_count; i++)
        if (e->heads[i].at == at)
            return &e->heads[i];
    if (e->head_count == LOOP_HEADS_MAX)
        return NULL;
    e->heads[e->head_count] = (struct loop_head){.at = at};
    return &e->heads[e->head_count++];
}

// How often the path has come back to the head. Loops within its turn begin anew.
static struct returns *returns_to(struct state *s, uint64_t head)
{
    struct returns all[RETURNS_MAX] = {{.head = head}};
    uint64_t last = s->jumps->from;
    for (size_t i = 0, n = 1; i < RETURNS_MAX && s->returns[i].head; i++) {
        const struct returns *r = &s->returns[i];
        if (r->head == head)
            all[0] = *r;
        else if ((r->head < head || r->head > last) && n < RETURNS_MAX)
            all[n++] = *r;
    }
    memcpy(s->returns, all, sizeof all);
    return s->returns;
}

struct loop_head *loop_to_try(struct exploration *e, struct state *s)
{
    enum { IN_VAIN = 64 };
    struct loop_head *h = head_of(e, s->machine.pc);
    unsigned n = ++returns_to(s, s->machine.pc)->count;
    bool tried = h && (n & (n - 1)) == 0 && (h->told > 0 || h->tried < IN_VAIN);
    return tried ? h : NULL;
}

static const char *tell_head(struct exploration *e, const struct loop_head *h)
{
    enum { TEXT = 160 };
    char *text = pool_alloc(e->pool, TEXT);
    uint64_t at = h->at - e->program->entry, within = h->within - e->program->entry;
    if (h->within)
        snprintf(text, TEXT,
                 "the loop at +0x%" PRIx64 " within the loop at +0x%" PRIx64
                 " has no fixed number of turns, so the outer one is not followed to its end",
                 within, at);
    else
        snprintf(text, TEXT, "the loop at +0x%" PRIx64 " is not followed to its end: %s", at,
                 h->why);
    return text;
}

// Has the path gone through it so often that it may go on like that? Of long turns fewer do.
static bool is_followed_long(const struct state *s, const struct loop_head *h)
{
    enum { TURNS = 256, OF_LOOPS = 8, OF_LONG = 4, LONG = 4096 };
    const struct event *last = s->machine.events;
    unsigned n = s->returns[0].count;
    bool is_long = last && last->index >= LONG;
    return s->returns[0].head == h->at && n >= (is_long ? OF_LONG : h->within ? OF_LOOPS : TURNS);
}

const char *loop_has_no_end(struct exploration *e, const struct state *s,
                            const struct setting *setting)
{
    enum { WIDEST = 64 };
    const struct loop_head *h = head_of(e, s->machine.pc);
    wide most = (wide)e->instructions_max * WIDEST;
    if (!h || !h->why || h->few || !is_followed_long(s, h) ||
        known_bounds(&s->known, setting->n).hi <= most)
        return NULL;
    return tell_head(e, h);
}
