// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// For commands that have options of their own: what the parsers of options.c
// share. Each parser's input is a struct reading.

#ifndef STORESCOPE_OPTIONS_PARTS_H
#define STORESCOPE_OPTIONS_PARTS_H

#include "options.h"

#include <argp.h>

#define OPTION(name, key, argument, about) \
    {                                      \
        name, key, argument, 0, about, 0   \
    }

enum { JOBS_MAX = 1024, KEY_OWN = 0x1000 }; // keys of a command's own start there

struct reading {
    struct options *o;
    enum format_command command;
    char error[512]; // "": argp's own complaint, if any
    bool help;
};

// The message, and what a parser returns for it.
error_t options_refuse(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// A number alone, decimal or 0x hex.
bool options_count(const char *text, uint64_t *out);

error_t options_jobs(struct reading *r, const char *text);

#endif
