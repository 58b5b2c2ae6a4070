// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One state, and its next instruction.

#include "prove/exploring.h"

#include "base/memory.h"

#include <stdlib.h>

enum { LONG_PATH = 64 };

struct state *state_copy(const struct state *s)
{
    struct state *copy = must(malloc(sizeof *copy));
    *copy = *s;
    known_copy(&copy->known, &s->known);
    return copy;
}

void state_free(struct state *s)
{
    if (s)
        known_free(&s->known);
    free(s);
}

// Long paths may be such that no input takes: then they need not be followed to their end.
static bool is_taken(struct exploration *e, struct state *s)
{
    if (!s->known.dead)
        known_refresh(&s->known);
    if (s->known.dead)
        return false;
    if (!s->known.given || s->known.given->depth % LONG_PATH != 0)
        return true;
    return solver_ask(e->solver, &s->known, NULL, 0, NULL) != SOLVED_NONE;
}

bool state_assume(struct exploration *e, struct state *s, struct claim c)
{
    known_assume(&s->known, c);
    return is_taken(e, s);
}

static void note_assumed(struct exploration *e, const struct execution *x)
{
    for (unsigned i = 0; i < x->assumed_count; i++) {
        size_t k = 0;
        while (k < e->assumed_count && e->assumed[k] != x->assumed_at[i])
            k++;
        if (k == e->assumed_count && k < sizeof e->assumed / sizeof *e->assumed)
            e->assumed[e->assumed_count++] = x->assumed_at[i];
        else if (k == e->assumed_count)
            e->given_up = "it reads more variables than are followed";
    }
}

static void note_jump(struct exploration *e, struct state *s, const struct step *step)
{
    if (s->machine.pc == step->next)
        return;
    struct jump *j = pool_alloc(e->pool, sizeof *j);
    *j = (struct jump){s->jumps, step->at, s->machine.pc, false};
    s->jumps = j;
}

void state_step(struct exploration *e, struct state *s, const struct setting *setting,
                struct execution *x)
{
    const char *why = NULL;
    const struct step *step = code_step(e->program, s->machine.pc, &why);
    *x = (struct execution){.pool = e->pool,
                            .known = &s->known,
                            .m = &s->machine,
                            .program = e->program,
                            .setting = setting,
                            .step = step,
                            .end = EXECUTION_UNKNOWN,
                            .why = why};
    if (!step)
        return;
    struct machine before = s->machine;
    x->end = EXECUTION_NEXT;
    e->instructions++;
    e->program->cpu->run(x);
    note_assumed(e, x);
    if (x->end == EXECUTION_SPLIT)
        s->machine = before;
    else
        note_jump(e, s, step);
}

enum on_trail state_on_trail(struct state *s, const struct step *step)
{
    const struct leap *next = &s->trail->leaps[s->leapt];
    bool jumped = s->machine.pc != step->next;
    if (!jumped)
        return step->at == next->from ? TRAIL_NONE : TRAIL_ON;
    if (step->at != next->from || s->machine.pc != next->to)
        return TRAIL_NONE;
    s->leapt++;
    return s->leapt == s->trail->count ? TRAIL_ROUND : TRAIL_ON;
}
