// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/guest/guest.h"

#include "base/clock.h"
#include "base/memory.h"
#include "board/guest/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern const char embedded_board_plugin[];
extern const size_t embedded_board_plugin_bytes;

enum { START_MS = 20000, LOOK_NS = 2000000 };

// How a machine is booted.
struct boot {
    const char *machine;
    const struct guest_cpu *cpu;
    const char *model; // NULL: none
    unsigned timeout_ms;
};

struct reader {
    struct guest_run *out;
    struct guest_log *now; // the call that runs; NULL: none does
    size_t begun;
    bool done;
};

// store pc 0x400580 phys 0x9000000 width 1
static bool read_access(const char *line, struct guest_access *a)
{
    char kind[8];
    int end = 0;
    sscanf(line, "%7[a-z] pc 0x%" SCNx64 " phys 0x%" SCNx64 " width %u%n", kind, &a->pc, &a->addr,
           &a->width, &end);
    a->write = end > 0 && strcmp(kind, "store") == 0;
    return a->write || (end > 0 && strcmp(kind, "load") == 0);
}

static void add_access(struct guest_log *log, struct guest_access a)
{
    a.first = log->rest;
    a.count = log->told.count - log->rest;
    log->rest = log->told.count;
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 64;
        log->accesses = must(reallocarray(log->accesses, log->capacity, sizeof a));
    }
    log->accesses[log->count++] = a;
}

static void end_call(struct reader *r)
{
    if (r->now != NULL)
        r->now->ended = true;
    r->now = NULL;
}

// A line of the plugin's, after what all of them begin with.
static void take_line(struct reader *r, const char *line)
{
    struct guest_access access = {.width = 0};
    uint64_t pc;
    if (strcmp(line, "call") == 0 && r->begun < r->out->log_count)
        r->now = &r->out->logs[r->begun++];
    else if (strcmp(line, "return") == 0)
        end_call(r);
    else if (strcmp(line, "done") == 0)
        r->done = true;
    else if (r->now != NULL && read_access(line, &access))
        add_access(r->now, access);
    else if (r->now != NULL && sscanf(line, "fault pc 0x%" SCNx64, &pc) == 1) {
        r->now->faulted = true;
        r->now->fault_pc = pc;
        end_call(r);
    }
}

static void take(struct reader *r, const struct arrivals *told)
{
    const size_t prefix = strlen(GUEST_LINE);
    for (size_t i = 0; i < told->count; i++) {
        const struct arrival *a = &told->items[i];
        if (a->kind == ARRIVAL_SAID && strncmp(a->text, GUEST_LINE, prefix) == 0)
            take_line(r, a->text + prefix);
        else if (r->now != NULL)
            *arrivals_add(&r->now->told) = *a;
    }
}

static bool fail_late(const struct boot *how, const struct reader *r, struct error *error)
{
    if (r->begun == 0)
        return error_set(error, "--run: the guest did not start; it takes a machine %s",
                         how->cpu->starts);
    return error_set(error, "--run: the routine did not return in time");
}

static bool follow(struct board *b, const struct boot *how, struct reader *r, struct error *error)
{
    const struct timespec look = {0, LOOK_NS};
    const uint64_t end = clock_now_ms() + START_MS + how->timeout_ms;
    while (!r->done) {
        struct arrivals told = {.count = 0};
        const bool runs = board_listen(b, &told, error);
        take(r, &told);
        arrivals_free(&told);
        if (!runs || r->done)
            break;
        if (clock_now_ms() > end)
            return fail_late(how, r, error);
        nanosleep(&look, NULL);
    }
    return r->done;
}

// The machine's RAM: its largest range.
static const struct flat_range *find_ram(const struct flat_view *view)
{
    const struct flat_range *ram = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const struct flat_range *r = &view->ranges[i];
        if (r->kind == FLAT_RAM && (ram == NULL || r->hi - r->lo > ram->hi - ram->lo))
            ram = r;
    }
    return ram;
}

// Is it a machine of that CPU?
static bool is_of(struct board *b, const struct guest_cpu *cpu, struct error *error)
{
    return strcmp(board_target(b), cpu->target) == 0 ||
           error_set(error,
                     "--run: the routine is one of %s, and that machine's CPU is %s; take "
                     "a machine %s, or leave --run out",
                     cpu->name, board_target(b), cpu->starts);
}

// A machine of the same command line tells its memory.
static bool look_at(const struct boot *how, struct guest_run *out, struct error *error)
{
    struct board *b = board_start(how->machine, error);
    const bool fits = b != NULL && is_of(b, how->cpu, error);
    char *text = fits ? board_ask(b, "info mtree -f", error) : NULL;
    const bool good = text != NULL && flat_view_read(text, &out->view, error);
    if (good) {
        snprintf(out->version, sizeof out->version, "%s", board_version(b));
        snprintf(out->path, sizeof out->path, "%s", board_path(b));
    }
    free(text);
    board_end(b);
    return good;
}

static bool boot(const struct boot *how, const struct image *image, struct guest_run *out,
                 struct error *error)
{
    const struct emulated_guest guest = {
        .image = emulator_new_file("image", image->bytes, image->length),
        .plugin = emulator_new_file("plugin", embedded_board_plugin, embedded_board_plugin_bytes),
        .at = image->at,
        .start = image->at + how->cpu->start,
        .cpu = how->model,
        .options = how->cpu->options};
    struct reader r = {.out = out};
    const bool files = guest.image >= 0 && guest.plugin >= 0;
    struct board *b = files ? board_boot(how->machine, &guest, error) : NULL;
    bool good = b != NULL && board_go(b, error) && follow(b, how, &r, error);
    if (!files)
        error_set(error, "--run: no memory for the guest's files");
    if (b != NULL)
        out->console = board_console(b, &out->console_bytes);
    board_end(b);
    close(guest.image);
    close(guest.plugin);
    for (size_t i = 0; good && i < out->log_count; i++)
        if (!out->logs[i].ended)
            good = error_set(error, "--run: the guest did not do all of its calls");
    return good;
}

bool guest_run(const char *machine, const struct guest_cpu *cpu, const char *model,
               const struct image_program *program, const struct image_call *calls,
               size_t call_count, unsigned timeout_ms, struct guest_run *out, struct error *error)
{
    const struct boot how = {machine, cpu, model ? model : cpu->model, timeout_ms};
    struct image image = {.length = 0};
    *out = (struct guest_run){.log_count = call_count};
    if (!look_at(&how, out, error))
        return false;
    const struct flat_range *ram = find_ram(&out->view);
    out->logs = must(calloc(call_count + 1, sizeof *out->logs));
    bool good = ram != NULL
                    ? image_make(cpu, program, calls, call_count,
                                 (struct image_ram){ram->lo, ram->hi - ram->lo + 1}, &image, error)
                    : error_set(error, "--run: the machine has no RAM");
    good = good && boot(&how, &image, out, error);
    image_free(&image);
    return good;
}

void guest_run_free(struct guest_run *r)
{
    for (size_t i = 0; r->logs != NULL && i < r->log_count; i++) {
        free(r->logs[i].accesses);
        arrivals_free(&r->logs[i].told);
    }
    free(r->logs);
    free(r->console);
    flat_view_free(&r->view);
    *r = (struct guest_run){.log_count = 0};
}
