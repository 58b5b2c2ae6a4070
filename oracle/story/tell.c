// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "story/tell.h"

#include "base/memory.h"
#include "trace/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)STORY_STEPS_MAX >= (int)EVENTS_MAX, "a step an event");

enum { BYTES_TEXT_MAX = 64 };

static const struct access *access_of(const struct visible *v, const struct piece *p)
{
    return &v->r->trace.accesses[v->seen[p->seen].access];
}

// "byte 3" or "bytes 0..7", by their offsets on the side.
static void bytes_print(const struct visible *v, const struct piece *p, char *text)
{
    int64_t lo = (int64_t)(p->lo - v->base), hi = (int64_t)(p->hi - v->base) - 1;
    if (lo == hi)
        snprintf(text, BYTES_TEXT_MAX, "byte %" PRId64, lo);
    else
        snprintf(text, BYTES_TEXT_MAX, "bytes %" PRId64 "..%" PRId64, lo, hi);
}

// Does it put a byte there that a later store replaces by another?
static bool is_transient(const struct piece *p)
{
    for (unsigned thing = 0; thing < THING_COUNT; thing++)
        for (unsigned i = 0; i < THING_BYTES_MAX; i++)
            if (p->bytes[thing] >> i & 1 && p->states[thing][i] == BYTE_OTHER)
                return true;
    return false;
}

// Has an earlier piece touched a byte of it?
static bool is_again(const struct pieces *p, const struct search_result *result, size_t event)
{
    const struct piece *piece = &p->items[result->events[event].index];
    for (size_t i = 0; i < event; i++) {
        const struct piece *earlier = &p->items[result->events[i].index];
        if (!result->events[i].is_step && earlier->lo < piece->hi && piece->lo < earlier->hi)
            return true;
    }
    return false;
}

static const char *step_text(const struct observer_step *step, const struct search_event *event)
{
    return event->taken > 0 ? step->again : step->text;
}

static char *piece_print(const struct observer *o, const struct visible *v, const struct pieces *p,
                         const struct search_result *result, size_t event)
{
    const struct search_event *e = &result->events[event];
    const struct piece *piece = &p->items[e->index];
    const struct access *a = access_of(v, piece);
    const char *verb = a->kind == ACCESS_STORE ? "writes" : "reads";
    char bytes[BYTES_TEXT_MAX];
    bytes_print(v, piece, bytes);
    return must_print("%s %u (%s)%s %s %s%s%s%s%s", a->kind == ACCESS_STORE ? "store" : "load",
                      piece->seen + 1, v->r->trace.sites[a->site].text,
                      piece->is_part || a->count > 1 ? ", in part," : "", verb, bytes,
                      is_again(p, result, event) ? " again" : "",
                      is_transient(piece) ? ", with what will not stay" : "", e->reacts ? ": " : "",
                      e->reacts ? step_text(&o->reaction, e) : "");
}

void story_tell(const struct observer *o, const struct visible *v, const struct pieces *p,
                const struct search_result *result, struct story *out)
{
    out->outcome = STORY_TOLD;
    memcpy(out->about, o->about, sizeof out->about);
    memcpy(out->bad, result->bad->text, sizeof out->bad);
    for (size_t i = 0; i < result->event_count; i++) {
        const struct search_event *e = &result->events[i];
        out->steps[out->step_count++] = e->is_step
                                            ? must_print("%s", step_text(&o->steps[e->index], e))
                                            : piece_print(o, v, p, result, i);
    }
}
