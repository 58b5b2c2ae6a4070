// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes a finding's case smaller while the oracle sees the same rule broken at the
// same sites: tunables and data first, then the overlap, the size, the offsets.

#include "findings/minimise.h"

#include "findings/rejudge.h"

#include <stdlib.h>
#include <string.h>

struct shrinking {
    const struct backend *backend;
    const struct contract *contract;
    struct saved *saved; // the best so far
    unsigned tries;      // left
    const struct sweep_options *run;
    char *message;
    size_t message_size;
    struct error *error; // why a case did not show it
};

// Does the case show it, too? Then it is the best so far.
static bool shows(struct shrinking *x, const struct copy_case *c)
{
    char sites[SIGNATURE_PAIR_MAX];
    struct error error;
    struct result r;
    if (x->tries == 0 || (x->run->stop && *x->run->stop) || !case_is_valid(c))
        return false;
    x->tries--;
    if (!rejudge(x->backend, c, x->contract, 1, x->run, &r, &error)) {
        error_set(x->error, "%.150s", error.text);
        return false;
    }
    const struct finding *f = rejudge_finding(&r, x->saved->rule);
    if (f)
        rejudge_sites(f, sites);
    bool same = f && strcmp(sites, x->saved->sites) == 0;
    if (same) {
        x->saved->c = *c;
        snprintf(x->message, x->message_size, "%s", f->message);
    } else if (f) {
        error_set(x->error, "the rule is broken at other sites");
    } else {
        error_set(x->error, "%s",
                  r.reason[0] ? r.reason
                              : "the case does not break the rule in a process of its own");
    }
    result_free(&r);
    return same;
}

static void place_source(struct copy_case *c)
{
    if (c->overlapping)
        c->src_off = case_src_off(c->dst_off, c->overlap);
}

static void shrink_rest(struct shrinking *x)
{
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        struct copy_case c = x->saved->c;
        c.tunable[i] = 0;
        if (x->saved->c.tunable[i])
            shows(x, &c);
    }
    struct copy_case c = x->saved->c;
    c.fill = 1;
    c.data = DATA_OF_SEED;
    if (x->saved->c.fill != 1 || x->saved->c.data != DATA_OF_SEED)
        shows(x, &c);
    c = x->saved->c;
    c.dst_below = c.overlap < 0;
    c.overlapping = false;
    c.overlap = 0;
    if (x->saved->c.overlapping)
        shows(x, &c);
    c = x->saved->c;
    c.dst_below = false;
    if (x->saved->c.dst_below)
        shows(x, &c);
}

static void shrink_size(struct shrinking *x)
{
    for (uint64_t by = x->saved->c.size; by > 0; by /= 2) {
        uint64_t step = by - by % backend_size_unit(x->backend, x->saved->c.op);
        bool smaller = step > 0;
        while (smaller && x->saved->c.size >= step) {
            struct copy_case c = x->saved->c;
            c.size -= step;
            smaller = shows(x, &c);
        }
    }
}

static void shrink_offsets(struct shrinking *x)
{
    static const uint32_t moduli[] = {1, 2, 4, 8, 16, 32, 64, 256};
    for (int source = 0; source < 2; source++)
        for (size_t i = 0; i < sizeof moduli / sizeof *moduli; i++) {
            struct copy_case c = x->saved->c;
            uint32_t *off = source ? &c.src_off : &c.dst_off;
            if ((source && c.overlapping) || *off == *off % moduli[i])
                break;
            *off %= moduli[i];
            place_source(&c);
            if (shows(x, &c))
                break;
        }
}

static void shrink_overlap(struct shrinking *x)
{
    for (int64_t by = llabs(x->saved->c.overlap); x->saved->c.overlapping && by > 0; by /= 2) {
        struct copy_case c = x->saved->c;
        int64_t sign = c.overlap < 0 ? -1 : 1;
        if (llabs(c.overlap) < by)
            continue;
        c.overlap -= sign * by;
        place_source(&c);
        shows(x, &c);
    }
}

bool case_minimise(const struct backend *b, const struct contract *contract, struct saved *s,
                   unsigned tries, const struct sweep_options *run, char *message,
                   size_t message_size, struct error *error)
{
    struct shrinking x = {.backend = b,
                          .contract = contract,
                          .saved = s,
                          .tries = tries,
                          .run = run,
                          .message = message,
                          .message_size = message_size,
                          .error = error};
    struct copy_case first = s->c, before;
    if (x.tries < 3)
        x.tries = 3; // to see it at all
    if (!shows(&x, &first))
        return false;
    if (tries <= 3)
        return true; // only to be confirmed
    do {
        before = s->c;
        shrink_rest(&x);
        shrink_size(&x);
        shrink_overlap(&x);
        shrink_offsets(&x);
    } while (x.tries > 0 && case_compare(&s->c, &before) < 0);
    return true;
}
