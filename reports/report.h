// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The reports: results and recordings as text for people and as JSON for
// scripts. A report judges nothing; it shows what the oracle found.

#ifndef STORESCOPE_REPORT_H
#define STORESCOPE_REPORT_H

#include "base/terminal.h"
#include "board/delivery.h"
#include "sweep/verdict.h"

#define STORESCOPE_VERSION "0.1"
#define STORESCOPE_DATE    "2026-11-24" // of the manual

struct text_trace_options {
    bool loads;        // rows for loads as well
    bool verbose;      // and what only who works on recorders wants to know
    uint64_t rows_max; // rows shown before the middle is left out; 0: all
};

// A region of a map that a call touched, under the contract that holds there.
struct region_judged {
    const struct flat_range *range;
    const struct result *result; // of the whole call
    uint64_t findings;           // bit I: an access to blame for its finding I lies there
};

// One recorded case, whose it is, and what of it to show.
struct trace_report {
    const struct backend *backend;
    const struct copy_case *c;
    const struct recording *recording;
    const char *recorder;
    struct text_trace_options text;
    unsigned bus;                        // bytes; 0: no bus log
    const struct delivery *delivery;     // NULL: it was sent to no machine
    const struct region_judged *regions; // of a map, that name a contract
    size_t region_count;
    const char *machine; // which, by its command line
};

// The picture: a row per store in program order, and a sentence.
void text_trace(const struct trace_report *report, const struct text_trace_options *options,
                const struct terminal *terminal, FILE *out);

// The totals over the results of one run.
struct totals {
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t incomplete; // of the skipped, those that are
    uint64_t findings;
    uint64_t cases; // run and judged; a case counts once, not per contract
    double seconds;
    size_t backends;
    size_t light;     // backends whose plan was of some sizes alone
    bool interrupted; // by the user, or by the system's failure
    // Results without a verdict on the routine which the user did ask for: not those of
    // a glob that cannot run here. The exit status is 2 for any.
    size_t unjudged;
    char unjudged_names[400]; // of the first of them: "NAME under CONTRACT, ..."
};
void totals_add_unjudged(struct totals *t, const struct result *r);
void totals_add(struct totals *t, const struct result *results, size_t count);
void totals_print(const struct totals *t, const struct terminal *terminal, FILE *out);
// What a light plan leaves out, for whom `conforms` would say more than it does.
extern const char totals_light[];

// The results of one backend, contract by contract, as `check` shows them.
// UNREACHED: with each instruction that the sweep never reached. HISTORY: with what earlier
// reports say, or NULL.
// "hint: ...", of the first result of a sweep, where it has one.
void hint_print(const char *hint, unsigned indent, const struct terminal *terminal, FILE *out);

struct history;
void text_check(const struct result *results, size_t count, bool unreached,
                const struct history *history, const struct terminal *terminal, FILE *out);

// Which stores are made for which sizes, a line each.
void text_patterns(const struct patterns *patterns, FILE *out);

enum hue verdict_hue(enum verdict v);

// The machine this runs on, for a report's reader.
struct host {
    char cpu[128];
    char features[512]; // of those that copy routines ask for, blanks between
    char libc[64];
    char kernel[128];
};
void host_describe(struct host *out);

#endif
