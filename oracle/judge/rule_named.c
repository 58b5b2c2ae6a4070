// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The rule that is meant by a name which none has, part by part: "unaligned-write" is
// misaligned-store.

#include "judge/rules.h"

#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

enum { PARTS_MAX = 8, PART_MAX = 24 };

struct parts {
    size_t count;
    char part[PARTS_MAX][PART_MAX];
};

// What people say, and what the rules' names have for it.
static const struct {
    const char *said, *named;
} synonyms[] = {
    {"double", "duplicate"},
    {"twice", "duplicate"},
    {"redundant", "duplicate"},
    {"again", "duplicate"},
    {"overlap", "overlapping"},
    {"unaligned", "misaligned"},
    {"alignment", "misaligned"},
    {"aligned", "misaligned"},
    {"tear", "torn"},
    {"tearing", "torn"},
    {"atomicity", "torn"},
    {"simd", "vector"},
    {"sse", "vector"},
    {"avx", "vector"},
    {"neon", "vector"},
    {"sve", "vector"},
    {"nt", "nontemporal"},
    {"streaming", "nontemporal"},
    {"rep", "string"},
    {"oob", "bounds"},
    {"overflow", "bounds"},
    {"overrun", "bounds"},
    {"order", "unordered"},
    {"ordering", "unordered"},
    {"fence", "unfenced"},
    {"flush", "unflushed"},
    {"small", "narrow"},
    {"narrower", "narrow"},
    {"big", "wide"},
    {"large", "wide"},
    {"wider", "wide"},
    {"width", "wide"},
    {"write", "store"},
    {"read", "load"},
    {"fetch", "load"},
    {"hang", "timeout"},
    {"fault", "crash"},
    {"segfault", "crash"},
    {"burst", "broken"},
    {"double-fetch", "repeated-load"},
    {"toctou", "repeated-load"},
    {"volatile", "transient"},
    {"fpu", "x87"},
    {"pair", "paired"},
};

static const char *as_named(const char *part)
{
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
        if (strcmp(synonyms[i].said, part) == 0)
            return synonyms[i].named;
    return part;
}

static void split(const char *name, struct parts *out)
{
    out->count = 0;
    name = as_named(name);
    for (size_t length; *name != '\0' && out->count < PARTS_MAX; name += length) {
        name += strspn(name, "-_ ");
        length = strcspn(name, "-_ ");
        char part[PART_MAX];
        snprintf(part, sizeof part, "%.*s", (int)length, name);
        if (length > 0)
            snprintf(out->part[out->count++], PART_MAX, "%s", as_named(part));
    }
}

// How far a part is from the nearest of a name's: at most as far as from nothing.
static unsigned part_cost(const char *part, const struct parts *name)
{
    unsigned least = (unsigned)strlen(part);
    for (size_t i = 0; i < name->count; i++) {
        unsigned distance = nearest_distance(part, name->part[i]);
        least = distance < least ? distance : least;
    }
    return 2 * least;
}

// One for each part that is too many: `narrow' is narrow-store, sooner than a longer name.
static unsigned cost(const struct parts *wanted, const struct parts *name)
{
    unsigned sum = name->count > wanted->count ? (unsigned)(name->count - wanted->count) : 0;
    for (size_t i = 0; i < wanted->count; i++)
        sum += part_cost(wanted->part[i], name);
    return sum;
}

enum rule_id rule_meant(const char *name)
{
    struct parts wanted, own;
    unsigned least = ~0u;
    enum rule_id best = (enum rule_id)0;
    split(name, &wanted);
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        split(rule_name[i], &own);
        unsigned here = cost(&wanted, &own);
        best = here < least ? (enum rule_id)i : best;
        least = here < least ? here : least;
    }
    return best;
}
