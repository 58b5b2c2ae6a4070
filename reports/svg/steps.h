// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A recording as steps: its loads, stores, fences and flushes in program order,
// each with what it does to the bytes that the steps before it have left. What
// a picture of a copy shows, and what a reader replays. Accesses of the stack,
// and prefetches, are no steps; they are counted. Judges nothing: the marks
// follow the rules' words, but what is allowed is a contract's business.

#ifndef STORESCOPE_STEPS_H
#define STORESCOPE_STEPS_H

#include "reports/access_text.h"

enum step_mark {
    STEP_AGAIN = 1,     // stores bytes that were stored before, or loads them again
    STEP_TEARS = 2,     // first store to an aligned element of 2, 4 or 8 bytes of the
                        // destination that does not cover it
    STEP_BACKWARDS = 4, // below the one before it of its kind, or descending
    STEP_OUTSIDE = 8,   // not within the destination (stores), or either side or the
                        // routine's own data (loads)
};

struct step {
    const struct access *access;
    struct extent extent;
    unsigned marks; // enum step_mark
};

struct steps {
    const struct recording *r;
    uint64_t size;                 // bytes of the copy
    size_t next;                   // index of the next access to look at
    uint8_t *stored;               // per byte of the destination: times, up to 255
    uint8_t *loaded;               // per byte of the source, likewise
    uint8_t *torn;                 // per byte: size of the largest torn element around it
    int64_t last_store, last_load; // offsets at which the latest began
    bool any_store, any_load;
    uint64_t stack_stores, stack_loads, prefetches; // passed over so far
};

void steps_init(struct steps *s, const struct recording *r, uint64_t size);
void steps_free(struct steps *s);

// The next step, if there is one. `stored` and `loaded` are as it finds them.
bool steps_next(struct steps *s, struct step *out);

// Counts the step in.
void steps_apply(struct steps *s, const struct step *step);

// The bytes of [*at, hi) from the first that the step touches: runs of bytes of
// the copy that have been stored (loaded) equally often. False at the end.
bool steps_run(const struct steps *s, const struct step *step, uint64_t *lo, uint64_t *hi);

// Is it data of the routine's own, of its image or thread?
bool step_is_own(const struct trace *t, const struct step *step);

// "again, tears, backwards, outside": the step's marks as words; "" for none.
void step_marks_print(const struct step *step, char *text, size_t text_size);

// The letter that stands for a class of instruction where colour does not.
char site_class_letter(enum site_class class);

#endif
