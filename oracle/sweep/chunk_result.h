// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a worker tells of a chunk: the counts, and of each check what broke it. It is sent as
// it lies in memory.

#ifndef STORESCOPE_CHUNK_RESULT_H
#define STORESCOPE_CHUNK_RESULT_H

#include "judge/judge_cache.h"
#include "sweep/job.h"

struct reason {
    struct copy_case c;
    char text[TRACE_REASON_MAX]; // "": none
};

struct chunk_result {
    uint64_t id;      // as in the command
    uint64_t lo, end; // case numbers judged, lo..end-1
    uint64_t judged, skipped, broken;
    uint64_t left_out;                        // numbers that are no case of the sweep
    uint64_t timeouts;                        // among the judged and skipped
    uint64_t stored[STORED_COUNT];            // likewise, by enum stored
    uint64_t distrusted;                      // 1: case `lo` alone; the worker has ended
    struct reason skip_reason, broken_reason; // of the smallest such case
    struct tally tallies[];                   // one a check
    // Then, if the job wants charts: one a check, and one of the judged cases.
};

// Bytes of a report of the job; its charts, or NULL.
size_t chunk_result_size(const struct job *job);
struct chart *chunk_result_charts(const struct job *job, const struct chunk_result *result);

// Begins at a case number. Its tallies and charts stay as they are.
void chunk_result_reset(struct chunk_result *r, uint64_t id, uint64_t lo);

#endif
