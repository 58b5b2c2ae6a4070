// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Paths that cases took: the accesses of a call, relative to its destination and source,
// wherever these lie. A path is known again by the words it leaves: a recorder's log
// (trace/log.h), or the accesses themselves where there is none. Only such accesses belong
// to one as lie wholly in the destination (stores), in the source (loads), in the routine's
// own stack frame, in its records, or in its module (loads).

#ifndef STORESCOPE_PATHS_H
#define STORESCOPE_PATHS_H

#include "judge/shadow.h"
#include "record/recorder.h"
#include "trace/access.h"

// Of the accesses of one side, by its address modulo LINE_BYTES, a bit each: is one
// misaligned; does one, or the lowest of a run, which is what order_find asks of, lie
// across a line?
struct residues {
    uint64_t astray, across;
};
_Static_assert(LINE_BYTES == WORD_BITS, "a bit for each place in a line");

// An access that touches the last byte of its side; width 0: there is none.
struct last_access {
    uint64_t off;
    uint16_t width;
};

struct path {
    struct path *next; // of the same hash
    uint64_t number;   // no other path of these paths ever had it
    // A case that took it has the same:
    uint64_t size, code, stack_entry;
    int64_t overlap;
    uint32_t clobbered, words;
    enum copy_op op;
    bool overlapping;
    struct expected *expected; // of the words
    size_t whole_count, expected_count;
    // What it stores where it stores bytes again, and what of it is needed of a run to know
    // that no byte held anything transient. VALUED: a run along it has that.
    struct put *puts;
    size_t put_count;
    bool again, valued;
    struct residues stores, loads;
    struct last_access last_store, first_load, last_load;
};

struct paths;
struct paths *paths_new(void); // NULL when memory runs out
void paths_free(struct paths *p);

// The path that the case took, folded or not; NULL: none that is known. Valid until the
// next paths_stage.
struct path *paths_find(struct paths *p, const struct copy_case *c, const struct layout *layout,
                        const struct trace *trace);

// The path of a case whose accesses are there, with or without its log, which KIND's recorder
// R can relate. NULL where the case makes other accesses, too many, or the log does not say
// enough. It is found once paths_add was called with what shadow memory says of the case.
struct path *paths_stage(struct paths *p, const struct recorder_kind *kind,
                         const struct recorder *r, const struct copy_case *c,
                         const struct layout *layout, const struct trace *trace);
void paths_add(struct paths *p, struct path *path, const struct shadow *s);

// Does each store of bytes that are stored again put on them what they hold in the end? Then
// no value was transient. Of a case that took the path, whose trace may lack values: false.
bool path_stores_are_final(const struct path *path, const struct layout *layout,
                           const struct trace *trace);

#endif
