// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What an instruction orders, of any CPU: a barrier's earlier accesses before its
// later ones, how far away that is seen, and what an acquire or release adds to an
// access. One table for every recorder. What is not known orders nothing.

#ifndef STORESCOPE_BARRIER_H
#define STORESCOPE_BARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Two kinds of memory where a CPU tells them apart (RISC-V, POWER): device memory
// has input and output in place of loads and stores.
enum order_kind { ORDER_LOAD, ORDER_STORE, ORDER_INPUT, ORDER_OUTPUT, ORDER_KINDS };

// Accesses of kind BEFORE the barrier come before those of kind AFTER it.
#define ORDER_PAIR(before, after) (1u << ((before)*ORDER_KINDS + (after)))

// Who sees the order: from this CPU alone to every device. Each sees all that the
// ones before it see.
enum order_reach { REACH_OWN, REACH_INNER, REACH_OUTER, REACH_FULL };

// Of the instruction's own accesses.
enum order_access {
    ORDER_ACQUIRE = 1,      // its load comes before all later accesses
    ORDER_RELEASE = 2,      // its store comes after all earlier accesses
    ORDER_WEAK_ACQUIRE = 4, // with ORDER_ACQUIRE: it may overtake an earlier release
    ORDER_LOCKED = 8,       // the barrier is an access as well
};

struct ordering {
    uint16_t pairs; // of ORDER_PAIR; 0: no barrier
    uint8_t reach;  // enum order_reach
    uint8_t access; // enum order_access bits
};

// Of the instruction in BYTES, for a machine by its number in ELF headers (EM_*).
struct ordering ordering_of(unsigned machine, bool big_endian, const uint8_t *bytes, size_t length);

// Does it make earlier stores visible before later ones, to others than this CPU?
// Then none of them waits in a buffer of its own any more.
bool ordering_drains(struct ordering o);

// Is it a barrier and nothing else?
static inline bool ordering_is_fence(struct ordering o)
{
    return o.pairs != 0 && !(o.access & ORDER_LOCKED);
}

#endif
