// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/probe.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct probe_access probe_accesses[PROBE_COUNT] = {
    {1, 0, "1"},       {2, 0, "2"},       {4, 0, "4"},       {8, 0, "8"},       {2, 1, "2 at +1"},
    {4, 1, "4 at +1"}, {4, 2, "4 at +2"}, {8, 1, "8 at +1"}, {8, 4, "8 at +4"},
};

enum { ROOM = 16 }; // bytes that the accesses lie in

void probe_words(const struct arrivals *told, size_t from, char text[PROBE_TEXT_MAX])
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = from; i < told->count && length < PROBE_TEXT_MAX - 4; i++) {
        const struct arrival *a = &told->items[i];
        if (a->kind == ARRIVAL_UNKNOWN) {
            length = 0;
            break;
        }
        if (a->kind != ARRIVAL_SAID)
            length +=
                (size_t)snprintf(text + length, PROBE_TEXT_MAX - length, "%s%s%u",
                                 length ? "+" : "", a->kind == ARRIVAL_REFUSED ? "x" : "", a->size);
    }
    if (length == 0)
        snprintf(text, PROBE_TEXT_MAX, "?");
}

bool probe_place(const struct flat_range *range, const struct probe_access *access, uint64_t *addr)
{
    const uint64_t bytes = range->hi - range->lo + 1;
    const uint64_t start =
        bytes > ROOM ? (range->hi + 1 - ROOM) & ~(uint64_t)(ROOM - 1) : range->lo;
    *addr = start + access->offset;
    return start >= range->lo && *addr + access->size - 1 <= range->hi;
}

struct prober {
    const char *machine;
    struct board *board;
    struct error *error;
};

// One access: at the end of a region, where devices have fewest registers.
static bool try_access(struct prober *p, const struct flat_range *range,
                       const struct probe_access *access, bool write, char text[PROBE_TEXT_MAX])
{
    static const uint8_t zeros[8];
    struct arrivals told = {.count = 0};
    struct error ended;
    uint64_t addr;
    snprintf(text, PROBE_TEXT_MAX, "-");
    if (!probe_place(range, access, &addr))
        return true;
    const bool sent = write ? board_write(p->board, addr, zeros, access->size, &told, &ended)
                            : board_read(p->board, addr, access->size, &told, &ended);
    if (!sent)
        snprintf(text, PROBE_TEXT_MAX, "ends");
    else if (told.count == 0 && flat_is_memory(range, write))
        snprintf(text, PROBE_TEXT_MAX, "memory");
    else
        probe_words(&told, 0, text);
    arrivals_free(&told);
    if (!sent) {
        board_end(p->board);
        p->board = board_start(p->machine, p->error);
    }
    return p->board != NULL;
}

// Once an access has ended the machine, no more are tried on the region: a machine takes its
// time to start.
static bool try_accesses(struct prober *p, const struct flat_range *range, bool write, bool *ended,
                         char words[PROBE_COUNT][PROBE_TEXT_MAX])
{
    for (size_t i = 0; i < PROBE_COUNT; i++) {
        snprintf(words[i], PROBE_TEXT_MAX, "?");
        if (!*ended && !try_access(p, range, &probe_accesses[i], write, words[i]))
            return false;
        *ended |= strcmp(words[i], "ends") == 0;
    }
    return true;
}

static bool try_region(struct prober *p, struct probed_region *region)
{
    bool ended = false;
    return try_accesses(p, &region->range, false, &ended, region->load) &&
           try_accesses(p, &region->range, true, &ended, region->store);
}
void probe_gather(const struct flat_view *view, struct probe *out)
{
    out->regions = must(calloc(view->count, sizeof *out->regions));
    for (size_t i = 0; i < view->count; i++) {
        const struct flat_range *range = &view->ranges[i];
        struct probed_region *last = out->count > 0 ? &out->regions[out->count - 1] : NULL;
        if (last != NULL && last->range.kind == range->kind &&
            last->range.offset == range->offset &&
            last->range.hi - last->range.lo == range->hi - range->lo &&
            strcmp(last->range.name, range->name) == 0)
            last->ranges++;
        else
            out->regions[out->count++] = (struct probed_region){.range = *range, .ranges = 1};
    }
}

bool probe_machine(const char *machine, struct probe *out, struct error *error)
{
    struct flat_view view;
    struct prober p = {.machine = machine, .error = error};
    *out = (struct probe){.count = 0};
    p.board = board_start(machine, error);
    char *text = p.board != NULL ? board_ask(p.board, "info mtree -f", error) : NULL;
    bool good = text != NULL && flat_view_read(text, &view, error);
    free(text);
    if (good) {
        snprintf(out->version, sizeof out->version, "%s", board_version(p.board));
        probe_gather(&view, out);
        flat_view_free(&view);
    }
    for (size_t i = 0; good && i < out->count; i++)
        good = try_region(&p, &out->regions[i]);
    board_end(p.board);
    return good;
}

void probe_free(struct probe *p)
{
    free(p->regions);
    *p = (struct probe){.count = 0};
}
