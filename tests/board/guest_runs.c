// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// guest_runs LOG: AArch64's CPU runs glibc's memcpy on virtio-mmio registers. Its
// writes are, line by line, those of LOG, all sizes in one boot.
// guest_runs BACKEND MACHINE ADDRESS CASES: that machine's own CPU runs the routine, its
// destination a device's registers at that address. Its writes in CASES random calls, all
// in one boot, are those that the backend's recorders make of each.
// Status 77: a tool is missing.

#include "backends/selection.h"
#include "board/guest/guest.h"
#include "sweep/sweep.h"
#include "trace/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BACKEND "aarch64/glibc/memcpy_generic"
#define LOG_MACHINE "qemu-system-aarch64 -M virt"
#define LOG_DEVICE  UINT64_C(0x0a000000)

enum { SKIPPED = 77, CALLS_MAX = 64, BYTES_MAX = 1024, LINES_MAX = 400, TIMEOUT_MS = 30000 };

// What was reported of so many words.
struct reported {
    unsigned words;
    char lines[LINES_MAX][128]; // "": only the number is known
    size_t count;
};

static struct reported reports[CALLS_MAX];
static size_t report_count;
static uint8_t bytes[BYTES_MAX], one[4] = {1};
static int failures;

static void fail(const char *what, unsigned words, size_t line)
{
    fprintf(stderr, "FAILED: %u words, line %zu: %s\n", words, line, what);
    failures++;
}

static void read_log(const char *path)
{
    char line[128];
    unsigned words, writes;
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        struct reported *now = &reports[report_count];
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "words %u", &words) == 1)
            reports[report_count++] = (struct reported){.words = words};
        else if (sscanf(line, "count %u %u", &words, &writes) == 2)
            *now = (struct reported){.words = words, .count = writes}, report_count++;
        else if (line[0] != '#')
            snprintf(now[-1].lines[now[-1].count++], sizeof now->lines[0], "%s", line);
    }
    if (f != NULL)
        fclose(f);
}

static struct image_call call_of(uint64_t arg4, uint64_t at, uint64_t size, uint32_t offset,
                                 const uint8_t *source)
{
    return (struct image_call){.arg4 = arg4,
                               .at = at,
                               .has_source = true,
                               .size = size,
                               .offset = offset,
                               .source = source};
}

static void compare(const struct reported *wanted, const struct guest_log *log)
{
    if (log->told.count != wanted->count)
        fail("the number of writes is another", wanted->words, log->told.count);
    for (size_t i = 0; i < wanted->count && i < log->told.count; i++) {
        const struct arrival *a = &log->told.items[i];
        char line[96];
        snprintf(line, sizeof line, "addr 0x%" PRIx64 ", data 0x%" PRIx64 ", size 0x%x",
                 a->addr - LOG_DEVICE, a->value, a->size);
        if (a->kind != ARRIVAL_WRITE ||
            (wanted->lines[i][0] && strcmp(line, wanted->lines[i]) != 0))
            fail(line, wanted->words, i);
    }
}

static bool run(const struct recording *r, const char *machine, const struct image_call *calls,
                size_t count, struct guest_run *out)
{
    struct error error;
    const struct image_program program = {.bytes = r->guest->bytes,
                                          .length = r->guest->length,
                                          .routine_at = r->guest->routine_at,
                                          .global_pointer = r->guest->global_pointer,
                                          .pokes = r->guest->pokes,
                                          .poke_count = TUNABLE_COUNT};
    const bool ran = guest_run(machine, guest_cpu_of(r->trace.machine), r->cpu[0] ? r->cpu : NULL,
                               &program, calls, count, TIMEOUT_MS, out, &error);
    if (!ran)
        fprintf(stderr, "FAILED: %s\n", error.text);
    failures += !ran;
    return ran;
}

static void check_reported(const struct recording *r)
{
    struct image_call calls[CALLS_MAX];
    struct guest_run out;
    for (size_t i = 0; i < report_count; i++)
        calls[i] =
            call_of(0, LOG_DEVICE, 4 * reports[i].words, 0, reports[i].words == 1 ? one : bytes);
    if (run(r, LOG_MACHINE, calls, report_count, &out))
        for (size_t i = 0; i < report_count; i++)
            compare(&reports[i], &out.logs[i]);
    guest_run_free(&out);
}

// The accesses to the destination that the guest's CPU made are those recorded. A recorder of
// this CPU has the same code elsewhere.
static void compare_recorded(const struct recording *r, const struct copy_case *c, uint64_t device,
                             const struct guest_log *log)
{
    size_t next = 0;
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct access *a = &r->trace.accesses[i];
        const struct span span = access_span(a);
        int64_t offset;
        if (a->kind != ACCESS_STORE ||
            trace_region(&r->trace, &r->layout, a, &offset) != REGION_DST)
            continue;
        for (uint64_t done = 0; done < span.hi - span.lo; next++) {
            const struct guest_access *g = &log->accesses[next];
            if (next == log->count || (r->guest != NULL && g->pc != r->trace.sites[a->site].addr) ||
                g->addr != device + c->dst_off + (uint64_t)offset + done) {
                fail("not what was recorded", (unsigned)c->size, i);
                return;
            }
            done += g->width;
        }
    }
    if (next != log->count)
        fail("more than was recorded", (unsigned)c->size, next);
}

// What all calls are recorded by, the first of which links the program that is run.
static const struct recorder_kind *recorder_of(const struct backend *b, size_t which)
{
    if (which == 0)
        return recorder_find("qemu");
    return b->arch == NULL ? recorder_default() : NULL;
}

static bool record(const struct backend *b, const struct recorder_kind *by,
                   const struct copy_case *c, struct recording *out)
{
    const struct sweep_options options = {
        .recorder = by, .device = DEVICE_DST, .jobs = 1, .timeout_ms = 2000};
    struct error error;
    const bool recorded = sweep_record(b, c, false, &options, out, &error);
    if (!recorded)
        fail(error.text, (unsigned)c->size, 0);
    return recorded;
}

static void compare_all(const struct backend *b, const struct recorder_kind *by,
                        const struct copy_case *cases, size_t count, uint64_t device,
                        const struct guest_run *out)
{
    for (size_t i = 0; i < count; i++) {
        struct recording r = {.layout = {.size = 0}};
        if (record(b, by, &cases[i], &r))
            compare_recorded(&r, &cases[i], device, &out->logs[i]);
        recording_free(&r);
    }
}

static void check_random(const struct backend *b, const char *machine, uint64_t device,
                         size_t count)
{
    struct image_call calls[CALLS_MAX] = {0};
    struct copy_case cases[CALLS_MAX];
    struct recording first = {.layout = {.size = 0}};
    struct guest_run out;
    for (size_t i = 0; i < count; i++) {
        cases[i] = (struct copy_case){.op = b->op,
                                      .size = (uint64_t)(random() % 300),
                                      .dst_off = (uint32_t)(random() % 64),
                                      .src_off = (uint32_t)(random() % 64),
                                      .fill = 1};
        calls[i] =
            call_of(b->arg4, device + cases[i].dst_off, cases[i].size, cases[i].src_off, bytes);
    }
    if (!record(b, recorder_of(b, 0), &cases[0], &first))
        return;
    if (run(&first, machine, calls, count, &out))
        for (size_t i = 0; i < 2 && recorder_of(b, i) != NULL; i++)
            compare_all(b, recorder_of(b, i), cases, count, device, &out);
    guest_run_free(&out);
    recording_free(&first);
}

// The backend of that name. NULL: a tool is missing, or the program's own fault.
static const struct backend *find(char *name, const char *machine, struct selection *selection,
                                  int *status)
{
    struct error error;
    char command[128];
    snprintf(command, sizeof command, "command -v %.*s >/dev/null", (int)strcspn(machine, " "),
             machine);
    *status = 1;
    if (!select_backends(&name, 1, selection, &error)) {
        fprintf(stderr, "FAILED: %s\n", error.text);
        return NULL;
    }
    const struct backend *b = selection->items[0];
    if (b->missing == NULL && system(command) == 0)
        return b;
    printf("skipped: %s\n", b->missing ? b->missing : "that qemu-system is not installed");
    *status = SKIPPED;
    return NULL;
}

static void check_log(const struct backend *b, const char *path)
{
    struct recording r = {.layout = {.size = 0}};
    read_log(path);
    if (report_count < 10)
        fail("there is nothing to compare with", 0, 0);
    else if (record(b, recorder_find("qemu"),
                    &(struct copy_case){.op = OP_MEMCPY, .size = 4, .fill = 1}, &r))
        check_reported(&r);
    recording_free(&r);
    printf("%zu sizes as reported, %d failures\n", report_count, failures);
}

int main(int argc, char **argv)
{
    char log_backend[] = LOG_BACKEND;
    struct selection selection = {0};
    int status;
    const size_t cases = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if ((argc != 2 && argc != 5) || cases > CALLS_MAX)
        return 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    const struct backend *b = argc == 2 ? find(log_backend, LOG_MACHINE, &selection, &status)
                                        : find(argv[1], argv[2], &selection, &status);
    if (b == NULL)
        return status;
    if (argc == 2) {
        check_log(b, argv[1]);
    } else {
        check_random(b, argv[2], strtoull(argv[3], NULL, 0), cases);
        printf("%zu random calls as recorded, %d failures\n", cases, failures);
    }
    select_free(&selection);
    return failures != 0;
}
