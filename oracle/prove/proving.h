// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A proof in the making, shared by the files of prove.h: prove.c (the order of things),
// prove_paths.c (what each path comes to), prove_worker.c (what is loaded and recorded).
// Nobody else includes this.

#ifndef STORESCOPE_PROVING_H
#define STORESCOPE_PROVING_H

#include "judge/judge.h"
#include "prove/path_rules.h"
#include "prove/prove.h"
#include "prove/sample.h"
#include "sweep/job.h"
#include "sweep/loaded.h"
#include "sweep/worker.h"

// What is known of one check of the judge.
struct check_state {
    uint64_t broken, open; // paths
    uint64_t size_lo, size_hi;
    char why[TRACE_REASON_MAX];
    bool has_case;
    struct copy_case c;
};

enum { MORE_CASES_MAX = 6 };

// A path that inputs take.
struct taken {
    enum arrangement arrangement;
    enum execution_end end;
    const struct given *given;
    const struct event **events;
    size_t event_count;
    struct copy_case c;
    struct copy_case more[MORE_CASES_MAX]; // of loops that are gone through less, or more often
    size_t more_count;
};

struct proving {
    const struct backend *backend;
    enum copy_op op;
    const struct proof_options *options;
    const struct judge *judge;
    struct check_state *checks; // as many as the judge has
    struct pool *pool;
    struct solver *solver;
    struct sampler sampler;
    struct loaded loaded;
    struct code program;
    struct exploration exploration;
    struct setting settings[ARRANGED_COUNT];
    struct inputs inputs[ARRANGED_COUNT];
    struct taken *taken;
    size_t taken_count, taken_capacity;
    uint64_t paths, ended, confirmed;
    struct proof_also also;
    bool loose; // a case may lie on a path that is not kept, or goes by what is not known
    char open[2 * TRACE_REASON_MAX]; // why nothing is proved; "": nothing of the kind
    struct job job;
    struct worker worker;
};

// The first reason stays.
void proving_leave_open(struct proving *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// For exploration.path; CONTEXT is the proving.
void proving_take_path(void *context, struct path *path);

// Starts a worker and has it load the routine.
bool proving_load(struct proving *p, struct error *error);
void proving_unload(struct proving *p);
// Records a case of each path, and compares.
void proving_confirm(struct proving *p);

// Has the case recorded; one answer is to be taken for each that was asked for.
bool proving_ask(struct proving *p, const struct copy_case *c, struct error *error);
bool proving_answer(struct proving *p, const struct copy_case *c, struct recording *out,
                    struct error *error);
// Makes the sampler's point that of the recording, for paths of the arrangement.
bool proving_place(struct proving *p, enum arrangement a, const struct copy_case *c,
                   const struct recording *r, struct error *why);
// Are the path's accesses those of the recording, which is placed?
bool proving_foretells(struct proving *p, const struct taken *t, const struct recording *r,
                       struct error *why);
// Records each case of the plan: it is to lie on one path and no other, and to be as that
// foretells.
void proving_compare_plan(struct proving *p, const struct plan *plan);

#endif
