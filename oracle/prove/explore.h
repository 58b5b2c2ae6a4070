// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Every path of a routine from one setting: each branch that any values can take is
// followed. What is found at the end of each is given to who asked, and forgotten. A path
// that no input takes may be among them, where that is not known yet.

#ifndef STORESCOPE_PROVE_EXPLORE_H
#define STORESCOPE_PROVE_EXPLORE_H

#include "prove/machine.h"
#include "prove/solver.h"

// How the two buffers lie. Together these are all ways, but for those that the operation
// leaves undefined.
enum arrangement {
    ARRANGED_EMPTY,     // no bytes: anywhere
    ARRANGED_DST_BELOW, // apart
    ARRANGED_SRC_BELOW, // apart
    ARRANGED_DST_INTO,  // destination first, and they overlap
    ARRANGED_SRC_INTO,  // source first, and they overlap
    ARRANGED_SAME,      // both at one address
    ARRANGED_COUNT
};

struct path {
    enum arrangement arrangement;
    const struct setting *setting;
    struct known *known;
    const struct machine *machine;
    enum execution_end end;  // EXECUTION_RETURN, _CRASH or _UNKNOWN
    const struct step *step; // the last one, or NULL
    const char *why;
    const struct event **events; // in program order
    size_t event_count;
};

// How often a loop with that head was tried to be told as a whole, and was.
struct loop_head {
    uint64_t at;
    unsigned tried, told;
    const char *why; // it was not, the last time
    uint64_t within; // head of a loop within it that was; or 0
    bool few;        // it ends after the same few turns, whatever the inputs are
};
enum { LOOP_HEADS_MAX = 64 };

struct exploration {
    struct pool *pool;
    struct code *program;
    struct solver *solver;
    const struct backend *backend;
    enum copy_op op;
    uint64_t size_lo, size_hi;
    uint64_t instructions_max;
    void (*path)(void *context, struct path *path);
    void *context;
    const volatile int *stop; // or NULL
    // What was found.
    uint64_t paths, instructions;
    uint64_t assumed[16]; // variables whose values were taken as they are
    size_t assumed_count;
    const char *given_up; // why not all paths were followed, or NULL
    struct loop_head heads[LOOP_HEADS_MAX];
    size_t head_count;
};

// Does the operation promise anything there?
bool arrangement_is_promised(enum arrangement a, enum copy_op op);

// Inputs of a setting, which a point must give.
struct inputs {
    const struct atom *dst, *src, *n, *apart; // NULL: it is not one of them
    const struct atom *stack, *stack_row;     // rsp is 64 * stack + 16 * row + cpu->above
};

// Follows all paths of the arrangement.
void explore(struct exploration *e, enum arrangement a, struct setting *setting,
             struct inputs *inputs);

#endif
