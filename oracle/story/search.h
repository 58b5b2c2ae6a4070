// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// All interleavings of the pieces of a copy with the steps of an observer, until one of
// them goes wrong.

#ifndef STORESCOPE_SEARCH_H
#define STORESCOPE_SEARCH_H

#include "story/pieces.h"

// How far a search may go, all of a story's together.
struct search_limit {
    uint64_t interleavings; // that may still be looked at
    uint64_t until_ms;      // of clock_now_ms
};

enum { EVENTS_MAX = 64 };

// One thing that happens: a piece, or a step of the observer's.
struct search_event {
    bool is_step;
    bool reacts;    // a piece: the observer does something, too
    uint8_t index;  // of the piece, or the step
    unsigned taken; // how often the observer had taken before it
};

struct search_result {
    bool found;                     // it goes wrong, by these events, as `bad` says
    bool cut;                       // the limit was reached before all were searched
    uint64_t interleavings;         // searched
    const struct observer_bad *bad; // of the observer
    struct search_event events[EVENTS_MAX];
    size_t event_count;
};

void search_run(const struct observer *o, const struct pieces *p, struct search_limit *limit,
                struct search_result *out);

#endif
