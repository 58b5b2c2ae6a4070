// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The groups of options, as argp takes them.

#ifndef STORESCOPE_OPTION_GROUPS_H
#define STORESCOPE_OPTION_GROUPS_H

#include "cli/options/option_reader.h"

enum { OPTION_GROUPS = 15, OUTPUT_OPTIONS = 5, FORMATS_TEXT_MAX = 256 };

// The group of output as one command has it: which formats there are depends on that.
struct output_group {
    struct argp argp;
    struct argp_option options[OUTPUT_OPTIONS];
    char formats[FORMATS_TEXT_MAX];
};

// Writes the groups that a command offers to CHILDREN (room for OPTION_GROUPS) and
// gives their number. OUTPUT is filled for them, and must live as long.
size_t options_groups(const struct command_help *help, struct output_group *output,
                      struct argp_child *children);

#endif
