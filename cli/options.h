// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The options of all commands, read by argp. Each command offers the groups it
// has a use for, and refuses the rest; an option that changes nothing would be
// a wrong answer.

#ifndef STORESCOPE_OPTIONS_H
#define STORESCOPE_OPTIONS_H

#include "campaign.h"
#include "look.h"

enum report_format { FORMAT_TEXT, FORMAT_JSON };

enum option_group {
    OPTIONS_OUTPUT = 1,   // --format --output --color
    OPTIONS_RUN = 2,      // --recorder --timeout
    OPTIONS_CASES = 4,    // --op --size --dst --src --overlap --tunable
    OPTIONS_SWEEP = 8,    // --contract --device --jobs --quiet
    OPTIONS_PICTURE = 16, // --fill --bus --loads --rows
    OPTIONS_LIST = 32,    // --all
    OPTIONS_WATCH = 64,   // --map --arch --sysroot --cpu --qemu --values --accesses --loads --bus;
                          // the first word ends the options
};

// What `watch` is told besides.
struct watch_options {
    const char *map;                         // NULL: missing
    const char *arch, *sysroot, *cpu, *qemu; // NULL: as the program says
    bool values, accesses;
};

struct options {
    char **words; // arguments that are no options; into argv
    size_t word_count;
    struct plan_request cases;
    unsigned ops; // bit per enum copy_op; 0: the backend's own
    bool has_fill;
    uint64_t fill;
    struct contract *contracts; // owned
    size_t contract_count;
    struct campaign_options run;
    enum report_format format;
    const char *output; // NULL: standard output
    const char *json;   // file for the same report as JSON; NULL: none
    enum color_when color;
    bool quiet, loads, all;
    uint64_t rows_max;
    unsigned bus; // bytes; 0: no bus log
    struct watch_options watch;
};

struct command_help {
    const char *name;      // "storescope check"
    const char *arguments; // "BACKEND..."
    const char *about;     // what it does, \v, examples
    unsigned groups;       // enum option_group
};

// Reads a command line. When there is nothing more to do (--help was asked for,
// or an error was reported) returns false with the exit status in STATUS.
bool options_read(const struct command_help *help, int argc, char **argv, struct options *out,
                  int *status);
void options_free(struct options *o);

// "500ms", "2s", "1m" as milliseconds.
bool duration_parse(const char *text, unsigned *out_ms);

#endif
