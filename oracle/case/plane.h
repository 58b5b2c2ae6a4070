// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Planes, of which the default sweep (plan_default.c) and those of ranges (plan.c) are
// made.

#ifndef STORESCOPE_PLANE_H
#define STORESCOPE_PLANE_H

#include "case/plan.h"

enum { OWN_DISTANCES = 8 }; // of a size, see PLANE_OF_SIZE

#define ONE(n)      \
    {               \
        (n), (n), 1 \
    }
#define TO(lo, hi)    \
    {                 \
        (lo), (hi), 1 \
    }
#define STEP(lo, hi, step) \
    {                      \
        (lo), (hi), (step) \
    }
#define EVERY_OFFSET TO(0, 63) // in a cache line
#define PAGE_END     TO(PAGE_BYTES - 64, PAGE_BYTES - 1)

// Leaves of a plane's ranges what the backend takes. False: nothing.
bool plane_narrow(struct plane *plane, const struct backend *b);

// Appends a plane, whose counts follow from its ranges; nothing of a plane that the
// backend takes nothing of. False: more cases than can be counted.
bool plan_add(struct plan *plan, const struct backend *b, struct plane plane);
// ... once for each kind of data that routines look for.
enum { LOOKED_FOR = 5 };
bool plan_add_each_data(struct plan *plan, const struct backend *b, struct plane plane);

// What an op has no use for: a source, where it sets; and where the user did not say
// others, sizes and places of a FIFO that are no multiples of its elements.
void plane_take_op(struct plane *plane, enum copy_op op, const struct plan_request *request);
// What the user said of every case.
void plane_take_request(struct plane *plane, const struct plan_request *request);

#endif
