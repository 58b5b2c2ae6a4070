// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: a map's text that is taken gives ranges in ascending order that do not overlap,
// each printed as a line that gives the same range again, and every access at the edge of
// one arrives as pieces that lie within it or is refused; one that is not taken gives one
// line, which names the file.

#include "base/memory.h"
#include "board/map.h"
#include "board/region_ops.h"
#include "fuzz/fuzz.h"

static const char file_name[] = "fuzz.map";

enum { ARRIVALS_MAX = 64 };

static void is_sound(const struct flat_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct flat_range *r = &view->ranges[i];
        FUZZ_HOLDS(r->lo <= r->hi && (i == 0 || r[-1].hi < r->lo));
        FUZZ_HOLDS(r->kind < FLAT_KIND_COUNT);
        FUZZ_HOLDS(memchr(r->name, '\0', sizeof r->name) != NULL);
        FUZZ_HOLDS(memchr(r->contract, '\0', sizeof r->contract) != NULL);
        FUZZ_HOLDS(flat_view_at(view, r->lo) == r && flat_view_at(view, r->hi) == r);
    }
}

static void arrives(const struct flat_view *view, uint64_t addr, unsigned length, bool write)
{
    struct arrivals told = {.count = 0};
    unsigned bytes = 0;
    const bool known = region_ops_send(view, addr, length, write, &told);
    FUZZ_HOLDS(told.count <= ARRIVALS_MAX);
    for (size_t i = 0; i < told.count; i++) {
        FUZZ_HOLDS(told.items[i].size >= 1 && told.items[i].size <= 8);
        bytes += told.items[i].size;
    }
    // A piece may be wider than what is left: registers that take nothing narrower.
    FUZZ_HOLDS(!known || bytes <= 8 * length);
    arrivals_free(&told);
}

static void takes_accesses(const struct flat_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        for (unsigned length = 1; length <= 8; length *= 2)
            for (unsigned at = 0; at < 16; at++) {
                const struct flat_range *r = &view->ranges[i];
                if (r->lo <= UINT64_MAX - at - length)
                    arrives(view, r->lo + at, length, at % 2);
                if (r->hi >= at && r->hi - at <= UINT64_MAX - length)
                    arrives(view, r->hi - at, length, at % 2);
            }
}

// A region that is seen twice has one name.
static bool names_differ(const struct flat_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(view->ranges[i].name, view->ranges[k].name) == 0)
                return false;
    return true;
}

static bool is_same(const struct flat_range *a, const struct flat_range *b)
{
    return a->lo == b->lo && a->hi == b->hi && a->kind == b->kind && a->offset == b->offset &&
           a->has_ops == b->has_ops && strcmp(a->name, b->name) == 0 &&
           (!a->has_ops || memcmp(&a->ops, &b->ops, sizeof a->ops) == 0);
}

static void is_the_same_printed(const struct map *map)
{
    struct map again;
    struct error error = {""};
    char *text = NULL;
    size_t length;
    FILE *out = must(open_memstream(&text, &length));
    fputs("map again\n", out);
    for (size_t i = 0; i < map->view.count; i++)
        map_print_range(&map->view.ranges[i], out);
    fclose(out);
    const bool taken = map_parse(file_name, text, length, &again, &error);
    if (!taken)
        fprintf(stderr, "%s\n%s", error.text, text);
    FUZZ_HOLDS(taken && again.view.count == map->view.count);
    for (size_t i = 0; i < map->view.count; i++)
        FUZZ_HOLDS(is_same(&map->view.ranges[i], &again.view.ranges[i]));
    map_free(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct map map;
    struct error error = {""};
    if (!map_parse(file_name, (const char *)data, size, &map, &error)) {
        fuzz_error_is_one_line(&error);
        FUZZ_HOLDS(strncmp(error.text, file_name, strlen(file_name)) == 0);
        return 0;
    }
    is_sound(&map.view);
    takes_accesses(&map.view);
    if (map.view.count > 0 && names_differ(&map.view))
        is_the_same_printed(&map);
    map_free(&map);
    return 0;
}
