// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The history of fuzzing: an SQLite file of campaigns, of the findings they had,
// first and last seen, and of the machine code they reached over time. Each call
// is one transaction, so that a process killed at any time leaves what was
// whole, and several campaigns may write to one file.
//
// Every function returns false with one line in ERROR when the file cannot be
// used. It judges nothing.

#ifndef STORESCOPE_HISTORY_H
#define STORESCOPE_HISTORY_H

#include "base/error.h"
#include "findings/saved_case.h"

#include "base/terminal.h"

struct history;

enum { HISTORY_VERSION = 2, HISTORY_KEY_MAX = 64 };

// "$XDG_STATE_HOME/storescope/history.db" or below ~/.local/state; the caller
// frees it. NULL when neither is known.
char *history_default_path(void);

// Opens, and brings a file of an older version up to this one. With CREATE it,
// and the folders to it, are made where they are not.
struct history *history_open(const char *path, bool create, struct error *error);
void history_close(struct history *h);

struct history_campaign {
    char key[HISTORY_KEY_MAX];        // names the campaign, also when it is resumed
    const char *backends, *contracts; // as lists, with commas
    const char *state;                // "running", "finished", "interrupted"
    double seconds;
    uint64_t executions, corpus;
    int64_t now; // seconds since 1970
};
bool history_campaign(struct history *h, const struct history_campaign *c, struct error *error);

// Notes a finding of the campaign. IS_NEW: no campaign had it before.
bool history_finding(struct history *h, const char *key, int64_t now, const struct saved *finding,
                     bool *is_new, struct error *error);

struct history_sample {
    const char *backend;
    uint64_t executions, known, reached; // instructions
};
bool history_coverage(struct history *h, const char *key, int64_t now,
                      const struct history_sample *samples, size_t count, struct error *error);

// The trends, newest campaign last.
bool history_text(struct history *h, const struct terminal *terminal, FILE *out,
                  struct error *error);
bool history_json(struct history *h, FILE *out, struct error *error);

#endif
