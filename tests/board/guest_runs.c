// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// guest_runs LOG CASES: a machine's own CPU runs glibc's memcpy on virtio-mmio registers.
// Its writes are, line by line, those of LOG, all sizes in one boot; and those of CASES
// random calls are what the recorder qemu makes of each. Status 77: a tool is missing.

#include "backends/selection.h"
#include "board/guest/guest.h"
#include "sweep/sweep.h"
#include "trace/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE "qemu-system-aarch64 -M virt"
#define DEVICE  UINT64_C(0x0a000000)

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

static struct image_call call_of(uint64_t at, uint64_t size, uint32_t offset, const uint8_t *source)
{
    return (struct image_call){
        .at = at, .has_source = true, .size = size, .offset = offset, .source = source};
}

static void compare(const struct reported *wanted, const struct guest_log *log)
{
    if (log->told.count != wanted->count)
        fail("the number of writes is another", wanted->words, log->told.count);
    for (size_t i = 0; i < wanted->count && i < log->told.count; i++) {
        const struct arrival *a = &log->told.items[i];
        char line[96];
        snprintf(line, sizeof line, "addr 0x%" PRIx64 ", data 0x%" PRIx64 ", size 0x%x",
                 a->addr - DEVICE, a->value, a->size);
        if (a->kind != ARRIVAL_WRITE ||
            (wanted->lines[i][0] && strcmp(line, wanted->lines[i]) != 0))
            fail(line, wanted->words, i);
    }
}

static bool run(const struct recording *r, const struct image_call *calls, size_t count,
                struct guest_run *out)
{
    struct error error;
    const struct guest_program_place place = {.program = r->guest->bytes,
                                              .program_bytes = r->guest->length,
                                              .entry = r->trace.entry,
                                              .cpu = r->cpu};
    const bool ran = guest_run(MACHINE, &place, calls, count, TIMEOUT_MS, out, &error);
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
        calls[i] = call_of(DEVICE, 4 * reports[i].words, 0, reports[i].words == 1 ? one : bytes);
    if (run(r, calls, report_count, &out))
        for (size_t i = 0; i < report_count; i++)
            compare(&reports[i], &out.logs[i]);
    guest_run_free(&out);
}

// The accesses to the destination that the guest's CPU made are those recorded.
static void compare_recorded(const struct recording *r, const struct copy_case *c,
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
            if (next == log->count || g->pc != r->trace.sites[a->site].addr ||
                g->addr != DEVICE + c->dst_off + (uint64_t)offset + done) {
                fail("not what was recorded", (unsigned)c->size, i);
                return;
            }
            done += g->width;
        }
    }
    if (next != log->count)
        fail("more than was recorded", (unsigned)c->size, next);
}

static void check_random(const struct backend *b, const struct sweep_options *options, size_t count)
{
    struct image_call calls[CALLS_MAX] = {0};
    struct copy_case cases[CALLS_MAX];
    struct recording recordings[CALLS_MAX] = {0};
    struct guest_run out;
    struct error error;
    for (size_t i = 0; i < count; i++) {
        cases[i] = (struct copy_case){.op = OP_MEMCPY,
                                      .size = (uint64_t)(random() % 300),
                                      .dst_off = (uint32_t)(random() % 64),
                                      .src_off = (uint32_t)(random() % 64),
                                      .fill = 1};
        if (!sweep_record(b, &cases[i], false, options, &recordings[i], &error)) {
            fail(error.text, 0, i);
            return;
        }
        calls[i] = call_of(DEVICE + cases[i].dst_off, cases[i].size, cases[i].src_off, bytes);
    }
    if (run(&recordings[0], calls, count, &out))
        for (size_t i = 0; i < count; i++)
            compare_recorded(&recordings[i], &cases[i], &out.logs[i]);
    guest_run_free(&out);
    for (size_t i = 0; i < count; i++)
        recording_free(&recordings[i]);
}

int main(int argc, char **argv)
{
    char *name = "aarch64/glibc/memcpy_generic";
    const struct sweep_options options = {
        .recorder = recorder_kinds[0], .device = DEVICE_DST, .jobs = 1, .timeout_ms = 2000};
    const struct copy_case c = {.op = OP_MEMCPY, .size = 4, .fill = 1};
    struct selection selection;
    struct recording r;
    struct error error;
    size_t cases = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    if (argc < 3 || cases > CALLS_MAX || !select_backends(&name, 1, &selection, &error))
        return 1;
    const struct backend *b = selection.items[0];
    if (b->missing != NULL || system("command -v qemu-system-aarch64 >/dev/null") != 0) {
        printf("skipped: %s\n", b->missing ? b->missing : "install qemu-system-arm");
        return SKIPPED;
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    read_log(argv[1]);
    if (report_count < 10 || !sweep_record(b, &c, false, &options, &r, &error))
        fail("there is nothing to compare with", 0, 0);
    else {
        check_reported(&r);
        check_random(b, &options, cases);
        recording_free(&r);
    }
    select_free(&selection);
    printf("%zu sizes as reported, %zu random calls as recorded, %d failures\n", report_count,
           cases, failures);
    return failures != 0;
}
