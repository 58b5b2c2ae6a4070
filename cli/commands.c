// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The table of commands: --help, man pages and completions follow from it.

#include "cli/cli.h"

const struct command commands[] = {
    {"list", "What is here, and what is not and why", command_list, &help_list},
    {"trace", "One call: every access as a picture, JSON or bus beats", command_trace, &help_trace},
    {"check", "Sweep routines and judge them under a contract", command_check, &help_check},
    {"compare", "The matrix of routines and contracts", command_compare, &help_compare},
    {"merge", "The reports of the shards of a sweep, put together", command_merge, &help_merge},
    {"emit", "What a compiler makes of copies of fixed sizes", command_emit, &help_emit},
    {"fuzz", "A campaign: libFuzzer and AFL++ side by side", command_fuzz, &help_fuzz},
    {"replay", "Saved cases and findings, again", command_replay, &help_replay},
    {"watch", "Run a program of any CPU: every store to mappings of one file", command_watch,
     &help_watch},
    {"probe", "Copies on one's own memory: a device's, huge pages", command_probe, &help_probe},
    {"prove", "Every address, alignment and size, by following every path", command_prove,
     &help_prove},
    {"explain", "What a rule, a contract or a word means, with its picture", command_explain,
     &help_explain},
};
const size_t command_count = sizeof commands / sizeof *commands;
