// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The routines of a command line, each with every op that it is to be swept as: what
// stands at the head of the reports, and which of it a shard has.

#ifndef STORESCOPE_SWEEP_ROUTINES_H
#define STORESCOPE_SWEEP_ROUTINES_H

#include "backends/selection.h"
#include "cli/options/options.h"
#include "reports/merge/sweep_head.h"

// Of one routine and op: may be found again by its index in the head.
struct sweep_entry {
    const struct backend *backend;
    enum copy_op op;
};

struct sweep_routines {
    struct sweep_head head;
    struct sweep_entry *entries; // one a routine of the head; owned
};

void sweep_routines_take(const struct options *o, const struct selection *s,
                         struct sweep_routines *out);
void sweep_routines_free(struct sweep_routines *r);

// The reason why the backend cannot be swept as OP, from the backend, its recorder or the
// plan, which is made; NULL: it can. Valid until the next call.
const char *sweep_lacks(const struct options *o, const struct backend *b, enum copy_op op,
                        struct plan *plan);

// A digest of the cases of a plan.
uint64_t sweep_plan_digest(const struct plan *plan);

// A digest of the file that a routine's code comes from; NULL: of this program.
uint64_t sweep_code_digest(const char *path);

#endif
