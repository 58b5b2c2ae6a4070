// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the parsers of options share, those of a command's own options as well. Each
// parser's input is a struct reading.

#ifndef STORESCOPE_OPTION_READER_H
#define STORESCOPE_OPTION_READER_H

#include "base/error.h"
#include "cli/options/options.h"

#include <argp.h>

#define OPTION(name, key, argument, about) \
    {                                      \
        name, key, argument, 0, about, 0   \
    }

enum { JOBS_MAX = 1024, KEY_OWN = 0x1000 }; // keys of a command's own start there

struct reading {
    struct options *o;
    enum format_command command;
    struct error error; // "": none of the parsers'
    bool help;
    bool has_format; // --format was given
    bool words_end_options;
};

// The message, and what a parser returns for it.
error_t options_refuse(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Every option of a command, in the order of its help.
typedef void options_visit(const struct argp_option *option, void *context);
void options_each(const struct command_help *help, options_visit *visit, void *context);

// Is NAME an option of the command, written without its hyphens: `check memcpy contract ram'?
bool options_have(const struct command_help *help, const char *name);

// One line on what was wrong: the parsers' own error, or the first word of ARGV that argp
// could not read.
int options_complain(const struct command_help *help, const struct reading *r, char *const *argv);
int options_show_help(const struct argp *argp, const char *name);

// The command as a shell takes it, for a report's reader. The caller frees it.
char *options_command_line(const char *name, int argc, char **argv);

error_t options_jobs(struct reading *r, const char *text);

#endif
