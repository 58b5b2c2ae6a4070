// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Options that say what is told, how, and where it is written.

#include "cli/options/option_groups.h"

#include "base/memory.h"
#include "base/nearest.h"
#include "base/number.h"
#include "reports/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum option_key {
    KEY_HELP = 'h',
    KEY_OUTPUT = 'o',
    KEY_FORMAT = KEY_LONG,
    KEY_COLOR,
    KEY_JSON,
    KEY_REPORT,
    KEY_HISTORY,
    KEY_BUS,
    KEY_LOADS,
    KEY_ROWS,
    KEY_VERBOSE,
    KEY_ALL,
    KEY_MISSING,
};

static const struct argp_option output_options[] = {
    OPTION("format", KEY_FORMAT, "FORMAT", "How to report (default: by FILE's name, else text)"),
    OPTION("output", KEY_OUTPUT, "FILE", "Write to FILE, whole or not at all"),
    OPTION("color", KEY_COLOR, "WHEN", "auto, always or never (default: auto)"),
    OPTION("help", KEY_HELP, NULL, "Show this and exit"),
    {0},
};

_Static_assert(sizeof output_options / sizeof *output_options == OUTPUT_OPTIONS,
               "OUTPUT_OPTIONS counts them");
static const struct argp_option report_options[] = {
    OPTION("report", KEY_REPORT, "FORMAT:FILE",
           "Besides the report, write one in FORMAT to FILE; may be given again"),
    OPTION("json", KEY_JSON, "FILE", "The same as --report json:FILE"),
    {0},
};

static const struct argp_option history_options[] = {
    OPTION("history", KEY_HISTORY, "DIR|REPORT",
           "Earlier JSON reports, to show how verdicts changed over time; may be given again"),
    {0},
};

static const struct argp_option picture_options[] = {
    OPTION("bus", KEY_BUS, "BYTES", "Print the beats on a bus of that width instead"),
    OPTION("loads", KEY_LOADS, NULL, "Show loads as well"),
    OPTION("rows", KEY_ROWS, "N",
           "Rows shown before the middle is left out (default: 256); 0: all"),
    OPTION("verbose", KEY_VERBOSE, NULL,
           "Say as well of which instructions two decoders do not agree what is stored"),
    {0},
};

static const struct argp_option list_options[] = {
    OPTION("all", KEY_ALL, NULL, "Planted defects as well"),
    OPTION("missing", KEY_MISSING, NULL,
           "The routines that cannot run here, by the package or CPU feature that they lack"),
    {0},
};

static error_t read_format(struct reading *r, const char *option, const char *text, size_t length,
                           const struct format **out)
{
    char names[256], near_text[NEAREST_TEXT_MAX], *name = strndup(text, length);
    assert(name != NULL);
    *out = format_find(name, r->command);
    struct nearest n = {.wanted = name};
    for (size_t i = 0; i < format_count && *out == NULL; i++)
        if (formats[i]->commands & r->command)
            nearest_offer(&n, formats[i]->name);
    nearest_print(&n, near_text, sizeof near_text);
    free(name);
    format_names(r->command, ", ", names, sizeof names);
    return *out != NULL ? 0
                        : options_refuse(r, "--%s '%s': expected one of: %s%s", option, text, names,
                                         near_text);
}

static error_t read_output_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct options *o = r->o;
    switch (key) {
    case KEY_HELP:
        r->help = true;
        return ECANCELED;
    case KEY_FORMAT:
        r->has_format = true;
        return read_format(r, "format", text, strlen(text), &o->format);
    case KEY_OUTPUT:
        o->output = text;
        return 0;
    case KEY_COLOR:
        o->color = strcmp(text, "always") == 0  ? COLOR_ALWAYS
                   : strcmp(text, "never") == 0 ? COLOR_NEVER
                                                : COLOR_AUTO;
        return o->color != COLOR_AUTO || strcmp(text, "auto") == 0
                   ? 0
                   : options_refuse(r, "--color '%s': expected auto, always or never", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// FORMAT:FILE, FORMAT left out where it is PREFIX's.
static error_t read_result(struct reading *r, const char *option, const char *text,
                           const struct format *format)
{
    struct options *o = r->o;
    const char *colon = strchrnul(text, ':');
    struct report_request request = {.format = format, .path = text, .option = option};
    if (format == NULL) {
        if (*colon == '\0' || colon[1] == '\0')
            return options_refuse(
                r, "--report '%s': expected FORMAT:FILE, such as json:report.json", text);
        error_t problem = read_format(r, "report", text, (size_t)(colon - text), &request.format);
        if (problem != 0)
            return problem;
        request.path = colon + 1;
    }
    o->more = reallocarray(o->more, o->more_count + 1, sizeof *o->more);
    assert(o->more != NULL);
    o->more[o->more_count++] = request;
    return 0;
}

static error_t read_report_option(int key, char *text, struct argp_state *state)
{
    switch (key) {
    case KEY_JSON:
        return read_result(state->input, "json", text, &format_json);
    case KEY_REPORT:
        return read_result(state->input, "report", text, NULL);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_history_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key != KEY_HISTORY)
        return ARGP_ERR_UNKNOWN;
    o->history = must(reallocarray(o->history, o->history_count + 1, sizeof *o->history));
    o->history[o->history_count++] = text;
    return 0;
}

static error_t read_picture_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    uint64_t width;
    switch (key) {
    case KEY_BUS:
        if (!number_whole(text, &width) || !bus_width_is_valid(width))
            return options_refuse(
                r,
                "--bus '%s': expected the bus's width in bytes: 1, 2, 4, 8, 16, 32 "
                "or 64",
                text);
        r->o->bus = (unsigned)width;
        return 0;
    case KEY_LOADS:
        r->o->loads = true;
        return 0;
    case KEY_VERBOSE:
        r->o->verbose = true;
        return 0;
    case KEY_ROWS:
        return number_whole(text, &r->o->rows_max)
                   ? 0
                   : options_refuse(r, "--rows '%s': expected a number; 0 shows all", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_list_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    (void)text;
    o->all |= key == KEY_ALL;
    o->missing |= key == KEY_MISSING;
    return key == KEY_ALL || key == KEY_MISSING ? 0 : ARGP_ERR_UNKNOWN;
}

const struct argp options_output = {.options = output_options, .parser = read_output_option};

const struct argp options_report = {.options = report_options, .parser = read_report_option};

const struct argp options_history = {.options = history_options, .parser = read_history_option};

const struct argp options_picture = {.options = picture_options, .parser = read_picture_option};

const struct argp options_list = {.options = list_options, .parser = read_list_option};
