// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One campaign, from its first engine to its report.

#ifndef STORESCOPE_FUZZ_CAMPAIGN_CAMPAIGN_H
#define STORESCOPE_FUZZ_CAMPAIGN_CAMPAIGN_H

#include "base/output.h"
#include "case/plan.h"
#include "findings/compare.h"
#include "fuzz/campaign/collect.h"

struct fuzz_options {
    uint64_t seconds; // 0: not said
    const char *corpus;
    bool resume, history;
    enum engine_kind engine;
    const char *db; // NULL: the default
    const char *baseline, *write;
    bool has_op;
    enum copy_op op;
    const char *data[CASE_FIELDS_MAX]; // fields of the source, as they were given
    struct plan_field fields[CASE_FIELDS_MAX];
    size_t field_count;
};

struct fuzz {
    const char *output; // path of the report; NULL: standard output
    bool json, quiet;
    enum color_when color;
    const struct fuzz_options *own;
    struct sweep_options run;   // for the oracle's own runs
    struct selection selection; // also those that cannot run here
    struct contract *contracts;
    size_t contract_count;
    struct engine_programs programs;
    struct fuzz_folder folder;
    bool open;
    char *history_path;
    struct history *history;
    const struct scoreboard *scoreboard; // NULL until a harness has made it
    struct fuzz_screen screen;
    struct fuzz_findings findings;
    struct comparing comparing;
    struct output out; // of the report
    unsigned crashes;  // of engines
    uint64_t solved;   // cases of the engine `solve'
    char trouble[512]; // why an engine was given up
    bool interrupted;
    double began_seconds; // the folder's, when this process took it up
    uint64_t began_ms;
};

// Runs the campaign and reports. Returns the exit status.
int fuzz_run(struct fuzz *x);

// Writes the report, and gives the exit status; campaign_report.c.
int fuzz_report(struct fuzz *x, const struct fuzz_status *status, bool compared);

#endif
