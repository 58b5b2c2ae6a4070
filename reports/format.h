// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The formats a report can have: one row of format.c each, whose functions are
// in the file of that name. A report takes the results of a sweep backend by
// backend and writes them at once where it can, so that a long sweep costs
// little memory; several reports of different formats can be made of one sweep.
// A format judges nothing, and ends no process: what cannot be written shows
// when the output is closed.

#ifndef STORESCOPE_FORMAT_H
#define STORESCOPE_FORMAT_H

#include "reports/report.h"
#include "sweep/sweep.h"

enum format_command {
    FORMAT_CHECK = 1,
    FORMAT_COMPARE = 2,
    FORMAT_TRACE = 4,
    FORMAT_LIST = 8,
    FORMAT_REPLAY = 16,
    FORMAT_FUZZ = 32,
    FORMAT_WATCH = 64,
    FORMAT_EMIT = 128,
    FORMAT_PROBE = 256,
    FORMAT_EXPLAIN = 512,
    FORMAT_PROVE = 1024,
    FORMAT_SWEEPS = FORMAT_CHECK | FORMAT_COMPARE | FORMAT_EMIT,
};

// What holds for the whole run, and for every report of it.
struct run_facts {
    enum format_command command;
    const char *command_line; // as a shell takes it; NULL: unknown
    const char *date;         // of the sweep, as clock_date has it; NULL or "": not known
    const struct host *host;
    const struct backend *const *backends; // all that are swept
    size_t backend_count;
    const struct contract *contracts;
    size_t contract_count;
    const struct sweep_options *run; // recorder, device side, jobs
    const struct totals *totals;     // so far; complete when `end` is called
    bool unreached;                  // list the instructions that no case reached
    bool patterns;                   // say which stores are made for which sizes
    const struct baseline *baseline; // likewise; NULL: nothing was compared with
    const struct sweep_head *sweep;  // what was asked for, all of it; NULL: nobody says
    const struct history *history;   // earlier reports; NULL: none were given
    const char *note;                // a line on what the report is made of; NULL: a whole sweep
};

struct format;
struct history;
struct sweep_head;

// One report being written.
struct report {
    const struct format *format;
    const struct run_facts *facts;
    FILE *out;
    struct terminal terminal; // of `out`
    void *state;              // the format's own, from begin to end
    char trouble[128];        // why the report is lost, though `out` is not; "": it is not
};

struct format {
    const char *name;
    const char *about;       // one phrase, for --help
    const char *suffix;      // of files that are taken to be in it, without the dot; or NULL
    unsigned commands;       // enum format_command bits
    const char *folder_file; // file to write where FILE is a folder; NULL: refused
    bool values;             // TRACE: capture the bytes of every store
    bool board;              // TRACE: shows what arrived at a machine's devices
    bool charts, patterns;   // FORMAT_SWEEPS: see sweep_options

    // FORMAT_SWEEPS. `begin` once; `add` after each backend, with COUNT
    // results, one a contract, that are gone after the call; `end` once, also
    // after an interruption. Workers are forked between the calls.
    void (*begin)(struct report *r);
    void (*add)(struct report *r, const struct result *results, size_t count);
    void (*end)(struct report *r);

    // TRACE: one recorded case.
    void (*trace)(struct report *r, const struct trace_report *trace);
};

// In the order in which they are offered. A name may stand in several rows, for
// different commands.
extern const struct format *const formats[];
extern const size_t format_count;

// NULL when the command has no format of that name.
const struct format *format_find(const char *name, enum format_command command);

// That of a file of such a name; NULL where the name says nothing.
const struct format *format_of_file(const char *path, enum format_command command);

// "text, json, csv": the names of a command's formats.
void format_names(enum format_command command, const char *separator, char *text, size_t text_size);

extern const struct format format_text_check, format_text_compare, format_text_emit;
extern const struct format format_text_trace;
extern const struct format format_json, format_sarif, format_junit, format_csv, format_markdown;
extern const struct format format_verdicts;
extern const struct format format_map;
extern const struct format format_svg, format_html, format_html_trace, format_litmus;

#endif
