// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Many cases against the paths, for tests of the prover: whether anything is proved does not
// matter, each path that was followed to its end has to be right.

#include "prove/proving.h"
#include "trace/recording.h"

#include <stdio.h>
#include <string.h>

enum { ASKED_AHEAD = 32 }; // cases

// What is said of a case that lies where no path says what it does.
static const char left_out[] = "no path says";

// The one path that the case lies on. False: there are two, or none.
static bool find_path(struct proving *p, const struct copy_case *c, const struct recording *r,
                      const struct taken **on, struct error *why)
{
    enum arrangement placed = ARRANGED_COUNT;
    bool unsure = p->loose;
    *on = NULL;
    for (size_t i = 0; i < p->taken_count; i++) {
        const struct taken *t = &p->taken[i];
        if (!arrangement_fits(t->arrangement, &r->layout))
            continue;
        if (placed != t->arrangement && !proving_place(p, t->arrangement, c, r, why))
            return false;
        placed = t->arrangement;
        enum answer lies = lies_on(t->given, &p->sampler.point);
        unsure |= lies == OPEN;
        if (lies != YES)
            continue;
        if (*on)
            return error_set(why, "it lies on two paths");
        *on = t;
    }
    return *on || error_set(why, "%s", unsure ? left_out : "it lies on no path");
}

static bool is_as_foretold(struct proving *p, const struct copy_case *c, const struct recording *r,
                           struct error *why)
{
    const struct taken *on;
    // Where it faulted it did not come to the end of a path.
    if (r->trace.outcome != OUTCOME_RETURNED)
        return error_set(why, "%s", left_out);
    if (!find_path(p, c, r, &on, why))
        return false;
    if (on->end == EXECUTION_UNKNOWN)
        return error_set(why, "%s", left_out);
    if (on->end != EXECUTION_RETURN)
        return error_set(why, "it was not to return");
    // The turns of loops are those of the last path that was asked for.
    return proving_place(p, on->arrangement, c, r, why) && given_at(on->given, &p->sampler.point) &&
           proving_foretells(p, on, r, why);
}

static void count(struct proving *p, const struct copy_case *c, bool agrees,
                  const struct error *why)
{
    struct proof_also *also = &p->also;
    char text[CASE_TEXT_MAX];
    if (agrees) {
        also->agreed++;
    } else if (strcmp(why->text, left_out) == 0) {
        also->left++;
    } else if (also->differ++ == 0) {
        case_print(c, text);
        snprintf(also->why, sizeof also->why, "%.120s: %.160s", text, why->text);
    }
}

static void compare(struct proving *p, const struct copy_case *c)
{
    struct recording r = {.guest = NULL};
    struct error why = {""};
    if (!proving_answer(p, c, &r, &why)) {
        p->also.left++; // its worker is gone
        return;
    }
    bool agrees = is_as_foretold(p, c, &r, &why);
    count(p, c, agrees, &why);
    recording_free(&r);
}

static bool is_stopped(const struct proving *p)
{
    return p->options->run->stop && *p->options->run->stop;
}

// Some are asked for ahead, so that neither process waits for the other.
void proving_compare_plan(struct proving *p, const struct plan *plan)
{
    struct copy_case c;
    struct error error;
    uint64_t asked = 0;
    for (uint64_t i = 0; i < plan->cases && !is_stopped(p); i++) {
        if (p->worker.pid <= 0 || asked < i)
            asked = i; // those that a worker took with it are asked for again
        for (; asked < plan->cases && asked < i + ASKED_AHEAD; asked++)
            if (plan_case(plan, asked, &c) && !proving_ask(p, &c, &error))
                return;
        if (plan_case(plan, i, &c))
            compare(p, &c);
    }
}
