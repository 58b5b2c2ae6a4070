// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How a sweep, and a recording of one case, is to be made, and what is told of it while
// it runs.

#ifndef STORESCOPE_SWEEP_OPTIONS_H
#define STORESCOPE_SWEEP_OPTIONS_H

#include "judge/contract.h"
#include "judge/message_sites.h"
#include "record/recorder.h"
#include "story/observer.h"
#include "trace/recording.h"

struct sweep_progress {
    const struct backend *backend;
    uint64_t done, planned; // cases
    uint64_t findings;      // rules broken so far, over all contracts
    double seconds;
};

struct sweep_options {
    const struct recorder_kind *recorder; // see recorder_for
    enum device_side device;
    struct recorder_setup setup;
    unsigned jobs;       // worker processes, >= 1
    unsigned timeout_ms; // for one case
    unsigned stall_ms;   // time without a finished case, half of it asleep or on a
                         // processor, after which a worker is killed; 0: 10 s +
                         // 10 * timeout_ms
    void (*progress)(const struct sweep_progress *, void *context); // or NULL
    void *context;
    const volatile int *stop; // nonzero: finish with what there is
    // Where a site of a recording is, for the sentences of findings; or NULL.
    void (*name_site)(const struct recording *r, size_t site, char name[SITE_NAME_MAX]);
    uint64_t patterns_to;            // the largest size of patterns; 0: SWEEP_PATTERNS_SIZE
    bool patterns;                   // read off, too, which stores are made for which sizes
    bool stories;                    // tell, too, what each witness does to an observer:
    const struct observer *observer; // this one; NULL: the built-in ones that fit
    bool charts;                     // count, too, where in the sweep each rule is broken
};

#endif
