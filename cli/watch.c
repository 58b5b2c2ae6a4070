// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "bus.h"
#include "cli.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command_help help = {
    .name = "storescope watch",
    .arguments = "--map FILE [--] PROGRAM [ARGUMENT...]",
    .about = "Runs a program and shows what it does to mappings of FILE.",
    .groups = OPTIONS_WATCH | OPTIONS_OUTPUT,
};

struct beats {
    FILE *out;
    unsigned width;
};

static void print_beat(const struct beat *beat, void *context)
{
    bus_print_beat(beat, context);
}

static void take(const struct ring_record *record, const char *text, void *context)
{
    struct beats *b = context;
    (void)text;
    if (record->kind == RING_ACCESS && (record->flags & RING_STORE))
        bus_split((int64_t)record->access.offset, record->width, UINT64_MAX,
                  record->flags & RING_VALUE ? record->access.value : NULL, b->width, print_beat,
                  b->out);
}

int command_watch(int argc, char **argv)
{
    struct options o;
    struct watch_session session;
    char error[PATH_MAX + 512];
    int status;
    if (!options_read(&help, argc, argv, &o, &status))
        return status;
    struct watch_request request = {.file = o.watch.map,
                                    .machine = o.watch.arch,
                                    .sysroot = o.watch.sysroot,
                                    .cpu = o.watch.cpu,
                                    .qemu = o.watch.qemu,
                                    .values = o.watch.values,
                                    .command = o.words};
    if (!watch_prepare(&request, &session, error, sizeof error))
        return cli_trouble("%s", error);
    struct beats b = {stdout, o.bus};
    watch_run(&request, &session, take, &b, error, sizeof error);
    watch_free(&session);
    options_free(&o);
    return 0;
}
