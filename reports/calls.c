// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/calls.h"

#include "backends/names.h"

#include <stdio.h>
#include <string.h>

static bool is_same(const struct called *a, const struct called *b)
{
    return strcmp(a->by, b->by) == 0 && strcmp(a->symbol, b->symbol) == 0 &&
           strcmp(a->module, b->module) == 0;
}

static void add(struct calls *calls, const struct called *c)
{
    size_t i = 0;
    while (i < calls->count && !is_same(&calls->items[i], c))
        i++;
    if (i == calls->count && i < CALLS_MAX)
        calls->items[calls->count++] = *c;
}

static void take(const struct recording *r, struct calls *out)
{
    struct where w;
    struct called c;
    for (size_t site = 0; site < r->trace.site_count; site++) {
        if (!where_of(r, site, &w) || !w.foreign)
            continue;
        snprintf(c.by, sizeof c.by, "%s", w.called);
        strcpy(c.symbol, w.symbol);
        strcpy(c.module, w.module);
        add(out, &c);
    }
}

void calls_of_recording(const struct recording *r, struct calls *out)
{
    out->count = 0;
    take(r, out);
}

void calls_of_results(const struct result *results, size_t count, struct calls *out)
{
    out->count = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < results[i].finding_count; k++)
            take(&results[i].findings[k].recording, out);
}

char *called_print(const struct called *c, char *text)
{
    char by[WHERE_NAME_MAX], symbol[WHERE_NAME_MAX];
    name_print(c->by, by, sizeof by);
    name_print(c->symbol[0] != '\0' ? c->symbol : "code without a name", symbol, sizeof symbol);
    if (c->by[0] != '\0' && strcmp(c->by, c->symbol) != 0)
        snprintf(text, WHERE_TEXT_MAX, "%.240s of %.240s (%.240s)", by, c->module, symbol);
    else
        snprintf(text, WHERE_TEXT_MAX, "%s of %s", symbol, c->module);
    return text;
}
