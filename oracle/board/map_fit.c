// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/map_fit.h"

#include "board/region_ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One access in words, as a machine's would be.
static void words_of(const struct flat_view *view, const struct flat_range *range,
                     const struct probe_access *access, bool write, char text[PROBE_TEXT_MAX])
{
    uint64_t addr;
    struct arrivals told = {.count = 0};
    snprintf(text, PROBE_TEXT_MAX, "-");
    if (!probe_place(range, access, &addr))
        return;
    if (!region_ops_send(view, addr, access->size, write, &told))
        snprintf(text, PROBE_TEXT_MAX, "?");
    else if (told.count == 0)
        snprintf(text, PROBE_TEXT_MAX, "memory");
    else
        probe_words(&told, 0, text);
    arrivals_free(&told);
}

void map_probe(const struct flat_view *view, struct probe *out)
{
    *out = (struct probe){.count = 0};
    probe_gather(view, out);
    for (size_t i = 0; i < out->count; i++)
        for (size_t k = 0; k < PROBE_COUNT; k++) {
            struct probed_region *r = &out->regions[i];
            words_of(view, &r->range, &probe_accesses[k], true, r->store[k]);
            words_of(view, &r->range, &probe_accesses[k], false, r->load[k]);
        }
}

static bool fits(const struct probed_region *region, const struct region_ops *ops)
{
    struct flat_range range = region->range;
    const struct flat_view view = {.ranges = &range, .count = 1};
    char words[PROBE_TEXT_MAX];
    range.has_ops = true;
    range.ops = *ops;
    for (size_t k = 0; k < PROBE_COUNT; k++) {
        words_of(&view, &range, &probe_accesses[k], true, words);
        if (strcmp(words, region->store[k]) != 0)
            return false;
        words_of(&view, &range, &probe_accesses[k], false, words);
        if (strcmp(words, region->load[k]) != 0)
            return false;
    }
    return true;
}

bool map_fit(struct probed_region *region)
{
    static const uint8_t widths[][2] = {{0, 0}, {1, 4}, {1, 8}, {1, 2}, {1, 1}, {2, 2},
                                        {2, 4}, {4, 4}, {4, 8}, {2, 8}, {8, 8}};
    enum { WIDTHS = sizeof widths / sizeof *widths };
    for (unsigned n = 0; n < 4 * WIDTHS * WIDTHS; n++) {
        const uint8_t *valid = widths[n / 4 % WIDTHS], *impl = widths[n / 4 / WIDTHS];
        const struct region_ops ops = {.valid_min = valid[0],
                                       .valid_max = valid[1],
                                       .impl_min = impl[0],
                                       .impl_max = impl[1],
                                       .valid_unaligned = n & 1,
                                       .impl_unaligned = n >> 1 & 1};
        if (fits(region, &ops)) {
            region->range.ops = ops;
            region->range.has_ops = true;
            return true;
        }
    }
    region->range.has_ops = false;
    return false;
}
