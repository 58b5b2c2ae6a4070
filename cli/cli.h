// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The command line: one function per command, given its own name and arguments
// as argv, and returning the exit status of the program.

#ifndef STORESCOPE_CLI_H
#define STORESCOPE_CLI_H

#include "base/error.h"
#include "base/output.h"
#include "cli/options/options.h"
#include "reports/report.h"

struct command {
    const char *name;
    const char *summary; // one line, for `storescope --help`
    int (*run)(int argc, char **argv);
    const struct command_help *help;
};
extern const struct command commands[];
extern const size_t command_count;

extern const struct command_help help_list, help_trace, help_check, help_compare, help_emit,
    help_fuzz, help_replay, help_watch, help_probe, help_prove, help_merge, help_explain;

int command_list(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_check(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_emit(int argc, char **argv);
int command_fuzz(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_prove(int argc, char **argv);
int command_explain(int argc, char **argv);

// output_open for a report in that format, which may take a folder.
bool cli_open(struct output *o, const struct format *format, const char *path, struct error *error);

// From now on the first SIGINT, SIGTERM or SIGHUP sets the flag that is returned,
// and a second one kills.
const volatile int *cli_stop_on_signal(void);

#endif
