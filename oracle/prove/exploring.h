// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Paths in the making, shared by explore.c (all ways), state.c (one step), loop.c (loops that
// are gone through any number of times) and family.c (what these access). Nobody else includes
// this.

#ifndef STORESCOPE_EXPLORING_H
#define STORESCOPE_EXPLORING_H

#include "prove/explore.h"

// Where control did not go on with the next instruction, the latest first.
struct jump {
    const struct jump *before;
    uint64_t from, to;
    bool looped; // turns of a loop that are not told one by one lie before it
};

// Once round a loop, from its head back to it: every jump on the way.
struct trail {
    uint64_t head;
    size_t count;
    struct leap {
        uint64_t from, to;
    } leaps[];
};

// What an instruction decided, the latest first.
struct decision {
    const struct decision *before;
    const struct step *step;
    struct claim claim;
};

enum { RETURNS_MAX = 8 };

struct state {
    struct known known;
    struct machine machine;
    const struct jump *jumps;
    // Others stand for all that goes round it, this one only for what leaves it; or NULL.
    const struct trail *trail;
    size_t leapt; // jumps of it that were made
    struct returns {
        uint64_t head;
        unsigned count;               // how often the path came back to it, one turn at a time
    } returns[RETURNS_MAX];           // the latest first
    const struct decision *decisions; // kept where a loop is tried
};

struct state *state_copy(const struct state *s);
void state_free(struct state *s);

// Executes the state's next instruction. With x->end EXECUTION_SPLIT the state is as before,
// but for conclusions; x->step NULL: there is no instruction, x->why says why.
void state_step(struct exploration *e, struct state *s, const struct setting *setting,
                struct execution *x);
// C holds from now on. False: no input takes that way.
bool state_assume(struct exploration *e, struct state *s, struct claim c);

enum on_trail { TRAIL_NONE, TRAIL_ON, TRAIL_ROUND };
// Where the state is on its trail after STEP was executed. TRAIL_NONE: it has left it.
enum on_trail state_on_trail(struct state *s, const struct step *step);

// The state has come back to where it was before. Where what is between can be shown to do
// the same each time, the result stands for all that go round at least once more (their number
// is a new atom), and S for what does not. NULL: that is not known.
struct state *loop_summarise(struct exploration *e, struct state *s, const struct setting *setting);

// The head that the state has come back to, which is counted. NULL: it is not to be taken as a
// whole this time. It is after 1, 2, 4, ... returns, and where that never was of use seldom.
struct loop_head *loop_to_try(struct exploration *e, struct state *s);

// Why there is no use in going on: the loop that the state has come back to is followed turn by
// turn, and may have more turns than instructions are followed. NULL: there is.
const char *loop_has_no_end(struct exploration *e, const struct state *s,
                            const struct setting *setting);

// Adds the accesses of TURNS turns to the state, of which those up to LAST, and after BEFORE,
// are the ones of turn number TURN. FROM_FIRST: those of the first turn, likewise. NULL: they
// make no family. Else its index.
const struct form *family_add(struct pool *p, struct machine *m, const struct atom *turn,
                              const struct event *before, const struct event *last,
                              const struct event *last_of_first);

#define TURNS_MAX ((wide)1 << 60)

#endif
