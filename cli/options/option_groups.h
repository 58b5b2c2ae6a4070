// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The groups of options, as argp takes them. Two groups may have the same keys: argp tells
// groups apart by itself. A letter is of one group only.

#ifndef STORESCOPE_OPTION_GROUPS_H
#define STORESCOPE_OPTION_GROUPS_H

#include "cli/options/option_reader.h"

enum { OPTION_GROUPS = 16, OUTPUT_OPTIONS = 5, FORMATS_TEXT_MAX = 256 };
enum { KEY_LONG = 0x100 }; // keys of options without a letter start there

// The groups themselves: option_routine.c, option_cases.c, option_run.c, option_report.c.
extern const struct argp options_call, options_source, options_emulate, options_machine, options_at;
extern const struct argp options_case;
extern const struct argp options_run, options_contract, options_sweep, options_shard, options_prove;
extern const struct argp options_output, options_report, options_history, options_picture,
    options_list;

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

// --device, of two groups.
error_t options_side(struct reading *r, const char *text);

#endif
