// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The groups of options that commands offer, and what reads each.

#include "cli/options/option_groups.h"

#include "backends/cross_symbols.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/number.h"
#include "cli/meant.h"
#include "findings/saved_case.h"
#include "reports/bus.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum option_key {
    KEY_HELP = 'h',
    KEY_OUTPUT = 'o',
    KEY_QUIET = 'q',
    KEY_JOBS = 'j',
    KEY_CONTRACT = 'c',
    KEY_FORMAT = 0x100,
    KEY_COLOR,
    KEY_RECORDER,
    KEY_TIMEOUT,
    KEY_OP,
    KEY_SIZE,
    KEY_DST,
    KEY_SRC,
    KEY_OVERLAP,
    KEY_TUNABLE,
    KEY_DEVICE,
    KEY_LOWER,
    KEY_FILL,
    KEY_DATA,
    KEY_BUS,
    KEY_LOADS,
    KEY_VERBOSE,
    KEY_ROWS,
    KEY_ALL,
    KEY_MISSING,
    KEY_JSON,
    KEY_REPORT,
    KEY_CPU,
    KEY_LINK,
    KEY_CALL,
    KEY_SOURCE,
    KEY_CC,
    KEY_ON,
    KEY_AT,
    KEY_RUN,
    KEY_MAP,
    KEY_SHARD,
    KEY_HISTORY,
};

enum { TIMEOUT_MAX_MS = 3600000 };

static const struct argp_option output_options[] = {
    OPTION("format", KEY_FORMAT, "FORMAT", "How to report (default: by FILE's name, else text)"),
    OPTION("output", KEY_OUTPUT, "FILE", "Write to FILE, whole or not at all"),
    OPTION("color", KEY_COLOR, "WHEN", "auto, always or never (default: auto)"),
    OPTION("help", KEY_HELP, NULL, "Show this and exit"),
    {0},
};
_Static_assert(sizeof output_options / sizeof *output_options == OUTPUT_OPTIONS,
               "OUTPUT_OPTIONS counts them");
static const struct argp_option run_options[] = {
    OPTION("recorder", KEY_RECORDER, "NAME", "What records (see `storescope list recorders')"),
    OPTION("timeout", KEY_TIMEOUT, "TIME", "What one case may take: 500ms, 2s (default: 2s)"),
    {0},
};
static const struct argp_option emulate_options[] = {
    OPTION("cpu", KEY_CPU, "MODEL",
           "The CPU that is emulated, as `qemu-ARCH -cpu help' lists them (default: the plainest "
           "that has what the routine uses)"),
    OPTION("link", KEY_LINK, "FILE",
           "An archive or object file that defines what the routine's own file does not; may be "
           "given again"),
    {0},
};
static const struct argp_option case_options[] = {
    OPTION("op", KEY_OP, "OP",
           "memcpy, memmove, mempcpy, set, to-fifo or from-fifo (default: the backend's own)"),
    OPTION("size", KEY_SIZE, "RANGE", "Bytes to copy. RANGE is N, LO..HI, ..HI or LO..HI:STEP"),
    OPTION("dst", KEY_DST, "RANGE", "Destination, bytes from a page start"),
    OPTION("src", KEY_SRC, "RANGE", "Source, bytes from a page start"),
    OPTION("overlap", KEY_OVERLAP, "RANGE", "Both in one buffer, dst - src bytes apart"),
    OPTION("lower", KEY_LOWER, "WHICH",
           "Which of two buffers lies at lower addresses: dst, src or both in turn (default: each "
           "in about half of the cases, or both where they are few; trace: src)"),
    OPTION("fill", KEY_FILL, "DATA",
           "What the buffers hold: different, equal, zeros, ones, equal-zeros, equal-ones, or the "
           "number of a seed (default: different, and some of each; trace: 1)"),
    OPTION("data", KEY_DATA, "FIELD=RANGE",
           "Set a field of the source, such as u32@4=64 or u16@0=1..9: a number of 8, 16, 32 or 64 "
           "bits at a byte, in the CPU's byte order; may be given again"),
    OPTION("tunable", KEY_TUNABLE, "NAME=VALUE",
           "Set a libc's threshold: nt, rep, rep-stop, half-cache or string"),
    {0},
};
static const struct argp_option contract_options[] = {
    OPTION("contract", KEY_CONTRACT, "NAME|FILE",
           "A kind of memory (see `storescope list contracts'), or a file; may be given again"),
    OPTION("device", KEY_DEVICE, "SIDE",
           "Which side is that memory: dst, src or both (default: dst)"),
    {0},
};
static const struct argp_option sweep_options[] = {
    OPTION("jobs", KEY_JOBS, "N", "Worker processes (default: the cores there are)"),
    OPTION("quiet", KEY_QUIET, NULL, "Show no progress"),
    {0},
};
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
static const struct argp_option shard_options[] = {
    OPTION("shard", KEY_SHARD, "K/N",
           "Only part K of N of the sweep, such as 2/8: the others are for other machines, and "
           "`storescope merge' puts the JSON reports of all together"),
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
static const struct argp_option call_options[] = {
    OPTION("call", KEY_CALL, "SIGNATURE",
           "How the routine is called, and what it gives back: 'void copy(dst, src, n/4)' "
           "(default: as its op is)"),
    {0},
};
static const struct argp_option source_options[] = {
    OPTION("source", KEY_SOURCE, "FILE",
           "Take the routine from this C, C++ or assembly file or header; BACKEND is then its "
           "name, or left out where --call names it"),
    OPTION("cc", KEY_CC, "COMMAND",
           "The compiler for --source and its options, of any CPU (default: gcc -O2); may be "
           "given again"),
    {0},
};
static const struct argp_option machine_options[] = {
    OPTION("on", KEY_ON, "MACHINE",
           "A machine, as a command line of qemu-system: 'qemu-system-aarch64 -M virt'"),
    OPTION("map", KEY_MAP, "FILE", "A memory map of your own in its place (docs/devices.md)"),
    {0},
};
static const struct argp_option at_options[] = {
    OPTION("at", KEY_AT, "ADDRESS",
           "Where in that machine's memory the page of the destination lies: what arrives at the "
           "device there is shown"),
    OPTION("device", KEY_DEVICE, "SIDE", "Which side lies there: dst or src (default: dst)"),
    OPTION("run", KEY_RUN, NULL,
           "The machine's own CPU runs the routine there, without an operating system (AArch64, "
           "RISC-V of 64 bits, x86-64)"),
    {0},
};
static const struct argp_option list_options[] = {
    OPTION("all", KEY_ALL, NULL, "Planted defects as well"),
    OPTION("missing", KEY_MISSING, NULL,
           "The routines that cannot run here, by the package or CPU feature that they lack"),
    {0},
};

error_t options_refuse(struct reading *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->error.text, sizeof r->error.text, format, arguments);
    va_end(arguments);
    return EINVAL;
}

error_t options_jobs(struct reading *r, const char *text)
{
    uint64_t jobs;
    if (!number_whole(text, &jobs) || jobs == 0 || jobs > JOBS_MAX)
        return options_refuse(r, "--jobs '%s': expected 1 to %d", text, JOBS_MAX);
    r->o->run.jobs = (unsigned)jobs;
    return 0;
}

static error_t read_range(struct reading *r, const char *name, const char *text, int64_t lo,
                          int64_t hi, struct range *out)
{
    if (range_parse(text, out) && out->lo >= lo && out->hi <= hi)
        return 0;
    return options_refuse(r, "--%s '%s': expected N, LO..HI, ..HI or LO..HI:STEP within %lld..%lld",
                          name, text, (long long)lo, (long long)hi);
}

static error_t read_tunable(struct reading *r, const char *text)
{
    const char *equals = strchrnul(text, '=');
    size_t length = (size_t)(equals - text);
    struct plan_request *request = &r->o->cases;
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        const char *name = case_tunables[i].name;
        if (strlen(name) != length || strncmp(text, name, length) != 0)
            continue;
        if (*equals == '\0' || !number_whole(equals + 1, &request->tunable[i]))
            break;
        request->has_tunables = true;
        return 0;
    }
    return options_refuse(
        r,
        "--tunable '%s': expected nt=N, rep=N, rep-stop=N, half-cache=N or string=N, "
        "such as nt=0x4040",
        text);
}

static error_t read_lower(struct reading *r, const char *text)
{
    struct plan_request *request = &r->o->cases;
    bool below, both = strcmp(text, "both") == 0;
    if (!both && !case_parse_lower(text, &below))
        return options_refuse(r, "--lower '%s': expected dst, src or both", text);
    request->has_lower = true;
    request->order = both ? ORDER_BOTH : below ? ORDER_DST : ORDER_SRC;
    return 0;
}

static error_t read_fill(struct reading *r, const char *text)
{
    struct plan_request *request = &r->o->cases;
    struct copy_case c;
    if (!case_parse_fill(text, &c))
        return options_refuse(r, "--fill '%s': expected %s", text, case_fill_expected);
    request->has_fill = true;
    request->fill = (struct plane_fill){strcmp(text, "different") != 0, c.data, c.fill};
    return 0;
}

static error_t read_data(struct reading *r, const char *text)
{
    struct plan_request *request = &r->o->cases;
    struct plan_field f;
    struct error error;
    if (!plan_field_parse(text, &f, &error))
        return options_refuse(r, "--data '%s': %s", text, error.text);
    if (request->field_count == CASE_FIELDS_MAX)
        return options_refuse(r, "--data '%s': expected at most %d fields", text, CASE_FIELDS_MAX);
    request->fields[request->field_count++] = f;
    return 0;
}

static error_t read_case_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct plan_request *request = &r->o->cases;
    const int64_t far = (int64_t)CASE_SIZE_MAX + CASE_GAP_MAX;
    enum copy_op op;
    switch (key) {
    case KEY_OP:
        if (!copy_op_parse(text, &op))
            return options_refuse(r, "--op '%s': expected %s", text, copy_op_expected);
        r->o->ops |= 1u << op;
        return 0;
    case KEY_SIZE:
        return read_range(r, "size", text, 0, (int64_t)CASE_SIZE_MAX, &request->size);
    case KEY_DST:
        return read_range(r, "dst", text, 0, PAGE_BYTES - 1, &request->dst);
    case KEY_SRC:
        return read_range(r, "src", text, 0, PAGE_BYTES - 1, &request->src);
    case KEY_OVERLAP:
        return read_range(r, "overlap", text, -far, far, &request->overlap);
    case KEY_LOWER:
        return read_lower(r, text);
    case KEY_FILL:
        return read_fill(r, text);
    case KEY_DATA:
        return read_data(r, text);
    case KEY_TUNABLE:
        return read_tunable(r, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

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

static error_t read_recorder(struct reading *r, const char *text)
{
    char names[128] = "", near_text[NEAREST_TEXT_MAX];
    size_t length = 0;
    struct nearest n = {.wanted = text};
    r->o->run.recorder = recorder_find(text);
    if (r->o->run.recorder != NULL)
        return 0;
    for (size_t i = 0; i < recorder_kind_count && length < sizeof names; i++) {
        nearest_offer(&n, recorder_kinds[i]->name);
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                   recorder_kinds[i]->name);
    }
    nearest_print(&n, near_text, sizeof near_text);
    return options_refuse(r, "--recorder '%s': there is none of that name%s; take one of: %s", text,
                          near_text, names);
}

static error_t read_run_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    uint64_t ms;
    switch (key) {
    case KEY_RECORDER:
        return read_recorder(r, text);
    case KEY_TIMEOUT:
        if (!number_time(text, NUMBER_MS, NUMBER_M, TIMEOUT_MAX_MS, &ms))
            return options_refuse(r, "--timeout '%s': expected 1ms to 60m, such as 500ms or 2s",
                                  text);
        r->o->run.timeout_ms = (unsigned)ms;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_contract(struct reading *r, const char *text)
{
    struct options *o = r->o;
    o->contracts = reallocarray(o->contracts, o->contract_count + 1, sizeof *o->contracts);
    assert(o->contracts != NULL);
    struct contract *contract = &o->contracts[o->contract_count];
    if (!contract_load(text, contract, &r->error)) {
        meant_add(text, &r->error);
        return EINVAL;
    }
    for (size_t i = 0; i < o->contract_count; i++)
        if (contract_same(o->contracts[i].name, contract->name))
            return options_refuse(r, "--contract '%s' is given twice; give it once", text);
    o->contract_names = reallocarray(o->contract_names, o->contract_count + 1, sizeof(char *));
    assert(o->contract_names != NULL);
    o->contract_names[o->contract_count++] = (char *)(uintptr_t)text;
    return 0;
}

static error_t read_contract_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case KEY_CONTRACT:
        return read_contract(r, text);
    case KEY_DEVICE:
        r->o->has_device = true;
        return device_side_parse(text, &r->o->run.device)
                   ? 0
                   : options_refuse(r, "--device '%s': expected dst, src or both", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_sweep_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case KEY_JOBS:
        return options_jobs(r, text);
    case KEY_QUIET:
        r->o->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
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

static error_t read_shard_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    if (key != KEY_SHARD)
        return ARGP_ERR_UNKNOWN;
    return shard_parse(text, &r->o->shard)
               ? 0
               : options_refuse(r,
                                "--shard '%s': expected K/N, part K of N, from 1/N to N/N, N at "
                                "most %d",
                                text, SHARDS_MAX);
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

// Tools read it in a folder of their own, so its path is made absolute.
static error_t read_link(struct reading *r, const char *text)
{
    struct recorder_setup *setup = &r->o->run.setup;
    struct error why;
    char *path = realpath(text, NULL);
    if (path == NULL)
        return options_refuse(r, "--link '%s': %s", text, strerror(errno));
    setup->link = reallocarray(setup->link, setup->link_count + 1, sizeof *setup->link);
    assert(setup->link != NULL);
    setup->link[setup->link_count++] = path;
    return elf_can_be_linked(path, &why) ? 0 : options_refuse(r, "--link '%s': %s", text, why.text);
}

static error_t read_emulate_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case KEY_CPU:
        if (*text == '\0' || strlen(text) >= RECORDER_CPU_MAX)
            return options_refuse(r, "--cpu '%s': expected a model, such as cortex-a53", text);
        r->o->run.setup.cpu = text;
        return 0;
    case KEY_LINK:
        return read_link(r, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_call_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key != KEY_CALL)
        return ARGP_ERR_UNKNOWN;
    if (o->call != NULL)
        return options_refuse(state->input, "--call '%s' is given twice; give it once", text);
    o->call = text;
    return 0;
}

static error_t read_source_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    switch (key) {
    case KEY_SOURCE:
        if (o->source != NULL)
            return options_refuse(state->input, "--source '%s' is a second one; give one", text);
        o->source = text;
        return 0;
    case KEY_CC:
        o->cc = reallocarray(o->cc, o->cc_count + 1, sizeof *o->cc);
        assert(o->cc != NULL);
        o->cc[o->cc_count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_machine_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key == KEY_MAP) {
        o->map = text;
        return 0;
    }
    if (key != KEY_ON)
        return ARGP_ERR_UNKNOWN;
    if (strstr(text, "qemu-system") == NULL)
        return options_refuse(state->input,
                              "--on '%s': expected a command line of qemu-system, such as "
                              "'qemu-system-aarch64 -M virt'",
                              text);
    o->on = text;
    return 0;
}

static error_t read_at_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    if (key == KEY_DEVICE)
        return read_contract_option(key, text, state);
    if (key == KEY_RUN) {
        o->run_there = true;
        return 0;
    }
    if (key != KEY_AT)
        return ARGP_ERR_UNKNOWN;
    o->has_at = true;
    return number_whole(text, &o->at)
               ? 0
               : options_refuse(state->input,
                                "--at '%s': expected a physical address, such as 0x09000000", text);
}

static error_t read_list_option(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct reading *)state->input)->o;
    (void)text;
    o->all |= key == KEY_ALL;
    o->missing |= key == KEY_MISSING;
    return key == KEY_ALL || key == KEY_MISSING ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct {
    enum option_group group;
    struct argp argp;
} groups[] = {
    {OPTIONS_CALL, {.options = call_options, .parser = read_call_option}},
    {OPTIONS_SOURCE, {.options = source_options, .parser = read_source_option}},
    {OPTIONS_CASES, {.options = case_options, .parser = read_case_option}},
    {OPTIONS_CONTRACT, {.options = contract_options, .parser = read_contract_option}},
    {OPTIONS_SWEEP, {.options = sweep_options, .parser = read_sweep_option}},
    {OPTIONS_REPORTS, {.options = report_options, .parser = read_report_option}},
    {OPTIONS_HISTORY, {.options = history_options, .parser = read_history_option}},
    {OPTIONS_SHARD, {.options = shard_options, .parser = read_shard_option}},
    {OPTIONS_PICTURE, {.options = picture_options, .parser = read_picture_option}},
    {OPTIONS_RUN, {.options = run_options, .parser = read_run_option}},
    {OPTIONS_EMULATE, {.options = emulate_options, .parser = read_emulate_option}},
    {OPTIONS_MACHINE, {.options = machine_options, .parser = read_machine_option}},
    {OPTIONS_AT, {.options = at_options, .parser = read_at_option}},
    {OPTIONS_LIST, {.options = list_options, .parser = read_list_option}},
    {OPTIONS_OUTPUT, {.options = output_options, .parser = read_output_option}},
};
_Static_assert(sizeof groups / sizeof *groups == OPTION_GROUPS, "OPTION_GROUPS counts them");

// An option as a command has it: which formats there are depends on that. TEXT
// is where the text is made.
static struct argp_option option_of(const struct argp_option *option, enum format_command command,
                                    char *text, size_t text_size)
{
    struct argp_option mine = *option;
    if (option->key != KEY_FORMAT)
        return mine;
    size_t length = (size_t)snprintf(text, text_size, "How to report: ");
    format_names(command, ", ", text + length, text_size - length);
    length = strlen(text);
    snprintf(text + length, text_size - length,
             " (default: by the name of --output's FILE, else text)");
    mine.doc = text;
    return mine;
}

static void visit_one(const struct argp_option *option, const struct command_help *help,
                      options_visit *visit, void *context)
{
    char text[FORMATS_TEXT_MAX];
    struct argp_option mine = option_of(option, help->command, text, sizeof text);
    visit(&mine, context);
}

void options_each(const struct command_help *help, options_visit *visit, void *context)
{
    const struct argp_option *at = help->own != NULL ? help->own->options : NULL;
    for (; at != NULL && at->name != NULL; at++)
        visit_one(at, help, visit, context);
    for (size_t i = 0; i < OPTION_GROUPS; i++)
        if (help->groups & groups[i].group)
            for (at = groups[i].argp.options; at->name != NULL; at++)
                visit_one(at, help, visit, context);
}

size_t options_groups(const struct command_help *help, struct output_group *output,
                      struct argp_child *children)
{
    size_t n = 0;
    for (size_t i = 0; i < OUTPUT_OPTIONS; i++)
        output->options[i] =
            option_of(&output_options[i], help->command, output->formats, sizeof output->formats);
    output->argp = (struct argp){.options = output->options, .parser = read_output_option};
    for (size_t i = 0; i < OPTION_GROUPS; i++)
        if (help->groups & groups[i].group)
            children[n++].argp =
                groups[i].group == OPTIONS_OUTPUT ? &output->argp : &groups[i].argp;
    return n;
}
