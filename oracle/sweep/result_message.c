// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One message: each result as it lies in memory, and after it what it owns, in the order of
// its fields, each with its length before it. What is not there has the length 0.

#include "sweep/result_message.h"

#include "base/memory.h"
#include "base/message.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- there ----

struct packing {
    FILE *out;
    const struct guest_elf *guest; // the last one: all recordings of a sweep are of one, mostly
};

static void put(struct packing *p, const void *bytes, size_t length)
{
    fwrite(&length, sizeof length, 1, p->out);
    if (length > 0)
        fwrite(bytes, length, 1, p->out);
}

static void put_text(struct packing *p, const char *text)
{
    put(p, text, text ? strlen(text) + 1 : 0);
}

static void put_guest(struct packing *p, const struct guest_elf *elf)
{
    bool again = elf == p->guest;
    put(p, &again, sizeof again);
    put(p, elf, elf && !again ? sizeof *elf : 0);
    p->guest = elf;
    if (!elf || again)
        return;
    put(p, elf->bytes, elf->length);
    put_text(p, elf->symbol);
    put_text(p, elf->path);
    for (size_t i = 0; i < GUEST_LIBRARIES_MAX; i++)
        put_text(p, elf->libraries[i]);
}

// Not there when the case could not be recorded once more.
static void put_recording(struct packing *p, const struct recording *r)
{
    size_t length = 0;
    uint8_t *bytes =
        r->trace.accesses ? recording_write(&r->layout, &r->trace, r->origins, &length) : NULL;
    put(p, bytes, bytes ? length : 0);
    free(bytes);
    put_guest(p, r->guest);
}

static void put_story(struct packing *p, const struct story *s)
{
    put(p, s, s ? sizeof *s : 0);
    for (size_t i = 0; s && i < s->step_count; i++)
        put_text(p, s->steps[i]);
}

static void put_chart(struct packing *p, const struct chart *chart)
{
    put(p, chart, chart ? sizeof *chart : 0);
}

static void put_result(struct packing *p, const struct result *r)
{
    put(p, r, sizeof *r);
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct finding *f = &r->findings[i];
        put_chart(p, f->chart);
        put_recording(p, &f->recording);
        put(p, f->accesses, f->access_count * sizeof *f->accesses);
        put_story(p, f->story);
    }
    put_chart(p, r->chart);
    put(p, r->coverage.insns, r->coverage.count * sizeof *r->coverage.insns);
    put(p, r->patterns.items, r->patterns.count * sizeof *r->patterns.items);
}

bool results_send(int fd, const struct result *results, size_t count)
{
    char *bytes = NULL;
    size_t length = 0;
    struct packing p = {.out = open_memstream(&bytes, &length)};
    if (!p.out)
        return false;
    for (size_t i = 0; i < count; i++)
        put_result(&p, &results[i]);
    bool whole = !ferror(p.out);
    bool sent = fclose(p.out) == 0 && whole && message_send(fd, MESSAGE_RESULTS, bytes, length);
    free(bytes);
    return sent;
}

// ---- and back ----

struct unpacking {
    const uint8_t *at, *end;
    struct guest_elf *guest; // the last one, with a use of its own
};

static const void *next(struct unpacking *u, size_t *length)
{
    assert((size_t)(u->end - u->at) >= sizeof *length);
    memcpy(length, u->at, sizeof *length);
    const uint8_t *bytes = u->at + sizeof *length;
    assert((size_t)(u->end - bytes) >= *length);
    u->at = bytes + *length;
    return bytes;
}

// Owned by the caller; NULL when it is not there.
static void *take(struct unpacking *u)
{
    size_t length;
    const void *bytes = next(u, &length);
    return length > 0 ? memcpy(must(malloc(length)), bytes, length) : NULL;
}

static void take_guest(struct unpacking *u)
{
    size_t length;
    bool again;
    memcpy(&again, next(u, &length), sizeof again);
    struct guest_elf *elf = take(u);
    if (again)
        return;
    guest_elf_release(u->guest);
    u->guest = elf;
    if (!elf)
        return;
    elf->uses = 1;
    elf->bytes = take(u);
    elf->symbol = take(u);
    elf->path = take(u);
    for (size_t i = 0; i < GUEST_LIBRARIES_MAX; i++)
        elf->libraries[i] = take(u);
}

static void take_recording(struct unpacking *u, struct recording *r)
{
    size_t length;
    char cpu[sizeof r->cpu];
    memcpy(cpu, r->cpu, sizeof cpu);
    memset(r, 0, sizeof *r);
    const void *bytes = next(u, &length);
    bool sound = length == 0 || recording_read(bytes, length, r);
    assert(sound);
    memcpy(r->cpu, cpu, sizeof cpu);
    take_guest(u);
    r->guest = guest_elf_share(u->guest);
}

static struct story *take_story(struct unpacking *u)
{
    struct story *s = take(u);
    for (size_t i = 0; s && i < s->step_count; i++)
        s->steps[i] = take(u);
    return s;
}

static void take_result(struct unpacking *u, struct result *r)
{
    size_t length;
    const void *bytes = next(u, &length);
    assert(length == sizeof *r);
    memcpy(r, bytes, sizeof *r);
    for (size_t i = 0; i < r->finding_count; i++) {
        struct finding *f = &r->findings[i];
        f->chart = take(u);
        take_recording(u, &f->recording);
        f->accesses = take(u);
        f->story = take_story(u);
    }
    r->chart = take(u);
    r->coverage.insns = take(u);
    r->coverage.capacity = r->coverage.count;
    r->patterns.items = take(u);
    r->patterns.capacity = r->patterns.count;
    r->patterns.scratch = NULL;
}

bool results_receive(int fd, struct result *results, size_t count)
{
    struct message f;
    if (!message_receive(fd, MESSAGE_BYTES_MAX, 0, &f))
        return false;
    bool known = f.kind == MESSAGE_RESULTS;
    struct unpacking u = {.at = f.bytes, .end = f.bytes + f.length};
    for (size_t i = 0; i < count && known; i++)
        take_result(&u, &results[i]);
    guest_elf_release(u.guest);
    message_free(&f);
    return known;
}
