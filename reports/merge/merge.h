// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The JSON reports of the shards of one sweep, put together: the results that the whole
// sweep would have had, routine by routine. Of a routine whose cases were split, counts add
// up, a finding has the smallest of the witnesses, and what any shard could not judge is
// not judged. Shards that are not there leave their routines and cases unjudged.

#ifndef STORESCOPE_MERGE_H
#define STORESCOPE_MERGE_H

#include "reports/merge/sweep_head.h"
#include "reports/report.h"

struct merge_report {
    const char *path;
    const cJSON *json; // of the reader; outlives the merge
    struct sweep_head head;
    const cJSON *next; // result; NULL: no more
};

struct merge {
    struct merge_report *reports;
    size_t count;
    const struct sweep_head *head; // of the sweep: that of the first
    struct host host;
    const char *date;  // of the latest part; NULL: none says
    size_t routine;    // the next
    char missing[256]; // "", or why it is incomplete: "shard 3 of 4 is missing"
    // What results point to; reports keep the backends of all, the others until the next.
    struct backend *backends;
    struct contract *contracts;
    struct recorder_setup setup;
    struct result *parts; // one a report and contract
};

// JSON[i] was read from PATHS[i]. False and one line in ERROR when they are no shards of
// one sweep. OUT is to be freed in any case.
bool merge_open(const cJSON *const *json, char *const *paths, size_t count, struct merge *out,
                struct error *error);

// The results of the next routine, one a contract, to be freed before the next call. False
// after the last one, or with a line in ERROR, which is empty otherwise. EXCUSED: the
// routine may be left unjudged, as nobody named it and it cannot run there.
bool merge_next(struct merge *m, struct result *results, bool *excused, struct error *error);

// Begins anew with the first routine.
void merge_rewind(struct merge *m);

void merge_free(struct merge *m);

#endif
