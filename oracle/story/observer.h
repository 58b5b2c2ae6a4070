// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// An observer looks at memory while a copy runs: a guest that polls, a reader, a device.
// It is data: what it watches, what it does, and in which state something has gone wrong.
// The built-in ones are the files in oracle/observers, compiled in as text; users copy one,
// change it and pass it as `--story=./mine.observer`.
//
//   # comment
//   observer poll-and-clear
//   about    a guest polls an element ...   # one sentence, without its end
//   rules    duplicate-store ...            # a contract with all of these rules promises that
//                                           # it does not go wrong
//   also     transient-value                # rules whose breach it may tell of, too
//   side     dst                            # or src
//   element  1 2 4 8                        # widths of the elements, each at a multiple of its
//                                           # own; each element of the side is watched by itself
//   repeat                                  # the steps, over and over; else once
//   step     element=new take clear element : what happens | what happens when it has taken before
//   store    take : ...                     # at each store to the element; `load`: at each load
//   bad      taken=2 : what has gone wrong
//
// Beside `element` there are `first` and `last`, the bytes at the ends of the side, and `next`,
// the element after it. A step waits for its conditions, and may come at any moment after the
// step before it: `THING=old`, `new`, `cleared`, `mixed`, `taken=N`, `raised=N`. Then it does
// what it says: `read THING` remembers what is there, `clear THING` writes zeros to it, `take`
// and `raise` count. What goes on at a store or load sees memory as it was before it. The
// things in `bad` are as they were last read.

#ifndef STORESCOPE_OBSERVER_H
#define STORESCOPE_OBSERVER_H

#include "base/error.h"
#include "judge/contract.h"

enum thing { THING_ELEMENT, THING_FIRST, THING_LAST, THING_NEXT, THING_COUNT };

// What a thing's bytes are: all of one kind, or MIXED.
enum look { LOOK_OLD, LOOK_NEW, LOOK_CLEARED, LOOK_MIXED, LOOK_COUNT, LOOK_UNSEEN = LOOK_COUNT };

// All that is set must be so.
struct condition {
    uint8_t looks[THING_COUNT]; // bit per enum look, one of which it is; 0: any
    bool counts_taken, counts_raised;
    unsigned taken, raised;
};

enum { OBSERVER_TEXT_MAX = 160, OBSERVER_STEPS_MAX = 8, OBSERVER_BADS_MAX = 8 };

struct observer_step {
    struct condition when;
    uint8_t reads, clears; // bit per enum thing
    bool take, raise;
    char text[OBSERVER_TEXT_MAX], again[OBSERVER_TEXT_MAX];
};

struct observer_bad {
    struct condition when;
    char text[OBSERVER_TEXT_MAX];
};

struct observer {
    char name[CONTRACT_NAME_MAX]; // a built-in's, or the path of a file
    char about[OBSERVER_TEXT_MAX];
    uint64_t rules, also;  // bits by id
    enum device_side side; // DEVICE_DST or DEVICE_SRC
    uint8_t widths[4];     // bytes, in the order in which they are tried
    size_t width_count;
    bool repeats;
    struct observer_step steps[OBSERVER_STEPS_MAX];
    size_t step_count;
    bool reacts; // to each access of the element
    struct observer_step reaction;
    struct observer_bad bads[OBSERVER_BADS_MAX];
    size_t bad_count;
};

extern const size_t observer_builtin_count;
const struct observer *observer_builtin(size_t index);

// False and one line in ERROR, "FILE:LINE: what is wrong; what was expected".
bool observer_parse(const char *file, const char *text, size_t length, struct observer *out,
                    struct error *error);

// A built-in name, or a path (it has a slash or ends in .observer).
bool observer_load(const char *name_or_path, struct observer *out, struct error *error);

// Can WORD be nothing else: a built-in observer's name, or a file's whose name says so?
bool observer_is_named(const char *word);

#endif
