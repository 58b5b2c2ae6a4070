// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A campaign on the terminal: one screen that is drawn again, or a line now and then.

#ifndef STORESCOPE_CAMPAIGN_SCREEN_H
#define STORESCOPE_CAMPAIGN_SCREEN_H

#include "base/terminal.h"
#include "fuzz/campaign/engines.h"
#include "fuzz/campaign/status.h"

struct fuzz_screen {
    FILE *out;
    struct terminal terminal;
    bool redraws; // one screen, drawn again; else a line now and then
    unsigned lines;
    uint64_t shown_ms;
    uint64_t last_executions, last_ms;
    double rate;
};
// EXECUTIONS: so many were there before.
void screen_init(struct fuzz_screen *s, bool quiet, uint64_t executions);
void screen_show(struct fuzz_screen *s, const struct fuzz_folder *f, const struct fuzz_status *now,
                 const struct engines *e, double left_seconds);
// After the fuzzing: WHAT is done, and how far; likewise. screen_clear ends it.
void screen_step(struct fuzz_screen *s, const char *what, size_t done, size_t count);
void screen_clear(struct fuzz_screen *s);

#endif
