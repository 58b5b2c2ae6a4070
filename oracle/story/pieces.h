// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What of a recorded case others see at once, and what of that the CPU's memory model
// keeps in order: the atomic pieces of the accesses that touch the things an observer
// watches.

#ifndef STORESCOPE_PIECES_H
#define STORESCOPE_PIECES_H

#include "judge/order.h"
#include "story/observer.h"
#include "trace/recording.h"

// The accesses of one kind to one side. What follows from the recording alone.
struct visible {
    const struct copy_case *c;
    const struct recording *r;
    struct order_view view;
    uint64_t base, size; // of the side
    struct order_seen *seen;
    size_t count;
    bool *after;   // [k * count + i]: k comes after i, directly or by others between
    bool too_many; // there are more: these are the first
};
void visible_find(struct visible *v, const struct copy_case *c, const struct recording *r,
                  struct order_view view);
void visible_free(struct visible *v);

enum { THING_BYTES_MAX = 8, PIECES_MAX = 24 };

// Addresses of what is watched; width 0: there is none.
struct window {
    uint64_t lo;
    unsigned width;
};

enum byte_state { BYTE_OLD, BYTE_NEW, BYTE_CLEARED, BYTE_OTHER };

struct piece {
    uint64_t lo, hi;                              // addresses
    uint32_t seen;                                // which of the visible accesses it is of
    bool is_part;                                 // ... and not all of it
    uint32_t before;                              // bit per piece that comes before it for certain
    uint8_t touches;                              // bit per enum thing
    uint8_t bytes[THING_COUNT];                   // bit per byte of a thing that it touches
    uint8_t states[THING_COUNT][THING_BYTES_MAX]; // what they are after it: NEW, or OTHER
};

struct pieces {
    struct window things[THING_COUNT];
    struct piece items[PIECES_MAX];
    size_t count;
    bool too_many; // there are more: these are the first
};

// PIECES with the things set: the pieces that touch them, in program order.
void pieces_find(const struct visible *v, struct pieces *p);

// Those of a copy that stores each thing once, whole, ascending.
void pieces_ideal(struct pieces *p);

#endif
