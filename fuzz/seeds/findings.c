// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes the seeds of fuzz_findings: what an honest worker sends. They are made
// by the build, since their bytes are the program's own structures, which
// change. Usage: make_findings FOLDER

#include "fuzz/forged_worker.h"

#include "sweep/chunk_result.h"
#include "sweep/worker.h"
#include "trace/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SCRIPT_MAX = 1 << 16, FRAME_HEAD = 24 };

struct script {
    const char *folder;
    uint8_t bytes[SCRIPT_MAX];
    size_t length;
};

static void add(struct script *s, uint8_t how, uint8_t kind, const void *bytes, size_t length)
{
    if (length > UINT16_MAX || s->length + 4 + length > sizeof s->bytes)
        abort();
    uint8_t head[4] = {how, kind, (uint8_t)length, (uint8_t)(length >> 8)};
    memcpy(s->bytes + s->length, head, sizeof head);
    memcpy(s->bytes + s->length + sizeof head, bytes, length);
    s->length += sizeof head + length;
}

static void save(struct script *s, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(s->bytes, 1, s->length, file) != s->length || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    s->length = 1;
}

static struct layout layout_of(void)
{
    return (struct layout){
        .dst = (uint8_t *)(uintptr_t)0x100003,
        .src = (uint8_t *)(uintptr_t)0x200000,
        .size = 16,
        .dst_size = 16,
        .src_size = 16,
        .dst_lane = {0x100000, 0x110000},
        .src_lane = {0x200000, 0x210000},
    };
}

// Every kind of access, with and without values.
static void trace_of(struct trace *t)
{
    static struct site sites[SITE_CLASS_COUNT];
    for (unsigned i = 0; i < SITE_CLASS_COUNT; i++) {
        sites[i] = (struct site){.addr = 0x400000 + i, .length = 3};
        site_set_classes(&sites[i], 1u << i);
        snprintf(sites[i].text, sizeof sites[i].text, "mov qword ptr [rdi], r%u", i);
    }
    static const struct access rows[] = {
        {0x200000, 1, 0, TRACE_NO_VALUE, CLASS_SCALAR, 8, ACCESS_LOAD, 0},
        {0x100003, 1, 0, 0, CLASS_SCALAR, 8, ACCESS_STORE, 0},
        {0x100003, 1, 0xf0, 8, CLASS_MASKED, 16, ACCESS_STORE, ACCESS_MASKED},
        {0x10000a, 8, 0, 24, CLASS_STRING, 1, ACCESS_STORE, ACCESS_DESCENDING},
        {0x100003, 1, 0, TRACE_NO_VALUE, CLASS_NONTEMPORAL, 8, ACCESS_STORE, 0},
        {0, 1, 0, TRACE_NO_VALUE, CLASS_FENCE, 0, ACCESS_FENCE, ACCESS_DRAINS},
        {0x100000, 1, 0, TRACE_NO_VALUE, CLASS_FLUSH, 0, ACCESS_FLUSH, 0},
        {0x6ffff8, 1, 0, TRACE_NO_VALUE, CLASS_SCALAR, 8, ACCESS_STORE, 0},
        {0x500000, 1, 0, TRACE_NO_VALUE, CLASS_ATOMIC, 4, ACCESS_LOAD, ACCESS_TLS},
    };
    trace_init(t);
    trace_reserve(t, sizeof rows / sizeof *rows);
    memcpy(t->accesses, rows, sizeof rows);
    t->count = sizeof rows / sizeof *rows;
    trace_reserve_values(t, 32);
    memset(t->values, 0x5a, 32);
    t->value_bytes = 32;
    t->sites = sites;
    t->site_count = SITE_CLASS_COUNT;
    t->stack_entry = 0x700000;
    t->stack = (struct span){0x6ff000, 0x700008};
    t->image_count = 1;
    t->images[0] = (struct span){0x400000, 0x401000};
}

// The bytes of a recording's frame, without its head.
static uint8_t *recording_bytes(const struct trace *t, size_t *length)
{
    const struct layout layout = layout_of();
    int fd = memfd_create("recording", MFD_CLOEXEC);
    if (fd < 0 || !recording_send(fd, &layout, t, NULL))
        abort();
    *length = (size_t)lseek(fd, 0, SEEK_END) - FRAME_HEAD;
    uint8_t *bytes = malloc(*length);
    if (!bytes || pread(fd, bytes, *length, FRAME_HEAD) != (ssize_t)*length)
        abort();
    close(fd);
    return bytes;
}

static void add_recording(struct script *s, enum trace_outcome outcome)
{
    struct trace t;
    size_t length;
    trace_of(&t);
    t.outcome = outcome;
    t.signal = 11;
    t.fault_addr = 0x111000;
    t.fault_pc = 0x400001;
    snprintf(t.reason, sizeof t.reason, "a reason");
    uint8_t *bytes = recording_bytes(&t, &length);
    add(s, 0, MESSAGE_RECORDING, bytes, length);
    free(bytes);
    trace_free(&t);
}

// A report in which check CHECK was broken once, and a case for each count.
static void add_report(struct script *s, uint64_t cases, size_t check)
{
    uint8_t bytes[sizeof(struct chunk_result) + 64 * sizeof(struct tally)] = {0};
    struct chunk_result r = {.end = cases, .skipped = 1, .broken = 1};
    struct copy_case c = {.op = OP_MEMMOVE, .size = 2, .fill = 1};
    r.skip_reason = (struct reason){c, "the recorder does not take this"};
    r.broken_reason = (struct reason){c, "nobody knows why"};
    struct tally tally = {.cases = 1, .witness = c};
    memcpy(bytes, &r, sizeof r);
    memcpy(bytes + sizeof r + check * sizeof tally, &tally, sizeof tally);
    add(s, FORGED_REPORT, MESSAGE_RESULT, bytes, sizeof r + (check + 1) * sizeof tally);
}

static void add_witness(struct script *s)
{
    struct {
        struct witness_note note;
        uint32_t accesses[2];
    } w = {.note = {.accesses = 2, .again = 1, .message = "stored twice"}, .accesses = {1, 2}};
    add(s, 0, MESSAGE_WITNESS, &w, sizeof w.note + sizeof w.accesses);
    add_recording(s, OUTCOME_RETURNED);
}

int main(int argc, char **argv)
{
    static const char line[] = "the routine cannot be loaded";
    static struct script s = {.length = 1};
    s.folder = argc == 2 ? argv[1] : ".";
    for (int outcome = OUTCOME_RETURNED; outcome <= OUTCOME_BROKEN; outcome++) {
        char name[32];
        snprintf(name, sizeof name, "recording-%d", outcome);
        s.bytes[0] = 1;
        add_recording(&s, (enum trace_outcome)outcome);
        save(&s, name);
    }
    add(&s, 0, MESSAGE_FAILED, line, sizeof line);
    save(&s, "recording-failed");
    s.bytes[0] = 0;
    add(&s, FORGED_SLOT | FORGED_RAW, MESSAGE_FAILED, &(uint64_t){WORKER_LOADING}, 8);
    save(&s, "dies-loading");
    for (size_t check = 0; check < 16; check += 5) {
        char name[32];
        snprintf(name, sizeof name, "violates-%zu", check);
        add_report(&s, 8, check);
        add_witness(&s);
        save(&s, name);
    }
    return 0;
}
