// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The options of all commands, read by argp. Each command offers the groups it
// has a use for, and refuses the rest; an option that changes nothing would be
// a wrong answer.

#ifndef STORESCOPE_OPTIONS_H
#define STORESCOPE_OPTIONS_H

#include "reports/format.h"
#include "sweep/sweep.h"

enum option_group {
    OPTIONS_OUTPUT = 1,      // --format --output --color
    OPTIONS_RUN = 2,         // --recorder --timeout
    OPTIONS_CASES = 4,       // --op --size --dst --src --overlap --lower --fill --data --tunable
    OPTIONS_SWEEP = 8,       // --jobs --quiet
    OPTIONS_PICTURE = 16,    // --bus --loads --rows --verbose
    OPTIONS_LIST = 32,       // --all
    OPTIONS_CONTRACT = 64,   // --contract --device
    OPTIONS_EMULATE = 128,   // --cpu --link
    OPTIONS_CALL = 256,      // --call
    OPTIONS_SOURCE = 512,    // --source --cc
    OPTIONS_MACHINE = 1024,  // --on --map
    OPTIONS_AT = 2048,       // --at --device --run
    OPTIONS_SHARD = 4096,    // --shard
    OPTIONS_REPORTS = 8192,  // --report --json
    OPTIONS_HISTORY = 16384, // --history
    OPTIONS_PROVE = 32768,   // --prove, --full
};

// One --report FORMAT:FILE, or --json FILE.
struct report_request {
    const struct format *format;
    const char *path;   // into argv
    const char *option; // as it was given, for messages
};

// Of what a sweep found nothing against.
enum prove_when { PROVE_NOTHING, PROVE_QUICK, PROVE_FOR };

struct command_help;

struct options {
    enum format_command command;
    const struct command_help *help; // of that
    char *command_line;              // as a shell takes it; owned
    char **words;                    // arguments that are no options; into argv
    size_t word_count;
    char **own_words;   // words that are not the user's, NULL at the end; owned
    const char *call;   // into argv, or NULL
    const char *source; // likewise
    char **cc;          // compilers for it, into argv; owned
    size_t cc_count;
    struct plan_request cases;
    unsigned ops;               // bit per enum copy_op; 0: the backend's own
    struct contract *contracts; // owned
    char **contract_names;      // as they were given; into argv
    size_t contract_count;
    struct shard shard;
    bool has_device; // --device was given
    struct sweep_options run;
    const struct format *format;
    const char *output;          // NULL: standard output
    struct report_request *more; // further reports of the same sweep; owned
    size_t more_count;
    const char **history; // reports and folders of them, into argv; owned
    size_t history_count;
    enum color_when color;
    bool quiet, loads, verbose, all, missing, unreached, patterns;
    enum prove_when prove;
    bool has_prove;    // --prove was given
    uint64_t prove_ms; // PROVE_FOR: for one routine
    bool light;        // a default sweep is one of the sizes that matter
    bool full;         // --full was given
    uint64_t rows_max;
    unsigned bus;    // bytes; 0: no bus log
    const char *on;  // a machine's command line, into argv; NULL: none
    const char *map; // a map's file; NULL: none
    uint64_t at;     // a physical address of it
    bool has_at;
    bool run_there; // its own CPU runs the routine
    void *own;      // what the command's own parser fills
};

struct argp;

struct command_help {
    const char *name;            // "storescope check"
    const char *arguments;       // "BACKEND..."
    const char *about;           // what it does, \v, examples
    enum format_command command; // which formats it has
    unsigned groups;             // enum option_group
    const struct argp *own;      // options of this command alone, or NULL; see option_reader.h
    void *into;                  // what they are read into: options.own
    bool words_end_options;      // what follows the first word is another program's
};

// Reads a command line. When there is nothing more to do (--help was asked for,
// or an error was reported) returns false with the exit status in STATUS.
bool options_read(const struct command_help *help, int argc, char **argv, struct options *out,
                  int *status);
void options_free(struct options *o);

// Gives the first COUNT words, which name backends, the call of --call, where there is
// one. False and one line in ERROR.
bool options_call_words(struct options *o, size_t count, struct error *error);
// Takes WORD over; gives it back.
char *options_own(struct options *o, char *word);
// One such word. Valid as long as O; NULL and one line in ERROR. WORD itself where there
// is no --call.
char *options_called(struct options *o, char *word, struct error *error);

// Every built-in contract, where none was named.
void options_all_contracts(struct options *o);

#endif
