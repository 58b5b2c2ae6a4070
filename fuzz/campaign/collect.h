// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the harnesses found, confirmed and minimised.

#ifndef STORESCOPE_CAMPAIGN_COLLECT_H
#define STORESCOPE_CAMPAIGN_COLLECT_H

#include "backends/selection.h"
#include "base/error.h"
#include "findings/minimise.h"
#include "fuzz/campaign/screen.h"

struct fuzz_finding {
    struct saved saved; // minimised
    char message[RULE_MESSAGE_MAX];
    char *path; // of the file
    bool confirmed, is_new;
    char reason[TRACE_REASON_MAX]; // not confirmed: why
};

struct fuzz_findings {
    struct fuzz_finding *items;
    size_t count;
    uint64_t unreadable; // files among the found that are no saved cases
};

// Minimises what was found and saves it. After a time that suits the campaign's,
// or some seconds once the user wants to stop, findings are saved as they are.
bool findings_collect(struct fuzz_findings *x, const struct fuzz_folder *f,
                      const struct selection *backends, const struct sweep_options *run,
                      struct fuzz_screen *screen, struct error *error);
void findings_free(struct fuzz_findings *x);

#endif
