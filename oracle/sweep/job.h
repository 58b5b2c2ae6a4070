// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a sweep's workers have in common.

#ifndef STORESCOPE_JOB_H
#define STORESCOPE_JOB_H

#include "base/error.h"
#include "case/plan.h"
#include "judge/judge.h"
#include "record/recorder.h"
#include "sweep/sweep_options.h"

// They inherit it by fork.
struct job {
    const struct backend *backend;
    const struct plan *plan; // NULL: no sweep, recordings only
    const struct judge *judge;
    const struct recorder_kind *recorder;
    struct recorder_options recorder_options;
    bool charts; // reports have charts as well
};

// What the recorder needs of the routine before workers are forked; it is kept until a job
// of another routine is prepared. False and one line in ERROR when it cannot be had.
bool job_prepare(struct job *job, const struct sweep_options *options, struct error *error);

// The program that the recorder emulates, which the job keeps one use of; NULL: none.
struct guest_elf *job_guest(const struct job *job);

// The CPU that the recorder emulates; "": none.
void job_cpu(const struct job *job, char *cpu, size_t cpu_size);

#endif
