// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "options.h"

#include "bus.h"
#include "cli.h"
#include "options_parts.h"
#include "saved.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
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
    KEY_FILL,
    KEY_BUS,
    KEY_LOADS,
    KEY_ROWS,
    KEY_ALL,
    KEY_JSON,
    KEY_REPORT,
};

enum { TIMEOUT_DEFAULT_MS = 2000, TIMEOUT_MAX_MS = 3600000, ROWS_DEFAULT = 256 };

static const struct argp_option output_options[] = {
    OPTION("format", KEY_FORMAT, "FORMAT", "How to report (default: text)"),
    OPTION("output", KEY_OUTPUT, "FILE", "Write to FILE, whole or not at all"),
    OPTION("color", KEY_COLOR, "WHEN", "auto, always or never (default: auto)"),
    OPTION("help", KEY_HELP, NULL, "Show this and exit"),
    {0},
};
static const struct argp_option run_options[] = {
    OPTION("recorder", KEY_RECORDER, "NAME", "What records (see `storescope list recorders')"),
    OPTION("timeout", KEY_TIMEOUT, "TIME", "What one case may take: 500ms, 2s (default: 2s)"),
    {0},
};
static const struct argp_option case_options[] = {
    OPTION("op", KEY_OP, "OP", "memcpy, memmove or mempcpy (default: the backend's own)"),
    OPTION("size", KEY_SIZE, "RANGE", "Bytes to copy. RANGE is N, LO..HI or LO..HI:STEP"),
    OPTION("dst", KEY_DST, "RANGE", "Destination, bytes from a page start"),
    OPTION("src", KEY_SRC, "RANGE", "Source, bytes from a page start"),
    OPTION("overlap", KEY_OVERLAP, "RANGE", "Both in one buffer, dst - src bytes apart"),
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
    OPTION("report", KEY_REPORT, "FORMAT:FILE",
           "Besides the report, write one in FORMAT to FILE; may be given again"),
    OPTION("json", KEY_JSON, "FILE", "The same as --report json:FILE"),
    OPTION("quiet", KEY_QUIET, NULL, "Show no progress"),
    {0},
};
static const struct argp_option picture_options[] = {
    OPTION("fill", KEY_FILL, "N", "Seed of the data (default: 1); 0: both sides hold the same"),
    OPTION("bus", KEY_BUS, "BYTES", "Print the beats on a bus of that width instead"),
    OPTION("loads", KEY_LOADS, NULL, "Show loads as well"),
    OPTION("rows", KEY_ROWS, "N",
           "Rows shown before the middle is left out (default: 256); 0: all"),
    {0},
};
static const struct argp_option list_options[] = {
    OPTION("all", KEY_ALL, NULL, "Planted defects as well"),
    {0},
};

bool duration_parse(const char *text, unsigned *out_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    uint64_t value;
    const char *unit;
    if (!number_parse(text, &unit, &value) || value == 0 || value > TIMEOUT_MAX_MS)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].unit) == 0 && value * units[i].ms <= TIMEOUT_MAX_MS) {
            *out_ms = (unsigned)(value * units[i].ms);
            return true;
        }
    return false;
}

error_t options_refuse(struct reading *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->error, sizeof r->error, format, arguments);
    va_end(arguments);
    return EINVAL;
}

bool options_count(const char *text, uint64_t *out)
{
    const char *end;
    return number_parse(text, &end, out) && *end == '\0';
}

error_t options_jobs(struct reading *r, const char *text)
{
    uint64_t jobs;
    if (!options_count(text, &jobs) || jobs == 0 || jobs > JOBS_MAX)
        return options_refuse(r, "--jobs '%s': expected 1 to %d", text, JOBS_MAX);
    r->o->run.jobs = (unsigned)jobs;
    return 0;
}

static error_t read_range(struct reading *r, const char *name, const char *text, int64_t lo,
                          int64_t hi, struct range *out)
{
    if (range_parse(text, out) && out->lo >= lo && out->hi <= hi)
        return 0;
    return options_refuse(r, "--%s '%s': expected N, LO..HI or LO..HI:STEP within %lld..%lld", name,
                          text, (long long)lo, (long long)hi);
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
        if (*equals == '\0' || !options_count(equals + 1, &request->tunable[i]))
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

static error_t read_case_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct plan_request *request = &r->o->cases;
    const int64_t far = (int64_t)CASE_SIZE_MAX + CASE_GAP_MAX;
    enum copy_op op;
    switch (key) {
    case KEY_OP:
        if (!copy_op_parse(text, &op))
            return options_refuse(r, "--op '%s': expected memcpy, memmove or mempcpy", text);
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
    case KEY_TUNABLE:
        return read_tunable(r, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_format(struct reading *r, const char *option, const char *text, size_t length,
                           const struct format **out)
{
    char names[256], *name = strndup(text, length);
    assert(name != NULL);
    *out = format_find(name, r->command);
    free(name);
    format_names(r->command, ", ", names, sizeof names);
    return *out != NULL ? 0
                        : options_refuse(r, "--%s '%s': expected one of: %s", option, text, names);
}

// FORMAT:FILE, FORMAT left out where it is PREFIX's.
static error_t read_report(struct reading *r, const char *option, const char *text,
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

static void recorder_names(char *text, size_t text_size)
{
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; i < recorder_kind_count && length < text_size; i++)
        length += (size_t)snprintf(text + length, text_size - length, "%s%s", i ? ", " : "",
                                   recorder_kinds[i]->name);
}

static error_t read_run_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    char names[128];
    switch (key) {
    case KEY_RECORDER:
        r->o->run.recorder = recorder_find(text);
        recorder_names(names, sizeof names);
        return r->o->run.recorder != NULL
                   ? 0
                   : options_refuse(r,
                                    "--recorder '%s': there is none of that name; take one of: %s",
                                    text, names);
    case KEY_TIMEOUT:
        return duration_parse(text, &r->o->run.timeout_ms)
                   ? 0
                   : options_refuse(r, "--timeout '%s': expected 1ms to 60m, such as 500ms or 2s",
                                    text);
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
    if (!contract_load(text, contract, r->error, sizeof r->error))
        return EINVAL;
    for (size_t i = 0; i < o->contract_count; i++)
        if (strcmp(o->contracts[i].name, contract->name) == 0)
            return options_refuse(r,
                                  "--contract '%s': contract %s is given twice; give it once, or "
                                  "rename the one in the file",
                                  text, contract->name);
    o->contract_count++;
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
    case KEY_JSON:
        return read_report(r, "json", text, &format_json);
    case KEY_REPORT:
        return read_report(r, "report", text, NULL);
    case KEY_QUIET:
        r->o->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_picture_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    uint64_t width;
    switch (key) {
    case KEY_FILL:
        r->o->has_fill = true;
        return options_count(text, &r->o->fill)
                   ? 0
                   : options_refuse(r, "--fill '%s': expected a number, decimal or 0x hex", text);
    case KEY_BUS:
        if (!options_count(text, &width) || !bus_width_is_valid(width))
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
    case KEY_ROWS:
        return options_count(text, &r->o->rows_max)
                   ? 0
                   : options_refuse(r, "--rows '%s': expected a number; 0 shows all", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_list_option(int key, char *text, struct argp_state *state)
{
    (void)text;
    if (key != KEY_ALL)
        return ARGP_ERR_UNKNOWN;
    ((struct reading *)state->input)->o->all = true;
    return 0;
}

static const struct {
    enum option_group group;
    struct argp argp;
} groups[] = {
    {OPTIONS_CASES, {.options = case_options, .parser = read_case_option}},
    {OPTIONS_CONTRACT, {.options = contract_options, .parser = read_contract_option}},
    {OPTIONS_SWEEP, {.options = sweep_options, .parser = read_sweep_option}},
    {OPTIONS_PICTURE, {.options = picture_options, .parser = read_picture_option}},
    {OPTIONS_RUN, {.options = run_options, .parser = read_run_option}},
    {OPTIONS_LIST, {.options = list_options, .parser = read_list_option}},
    {OPTIONS_OUTPUT, {.options = output_options, .parser = read_output_option}},
};
enum { GROUP_COUNT = sizeof groups / sizeof *groups };

static error_t read_word(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        for (size_t i = 0; state->root_argp->children[i].argp != NULL; i++)
            state->child_inputs[i] = r;
        return 0;
    case ARGP_KEY_ARG:
        r->o->words[r->o->word_count++] = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static unsigned cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > JOBS_MAX ? JOBS_MAX : (unsigned)count;
}

// argp complains on stderr, in two lines; its complaint is caught here, so that
// the user sees one.
static error_t parse(const struct argp *argp, int argc, char **argv, struct reading *r,
                     char **complaint)
{
    size_t length;
    FILE *real = stderr, *caught = open_memstream(complaint, &length);
    assert(caught != NULL);
    stderr = caught;
    error_t problem = argp_parse(argp, argc, argv, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, r);
    stderr = real;
    fclose(caught);
    return problem;
}

static int report_problem(const struct command_help *help, const struct reading *r,
                          const char *complaint)
{
    size_t prefix = strlen(help->name);
    if (r->error[0] != '\0')
        return cli_trouble("%s", r->error);
    if (strncmp(complaint, help->name, prefix) == 0 && complaint[prefix] == ':')
        complaint += prefix + 2;
    return cli_trouble("%.*s; try `%s --help'", (int)strcspn(complaint, "\n"), complaint,
                       help->name);
}

static int show_help(const struct argp *argp, const char *name)
{
    struct output out;
    char error[512], *copy = strdup(name);
    assert(copy != NULL);
    if (!output_open(&out, NULL, error, sizeof error))
        return cli_trouble("%s", error);
    argp_help(argp, stdout, ARGP_HELP_STD_HELP, copy);
    free(copy);
    return cli_close(&out, EXIT_CLEAN);
}

// The command as a shell takes it, for a report's reader.
static char *command_line(const char *name, int argc, char **argv)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    fputs(name, out);
    for (int i = 1; i < argc; i++) {
        fputc(' ', out);
        look_quote(out, argv[i]);
    }
    fclose(out);
    return text;
}

bool options_read(const struct command_help *help, int argc, char **argv, struct options *o,
                  int *status)
{
    struct argp_child children[GROUP_COUNT + 2] = {0};
    struct reading r = {.o = o, .command = help->command};
    char *complaint = NULL;
    *o = (struct options){.command = help->command,
                          .rows_max = ROWS_DEFAULT,
                          .own = help->into,
                          .format = format_find("text", help->command)};
    o->run = (struct campaign_options){.recorder = recorder_kinds[0],
                                       .device = DEVICE_DST,
                                       .jobs = cores(),
                                       .timeout_ms = TIMEOUT_DEFAULT_MS};
    o->command_line = command_line(help->name, argc, argv);
    o->words = calloc((size_t)argc + 1, sizeof *o->words);
    assert(o->words != NULL);
    size_t own = 0;
    if (help->own != NULL)
        children[own++].argp = help->own;
    for (size_t i = 0; i < GROUP_COUNT; i++)
        if (help->groups & groups[i].group)
            children[own++].argp = &groups[i].argp;
    struct argp argp = {
        .parser = read_word, .args_doc = help->arguments, .doc = help->about, .children = children};
    char *name = strdup(help->name);
    argv[0] = name;
    error_t problem = parse(&argp, argc, argv, &r, &complaint);
    *status = r.help    ? show_help(&argp, help->name)
              : problem ? report_problem(help, &r, complaint)
                        : EXIT_CLEAN;
    free(complaint);
    free(name);
    argv[0] = NULL;
    if (r.help || problem)
        options_free(o);
    return !r.help && !problem;
}

void options_free(struct options *o)
{
    free(o->words);
    free(o->contracts);
    free(o->more);
    free(o->command_line);
    *o = (struct options){.words = NULL};
}
