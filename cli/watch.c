// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli.h"
#include "watch_report.h"

#include <string.h>
#include <unistd.h>

static const struct command_help help = {
    .name = "storescope watch",
    .arguments = "--map FILE [--] PROGRAM [ARGUMENT...]",
    .about =
        "Runs a program, of any CPU that QEMU emulates, and shows every store it makes to "
        "mappings of FILE, call by call: which function, how wide, in which order, and what it "
        "stored twice."
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
        "bar\n\n"
        "A program of this machine's own CPU runs under QEMU, too: one without AVX-512, for which "
        "a libc may choose other routines than for the real one. docs/watch.md tells more.\n\n"
        "Exit status: 0 the program ran, whatever it returned (the report says it); 2 it could "
        "not be started, never mapped FILE, or the record is not whole.",
    .groups = OPTIONS_WATCH | OPTIONS_OUTPUT,
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

// EXIT_TROUBLE, and why on stderr, when the report cannot be relied on.
static int judge(const struct watch_log *log, const char *file)
{
    enum watch_note kind;
    const char *text;
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++)
        if (kind == NOTE_BROKEN)
            return cli_trouble("the record is not whole: %s", text);
    if (watch_log_totals(log)->mappings == 0)
        return cli_trouble("the program never mapped '%s'; is that the file it opens?", file);
    return EXIT_CLEAN;
}

static int run(const struct options *o, const struct watch_request *request,
               struct watch_session *session, struct output *out)
{
    struct watch_report_options options = {.form = o->bus                     ? WATCH_BUS
                                                   : o->format == FORMAT_JSON ? WATCH_JSON
                                                                              : WATCH_TEXT,
                                           .bus = o->bus,
                                           .accesses = o->watch.accesses,
                                           .loads = o->loads,
                                           .rows_max = o->rows_max};
    struct look look = look_of(out->file, o->color);
    char error[PATH_MAX + 512];
    FILE *file = spool(out);
    if (file == NULL) {
        output_abandon(out);
        return cli_trouble("there is no room for a temporary file; use --output FILE");
    }
    struct watch_report *report = watch_report_new(&options, session, o->words, &look, file);
    struct watch_taker taker = watch_report_taker(report);
    struct watch_log *log = watch_log_new(session, &taker);
    watch_report_begin(report);
    int status;
    if (watch_run(request, session, watch_log_take, log, error, sizeof error)) {
        watch_log_end(log);
        watch_report_end(report, log);
        unspool(file, out->file);
        status = cli_close(out, EXIT_CLEAN);
        status = status == EXIT_CLEAN ? judge(log, session->file) : status;
    } else {
        if (file != out->file)
            fclose(file);
        output_abandon(out);
        status = cli_trouble("%s", error);
    }
    watch_log_free(log);
    watch_report_free(report);
    return status;
}

static int prepare_and_run(const struct options *o)
{
    struct watch_request request = {.file = o->watch.map,
                                    .machine = o->watch.arch,
                                    .sysroot = o->watch.sysroot,
                                    .cpu = o->watch.cpu,
                                    .qemu = o->watch.qemu,
                                    .values = o->watch.values,
                                    .command = o->words};
    struct watch_session session;
    struct output out;
    char error[PATH_MAX + 512];
    if (!watch_prepare(&request, &session, error, sizeof error))
        return cli_trouble("%s", error);
    int status = output_open(&out, o->output, error, sizeof error)
                     ? run(o, &request, &session, &out)
                     : cli_trouble("%s", error);
    watch_free(&session);
    return status;
}

int command_watch(int argc, char **argv)
{
    struct options o;
    int status;
    if (!options_read(&help, argc, argv, &o, &status))
        return status;
    if (o.watch.map == NULL)
        status = cli_trouble("watch what? Name the file that the program maps: --map FILE");
    else if (o.word_count == 0)
        status = cli_trouble("watch whom? Name the program: storescope watch --map %s -- PROGRAM",
                             o.watch.map);
    else if (o.bus && o.format == FORMAT_JSON)
        status = cli_trouble("--bus prints text; leave out --format json");
    else
        status = prepare_and_run(&o);
    options_free(&o);
    return status;
}
