// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where a report goes: standard output, or a file that appears whole or not at
// all. A file is written under no name or a temporary one in the same folder,
// synced, and renamed over PATH only when every byte of it was taken. What
// exists and is no plain file (a device, a pipe) is written to as it is.
//
// A program killed leaves the old file; and where the file system knows no files
// without a name, or in the instant between two calls, the temporary one.

#ifndef STORESCOPE_OUTPUT_H
#define STORESCOPE_OUTPUT_H

#include "base/error.h"
#include "base/terminal.h"

struct output {
    FILE *file;            // write here
    struct stream *stream; // what is behind it; NULL: somebody else's file
    char *path;            // NULL: standard output
    char *temporary;       // name to rename from; NULL: written in place
    bool nameless;         // the temporary file has no name yet
    bool quiet;            // output_end does not say that it was written
};

// PATH NULL or "-": standard output. Fails before any work is done when the
// folder is missing or may not be written; a pipe is waited for until somebody
// reads it, or a signal ends that (stopping.h). One line in ERROR.
bool output_open(struct output *o, const char *path, struct error *error);

// How a report that people read looks there. What they cannot read does not get
// there from now on (stream.h).
struct terminal output_terminal(struct output *o, enum color_when when);

// Do two open outputs end in one place?
bool output_same(const struct output *a, const struct output *b);

// Ends the report. False and one line in ERROR when any byte of it was lost;
// PATH is then as it was before. The line is empty where whoever read standard
// output has left, as `head' does, who wants no message.
bool output_close(struct output *o, struct error *error);

// Drops what was written; PATH stays as it was.
void output_abandon(struct output *o);

// Ends what a command writes, and says on stderr which file that was; STATUS, or
// EXIT_TROUBLE when it was lost, with a line on stderr.
int output_end(struct output *o, int status);

#endif
