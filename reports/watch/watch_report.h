// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What `watch` saw, as text, JSON or bus beats: written while the program runs,
// so that nothing of a long run has to be kept.

#ifndef STORESCOPE_WATCH_REPORT_H
#define STORESCOPE_WATCH_REPORT_H

#include "base/terminal.h"
#include "watch/call_judge.h"

enum watch_form { WATCH_TEXT, WATCH_BUS, WATCH_JSON, WATCH_SARIF };

// What the accesses are judged by; they are handed on as they come.
struct watch_judging {
    struct call_judge *judge; // NULL: they are not
    const struct contract *contracts;
    size_t contract_count;
    enum device_side device;
};

struct watch_report_options {
    enum watch_form form;
    unsigned bus;      // bytes; BUS only
    bool accesses;     // TEXT: a line per access
    bool loads;        // TEXT: also what only loads
    uint64_t rows_max; // TEXT: calls shown before the middle is left out; 0: all
    struct watch_judging judging;
};

struct watch_report;

// COMMAND ends with NULL; all stay the caller's until the report is freed.
struct watch_report *watch_report_new(const struct watch_report_options *options,
                                      const struct watch_session *session, char *const *command,
                                      const struct terminal *terminal, FILE *out);
void watch_report_free(struct watch_report *r);

// To be handed to the log.
struct watch_taker watch_report_taker(struct watch_report *r);

void watch_report_begin(struct watch_report *r);
void watch_report_end(struct watch_report *r, const struct watch_log *log);

#endif
