// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shadow memory: one pass over a trace that keeps, for each byte of the
// destination and of the source, whether it was touched and touched again, and
// gathers the facts that the rules ask for. Rules never scan the trace to
// judge; they only do to explain.

#ifndef STORESCOPE_SHADOW_H
#define STORESCOPE_SHADOW_H

#include "trace/trace.h"

// What the stores to the destination, or the loads from the source, did. The
// element of a string op is an access of its own here.
struct shadow_side {
    uint64_t *once;      // bit per byte, bit i % 64 of word i / 64 for byte i
                         // of the side: touched
    uint64_t *again;     // likewise: touched by a second access
    uint64_t accesses;   // accesses that touch at least one byte of the side
    uint32_t classes;    // bit per enum site_class
    uint32_t width_max;  // bytes, widest access
    uint32_t width_min;  // bytes, narrowest access, or run of bytes of a masked one; UINT32_MAX:
                         // none
    uint32_t torn_max;   // largest naturally aligned element (2, 4, 8 bytes)
                         // wholly inside whose first access does not cover
                         // it; 0: none
    uint32_t torn_sizes; // OR of all torn element sizes
    bool any_again;
    bool missing;        // some byte never touched
    bool descending;     // an access below an earlier one
    bool last_byte_last; // the last access touched the last byte; true when
                         // there is none to touch
    bool misaligned;     // an access not aligned to its width
    bool crosses_line;   // ... and maybe across a cache line; false: none is
    bool splits_line;    // ... an access of at most 64 bytes, not masked, certainly is
    bool strings;        // a string operation of several elements
    bool ends_narrow;    // that access holds no more than the last byte, though the
                         // request ends at an even address
    bool whole_request;  // there are accesses, and each touched exactly the
                         // request's bytes
};

// A record's fields, from the first byte on: bit i for one that begins at byte i.
struct record {
    uint64_t fields;
    uint32_t bytes; // at most 64; 0: no record is meant
};

struct shadow {
    const struct copy_case *c;
    const struct layout *layout;
    const struct trace *trace;
    struct shadow_side stores; // on the destination
    struct shadow_side loads;  // on the source
    bool store_outside;        // outside destination, own stack frame and own module
    uint32_t outside_words;    // of the sizes 2, 4 and 8: those whose aligned words that the
                               // destination reaches into do not hold all such stores
    bool rewrites_known;       // is it known of the stores outside what they put there?
    bool rewrites_others;      // something other than what was there
    bool static_store;         // to the data of the routine's own module
    bool wild_store;           // ... and outside the arena and the
                               // routine's own images: this process is
                               // not to be trusted any more
    bool load_outside;         // of bytes around source or destination
    bool load_outside_page;    // ... and in a page that neither touches
    bool destination_load;
    bool duplicate;            // a byte stored again by the same range
    bool overlapping;          // a byte stored again by another range
    bool transient;            // needs values; see shadow_needs_values
    bool values_open;          // `transient` is not known: no values yet
    bool values_differ;        // `transient` cannot be known: the run with
                               // values made other stores, or lacks some
    uint64_t transient_at;     // offset of the first transient byte found,
    uint32_t transient_access; // index in `trace` of the store that put the
    uint8_t transient_value;   // value there
    bool nontemporal_pending;  // non-temporal store not drained at the end
    bool store_pending;        // any destination store not drained at the end
    bool unflushed;            // a destination byte neither flushed nor
                               // stored non-temporally, and drained
    bool wrong_data;
    uint64_t wrong_at;             // offset of the first wrong byte, what it
    uint8_t wrong_got, wrong_want; // holds, and what it must
    bool wrong_return;
    // Owned scratch; grows with the largest case seen.
    void *scratch;
    // Where one side is a FIFO: bytes that went through it, and, of wrong data, which bytes
    // of the source came in the place of those at wrong_at; UINT64_MAX: none of them, or
    // what is wrong is how many there are.
    uint64_t fifo_bytes, fifo_got_at;
    // Set by who asks no rule about it, for speed: torn loads are not gathered.
    bool loads_may_tear;
    // Set by who asks whether stores outside put back what was there: values are then
    // wanted for those, and shadow_neighbours.
    bool asks_rewrites;
};

// NULL when memory runs out; later growth that fails aborts with a message.
struct shadow *shadow_new(void);
void shadow_free(struct shadow *s);

// Did a case that returned give back something else than it has to?
static inline bool shadow_wrong_return(const struct copy_case *c, const struct layout *layout,
                                       const struct trace *t, enum copy_result result)
{
    uint64_t end = (uintptr_t)layout->dst + (c->op == OP_MEMPCPY ? layout->size : 0);
    if (result == RESULT_OF_OP)
        return t->return_value != end;
    return result == RESULT_OF_CALL && ((t->return_value ^ layout->returns) & layout->returns_mask);
}

// Judges nothing, gathers everything. Trace must have RETURNED, FAULTED or
// TIMED_OUT; call before arena_clear, since it reads what the destination holds.
// `result`: what kind of return value to expect. Keeps the pointers: case,
// layout and trace must live, unchanged, as long as rules are asked.
void shadow_build(struct shadow *s, const struct copy_case *c, const struct layout *layout,
                  const struct trace *trace, enum copy_result result);

// Is `transient` still open, because bytes were stored again and the trace has
// no values, or what a FIFO was given, or what was stored outside, where that is asked? Then record the case once more with values, into another trace and
// layout, and call shadow_build_values with those.
bool shadow_needs_values(const struct shadow *s);
void shadow_build_values(struct shadow *s, const struct layout *layout, const struct trace *valued);

// After shadow_build: are the bytes around the destination, and the source, as before?
void shadow_neighbours(struct shadow *s, bool as_before);

#endif
