// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a worker is asked of single cases, and how long its answer is waited for.

#ifndef STORESCOPE_ASK_H
#define STORESCOPE_ASK_H

#include "sweep/sweep_options.h"
#include "sweep/worker.h"

// Wall time without progress after which a worker is taken to hang.
unsigned ask_stall_ms(const struct sweep_options *options);

// One message from a worker that was asked for a recording. False and one line in
// ERROR when it gives none; the worker is ended then.
bool ask_message(struct worker *w, enum message_kind kind, uint64_t until_ms, struct message *out,
                 struct error *error);

// The recording that a message of the job's worker holds, if it can be one of the case.
bool ask_recording(const struct message *f, const struct job *job, const struct copy_case *c,
                   struct recording *out);

#endif
