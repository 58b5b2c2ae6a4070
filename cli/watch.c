// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/number.h"
#include "cli/cli.h"
#include "cli/options/option_reader.h"
#include "reports/bus.h"
#include "reports/watch/watch_report.h"
#include "watch/interpreter.h"

#include <string.h>
#include <unistd.h>

// What `watch` alone is told.
struct watch_options {
    const char *map;                         // NULL: missing
    const char *arch, *sysroot, *cpu, *qemu; // NULL: as the program says
    const char *function;                    // NULL: every one
    bool values, accesses;
};

enum {
    KEY_MAP = KEY_OWN,
    KEY_ARCH,
    KEY_SYSROOT,
    KEY_CPU,
    KEY_QEMU,
    KEY_VALUES,
    KEY_ACCESSES,
    KEY_WATCH_LOADS,
    KEY_WATCH_BUS,
    KEY_WATCH_ROWS,
    KEY_FUNCTION,
};

static const struct argp_option own_options[] = {
    OPTION("map", KEY_MAP, "FILE", "The file, device or shared memory whose mappings are watched"),
    OPTION("arch", KEY_ARCH, "ARCH", "Refuse a program of another CPU: aarch64, riscv64, x86_64"),
    OPTION("sysroot", KEY_SYSROOT, "DIR", "Where the program's CPU has its libraries"),
    OPTION("cpu", KEY_CPU, "MODEL", "What to emulate (aarch64: cortex-a57; else QEMU's default)"),
    OPTION("qemu", KEY_QEMU, "FILE", "The emulator (default: qemu-ARCH in PATH)"),
    OPTION("function", KEY_FUNCTION, "NAME",
           "Only what the routine of that symbol does, and what it calls"),
    OPTION("accesses", KEY_ACCESSES, NULL, "Show every access instead of calls"),
    OPTION("loads", KEY_WATCH_LOADS, NULL, "Show what only loads as well"),
    OPTION("bus", KEY_WATCH_BUS, "BYTES",
           "Print the beats of the stores on a bus of that width instead"),
    OPTION("rows", KEY_WATCH_ROWS, "N",
           "Calls shown before the middle is left out (default: 256); 0: all"),
    OPTION("values", KEY_VALUES, NULL,
           "Read back what was stored even where FILE is a device, on which a read may act"),
    {0},
};

static error_t read_bus(struct reading *r, const char *text)
{
    uint64_t width;
    if (!number_whole(text, &width) || !bus_width_is_valid(width))
        return options_refuse(
            r, "--bus '%s': expected the bus's width in bytes: 1, 2, 4, 8, 16, 32 or 64", text);
    r->o->bus = (unsigned)width;
    return 0;
}

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct watch_options *own = r->o->own;
    switch (key) {
    case KEY_MAP:
        own->map = text;
        return 0;
    case KEY_ARCH:
        own->arch = text;
        return 0;
    case KEY_SYSROOT:
        own->sysroot = text;
        return 0;
    case KEY_CPU:
        own->cpu = text;
        return 0;
    case KEY_QEMU:
        own->qemu = text;
        return 0;
    case KEY_FUNCTION:
        own->function = text;
        return 0;
    case KEY_VALUES:
        own->values = true;
        return 0;
    case KEY_ACCESSES:
        own->accesses = true;
        return 0;
    case KEY_WATCH_LOADS:
        r->o->loads = true;
        return 0;
    case KEY_WATCH_BUS:
        return read_bus(r, text);
    case KEY_WATCH_ROWS:
        return number_whole(text, &r->o->rows_max)
                   ? 0
                   : options_refuse(r, "--rows '%s': expected a number; 0 shows all", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_watch = {
    .name = "storescope watch",
    .arguments = "--map FILE [--] PROGRAM [ARGUMENT...]",
    .about =
        "Runs a program, of any CPU that QEMU emulates, and shows every store it makes to "
        "mappings of FILE, call by call: which function, how wide, in which order, and what it "
        "stored twice. With --contract it judges them, as far as that can be without the request."
        "\vFILE is a file, a device node or shared memory (/dev/shm/NAME). Nothing has to be "
        "rebuilt, and no root is needed. The program keeps its input, output and environment; the "
        "report follows on standard output when it has ended, or goes to --output FILE. Forks, "
        "threads and further programs of the same CPU are watched as well.\n\n"
        "Examples:\n"
        "  truncate -s 4096 bar\n"
        "  storescope watch --map bar -- ./driver bar\n"
        "  storescope watch --map bar --accesses --loads -- python3 driver.py bar\n"
        "  storescope watch --map /dev/uio0 --bus 4 -o beats.txt -- ./driver\n"
        "  storescope watch --map bar --bus 4 --sysroot /usr/aarch64-linux-gnu -- ./driver.arm64 "
        "bar\n"
        "  storescope watch --map bar --contract mmio --function send -- ./driver bar\n\n"
        "A program of this machine's own CPU runs under QEMU, too: one without AVX-512, for which "
        "a libc may choose other routines than for the real one. docs/watch.md tells more.\n\n"
        "Exit status: 0 the program ran, whatever it returned (the report says it); 1 a rule of "
        "--contract was broken; 2 it could not be started, never mapped FILE, or the record is "
        "not whole.",
    .command = FORMAT_WATCH,
    .own = &own_argp,
    .groups = OPTIONS_OUTPUT | OPTIONS_CONTRACT,
    .words_end_options = true,
};

// Where the report is written while the program runs: its own output shall not
// be mixed into what it prints.
static FILE *spool(const struct output *out)
{
    return out->path != NULL ? out->file : tmpfile();
}

static void unspool(FILE *spooled, FILE *out)
{
    char chunk[65536];
    if (spooled == out)
        return;
    rewind(spooled);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, spooled)) > 0;)
        fwrite(chunk, 1, got, out);
    fclose(spooled);
}

// Nothing was mapped: perhaps because the program never began.
static int tell_unmapped(const struct watch_session *session)
{
    struct interpreter_lack lack;
    const char *program = session->target.path;
    if (!interpreter_is_missing(program, session->sysroot, &lack))
        return error_tell("the program never mapped '%s'; is that the file it opens?",
                          session->file);
    return error_tell("'%s' did not start: it needs %s, which is not here; say where its CPU has "
                      "its libraries: --sysroot %s",
                      program, lack.interpreter,
                      lack.sysroot[0] ? lack.sysroot : "DIR (cross compilers' are /usr/TRIPLET)");
}

// EXIT_TROUBLE, and why on stderr, when the report cannot be relied on.
static int judge(const struct watch_log *log, const struct call_judge *calls,
                 const struct watch_options *own, const struct watch_session *session)
{
    const char *file = session->file;
    enum watch_note kind;
    const char *text;
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++)
        if (kind == NOTE_BROKEN)
            return error_tell("the record is not whole: %s", text);
    if (watch_log_totals(log)->mappings == 0)
        return tell_unmapped(session);
    if (own->function != NULL && watch_log_totals(log)->calls == 0)
        return error_tell("no access of '%s' was by '%s' or by what it calls; without --function "
                          "the report names those that were",
                          file, own->function);
    if (calls != NULL && call_judge_too_large(calls) > 0)
        return error_tell("a call was too large to be judged: it made more than a million "
                          "accesses, or they lie more than 64 MiB apart; --function NAME looks at "
                          "one routine alone");
    return calls != NULL && call_judge_finding(calls, 0) != NULL ? EXIT_FINDINGS : EXIT_CLEAN;
}

static enum watch_form form_of(const struct options *o)
{
    return o->bus                       ? WATCH_BUS
           : o->format == &format_json  ? WATCH_JSON
           : o->format == &format_sarif ? WATCH_SARIF
                                        : WATCH_TEXT;
}

static struct watch_report_options report_options(const struct options *o,
                                                  const struct watch_session *session)
{
    const struct watch_options *own = o->own;
    struct watch_report_options options = {.form = form_of(o),
                                           .bus = o->bus,
                                           .accesses = own->accesses,
                                           .loads = o->loads,
                                           .rows_max = o->rows_max};
    if (o->contract_count > 0)
        options.judging = (struct watch_judging){
            .judge = call_judge_new(session, o->contracts, o->contract_count, o->run.device),
            .contracts = o->contracts,
            .contract_count = o->contract_count,
            .device = o->run.device};
    return options;
}

// Runs the program and writes the report to FILE, which is OUT's or goes there.
static int run_into(const struct options *o, const struct watch_request *request,
                    struct watch_session *session, struct output *out, FILE *file)
{
    const struct watch_options *own = o->own;
    const struct watch_report_options options = report_options(o, session);
    const struct terminal terminal = output_terminal(out, o->color);
    struct error error;
    struct watch_report *report = watch_report_new(&options, session, o->words, &terminal, file);
    const struct watch_taker taker = watch_report_taker(report);
    struct watch_log *log = watch_log_new(session, own->function, &taker);
    int status;
    watch_report_begin(report);
    if (watch_run(request, session, watch_log_take, log, &error)) {
        watch_log_end(log);
        watch_report_end(report, log);
        unspool(file, out->file);
        status = output_end(out, EXIT_CLEAN);
        if (status == EXIT_CLEAN)
            status = judge(log, options.judging.judge, own, session);
    } else {
        if (file != out->file)
            fclose(file);
        output_abandon(out);
        status = error_tell("%s", error.text);
    }
    watch_log_free(log);
    watch_report_free(report);
    call_judge_free(options.judging.judge);
    return status;
}

static int run(const struct options *o, const struct watch_request *request,
               struct watch_session *session, struct output *out)
{
    if (o->contract_count > 0 && !watch_site_classes(session->target.machine)) {
        output_abandon(out);
        return error_tell(
            "--contract: instructions of %s are not told apart here; watch without it",
            session->target.machine->name);
    }
    FILE *file = spool(out);
    if (file == NULL) {
        output_abandon(out);
        return error_tell("there is no room for a temporary file; use --output FILE");
    }
    return run_into(o, request, session, out, file);
}

static int prepare_and_run(const struct options *o)
{
    const struct watch_options *own = o->own;
    struct watch_request request = {.file = own->map,
                                    .machine = own->arch,
                                    .sysroot = own->sysroot,
                                    .cpu = own->cpu,
                                    .qemu = own->qemu,
                                    .values = own->values,
                                    .command = o->words};
    struct watch_session session;
    struct output out;
    struct error error;
    if (!watch_prepare(&request, &session, &error))
        return error_tell("%s", error.text);
    int status = output_open(&out, o->output, &error) ? run(o, &request, &session, &out)
                                                      : error_tell("%s", error.text);
    watch_free(&session);
    return status;
}

int command_watch(int argc, char **argv)
{
    struct watch_options own = {.map = NULL};
    struct command_help help = help_watch;
    struct options o;
    int status;
    help.into = &own;
    if (!options_read(&help, argc, argv, &o, &status))
        return status;
    if (own.map == NULL)
        status = error_tell("watch what? Name the file that the program maps: --map FILE");
    else if (o.word_count == 0)
        status = error_tell("watch whom? Name the program: storescope watch --map %s -- PROGRAM",
                            own.map);
    else if (o.bus && (o.format == &format_json || o.format == &format_sarif))
        status = error_tell("--bus prints text; leave out --format %s", o.format->name);
    else if (o.format == &format_sarif && o.contract_count == 0)
        status = error_tell("--format sarif has findings: say by which --contract");
    else if (o.has_device && o.contract_count == 0)
        status = error_tell("--device says what --contract is about; give that as well");
    else
        status = prepare_and_run(&o);
    options_free(&o);
    return status;
}
