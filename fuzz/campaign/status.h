// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a campaign has done so far.

#ifndef STORESCOPE_CAMPAIGN_STATUS_H
#define STORESCOPE_CAMPAIGN_STATUS_H

#include "fuzz/campaign/folder.h"
#include "fuzz/harness/scoreboard.h"
#include "judge/rules.h"

struct fuzz_status {
    uint64_t executions, corpus, known, reached;
    uint64_t findings[RULE_COUNT], expected[RULE_COUNT], finding_count, expected_count;
    uint64_t skipped, broken;
};
void status_read(const struct fuzz_folder *f, const struct scoreboard *scoreboard,
                 struct fuzz_status *out);

#endif
