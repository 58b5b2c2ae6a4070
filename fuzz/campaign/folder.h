// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The folder that a campaign lives in, and the state in it that outlives the process.
//
//   DIR/findings         findings, minimised: saved cases
//   DIR/.campaign/state  what is run, for how long: see folder_save
//        .../board            what the harnesses have done: fuzz/harness/scoreboard.h
//        .../found       findings as harnesses wrote them
//        .../seeds       what the engines start from
//        .../group-N     corpora and logs of the engines, for the Nth few backends
//   DIR/*                saved cases of the user's: seeds

#ifndef STORESCOPE_CAMPAIGN_FOLDER_H
#define STORESCOPE_CAMPAIGN_FOLDER_H

#include "base/error.h"
#include "base/file.h"
#include "findings/saved_case.h"
#include "fuzz/campaign/history.h"

struct fuzz_folder {
    char *root, *state, *found, *seeds, *findings, *scoreboard; // paths
    int lock;
    // The state that outlives the process.
    char key[HISTORY_KEY_MAX];
    double seconds, total; // run so far, and to be run
    char **backends;       // names
    size_t backend_count;
    char *contracts; // list
    enum device_side device;
    int op;     // enum copy_op, or -1: each its own
    char *data; // list of fields of the source; NULL: none
    // What was no saved case among the user's files.
    uint64_t seed_count, skipped_count;
    char **skipped; // the first few, with why
    size_t skipped_kept;
};

// Makes the folder, or opens the one there is, with RESUME. False and one line
// in ERROR.
bool folder_open(struct fuzz_folder *f, const char *root, bool resume, struct error *error);
// Writes the state, whole or not at all.
bool folder_save(const struct fuzz_folder *f, struct error *error);
// Makes seeds of the user's files, of those in READY (or NULL), which are taken as
// they are, and of a few cases that are always tried.
bool folder_seed(struct fuzz_folder *f, const char *ready, struct error *error);
bool folder_add_seed(struct fuzz_folder *f, const struct copy_case *c, struct error *error);
void folder_close(struct fuzz_folder *f);

#endif
