// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/arrival.h"

#include "base/memory.h"
#include "board/guest/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const arrival_events[] = {"memory_region_ops_write", "memory_region_ops_read",
                                      "memory_region_ram_device_write",
                                      "memory_region_ram_device_read", NULL};

enum { LINE_MAX_BYTES = 512 };

// Copies what lies between quotes at TEXT, which ends the line. False: it does not.
static bool quoted(const char *text, char *out, size_t size)
{
    size_t length = strlen(text);
    if (length < 2 || text[0] != '\'' || text[length - 1] != '\'')
        return false;
    snprintf(out, size, "%.*s", (int)(length - 2), text + 1);
    return true;
}

static bool is_kind(const char *word, struct arrival *a)
{
    const bool write = strcmp(word, "write") == 0;
    a->kind = write ? ARRIVAL_WRITE : ARRIVAL_READ;
    return write || strcmp(word, "read") == 0;
}

// memory_region_ops_write cpu -1 mr 0x55 addr 0x9000000 value 0x41 size 1 name 'pl011'
static bool read_callback(const char *line, struct arrival *a)
{
    char word[8];
    int end = 0;
    sscanf(line,
           "memory_region_ops_%7[a-z] cpu %*d mr 0x%*x addr 0x%" SCNx64 " value 0x%" SCNx64
           " size %u name %n",
           word, &a->addr, &a->value, &a->size, &end);
    return end > 0 && is_kind(word, a) && quoted(line + end, a->name, sizeof a->name);
}

// The same of a region that is the memory of a real device.
static bool read_ram_device(const char *line, struct arrival *a)
{
    char word[8];
    int end = 0;
    sscanf(line,
           "memory_region_ram_device_%7[a-z] cpu %*d mr 0x%*x addr 0x%" SCNx64 " value 0x%" SCNx64
           " size %u%n",
           word, &a->addr, &a->value, &a->size, &end);
    snprintf(a->name, sizeof a->name, "ram device");
    return end > 0 && line[end] == '\0' && is_kind(word, a);
}

// Invalid write at addr 0xB000000, size 4, region '(null)', reason: rejected
static bool read_refusal(const char *line, struct arrival *a)
{
    int name = 0, reason = 0;
    sscanf(line, "Invalid %*[a-z] at addr 0x%" SCNx64 ", size %u, region '%n%*[^']', reason: %n",
           &a->addr, &a->size, &name, &reason);
    if (reason == 0)
        return false;
    a->kind = ARRIVAL_REFUSED;
    snprintf(a->name, sizeof a->name, "%.*s", (int)strcspn(line + name, "'"), line + name);
    if (strcmp(a->name, "(null)") == 0)
        a->name[0] = '\0';
    snprintf(a->text, sizeof a->text, "%.*s", ARRIVAL_TEXT_MAX - 1, line + reason);
    return true;
}

// QEMU may put the process and the time before an event: 812@1700000000.123456:
static const char *skip_time(const char *line)
{
    const size_t digits = strspn(line, "0123456789@.");
    return digits > 0 && line[digits] == ':' ? line + digits + 1 : line;
}

size_t arrival_length(const char *line, size_t length)
{
    static const char *const starts[] = {"memory_region_", "Invalid read at addr",
                                         "Invalid write at addr", GUEST_LINE};
    const size_t time = (size_t)(skip_time(line) - line);
    size_t nearest = length;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const size_t from = time + 1;
        const char *at =
            from < length ? memmem(line + from, length - from, starts[i], strlen(starts[i])) : NULL;
        if (at != NULL && (size_t)(at - line) < nearest)
            nearest = (size_t)(at - line);
    }
    return nearest;
}

void arrival_read(const char *text, size_t length, struct arrival *out)
{
    char whole[LINE_MAX_BYTES];
    snprintf(whole, sizeof whole, "%.*s", (int)length, text);
    const char *line = skip_time(whole);
    *out = (struct arrival){.kind = ARRIVAL_SAID};
    if (read_callback(line, out) || read_ram_device(line, out) || read_refusal(line, out))
        return;
    const bool unknown =
        strncmp(line, "memory_region_", 14) == 0 || strncmp(line, "Invalid ", 8) == 0;
    *out = (struct arrival){.kind = unknown ? ARRIVAL_UNKNOWN : ARRIVAL_SAID};
    snprintf(out->text, sizeof out->text, "%.*s", ARRIVAL_TEXT_MAX - 1, line);
}

struct arrival *arrivals_add(struct arrivals *a)
{
    if (a->count == a->capacity) {
        a->capacity = a->capacity ? 2 * a->capacity : 64;
        a->items = must(reallocarray(a->items, a->capacity, sizeof *a->items));
    }
    return &a->items[a->count++];
}

void arrivals_free(struct arrivals *a)
{
    free(a->items);
    *a = (struct arrivals){.count = 0};
}
