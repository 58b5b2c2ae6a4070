// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The command line: one function per command, given its own name and arguments
// as argv, and returning the exit status of the program.

#ifndef STORESCOPE_CLI_H
#define STORESCOPE_CLI_H

#include "cli/options/options.h"
#include "base/output.h"
#include "reports/report.h"

enum { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };

struct command {
    const char *name;
    const char *summary; // one line, for `storescope --help`
    int (*run)(int argc, char **argv);
    const struct command_help *help;
};
extern const struct command commands[];
extern const size_t command_count;

extern const struct command_help help_list, help_trace, help_check, help_compare, help_emit,
    help_fuzz, help_replay, help_watch;

int command_list(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_check(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_emit(int argc, char **argv);
int command_fuzz(int argc, char **argv);
int command_watch(int argc, char **argv);

// One line on stderr, "storescope: ...", whatever is in the message, and none for
// an empty one. Returns EXIT_TROUBLE.
int cli_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

// output_open for a report in that format, which may take a folder.
bool cli_open(struct output *o, const struct format *format, const char *path, char *error,
              size_t error_size);

// Ends a report; STATUS, or EXIT_TROUBLE when the report was lost.
int cli_close(struct output *o, int status);

// From now on the first SIGINT or SIGTERM sets the flag that is returned, and
// a second one kills.
const volatile int *cli_stop_on_signal(void);

#endif
