// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/selection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_chosen(const struct selection *s, const struct backend *b)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i]->name, b->name) == 0)
            return true;
    return false;
}

bool select_backends(char *const *patterns, size_t pattern_count, struct selection *out,
                     struct error *error)
{
    *out = (struct selection){.count = 0};
    backend_list_all(&out->all);
    for (size_t i = 0; i < pattern_count; i++)
        if (!backend_list_find(&out->all, patterns[i], &out->found, error)) {
            select_free(out);
            return false;
        }
    const struct backend_list *from = pattern_count > 0 ? &out->found : &out->all;
    out->items = calloc(from->count + 1, sizeof *out->items);
    assert(out->items != NULL);
    for (size_t i = 0; i < from->count; i++) {
        const struct backend *b = &from->items[i];
        if ((pattern_count > 0 || !b->planted) && !is_chosen(out, b))
            out->items[out->count++] = b;
    }
    if (out->count == 0) {
        error_set(error, "no backend to run; see `storescope list backends'");
        select_free(out);
        return false;
    }
    return true;
}

void select_free(struct selection *s)
{
    free(s->items);
    backend_list_free(&s->found);
    backend_list_free(&s->all);
    *s = (struct selection){.count = 0};
}
