// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/selection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANKS = 4 };

static bool is_chosen(const struct selection *s, const struct backend *b)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i]->name, b->name) == 0)
            return true;
    return false;
}

// What whoever asks for all wants to know first.
static int rank_of(const struct backend *b)
{
    return strncmp(b->name, "libc/", 5) == 0         ? 0
           : strncmp(b->name, "libc-live/", 10) == 0 ? 1
           : b->arch == NULL                         ? 2
                                                     : 3;
}

// Those of RANK, in the order of their names.
static void choose_all(struct selection *s, int rank)
{
    for (size_t i = 0; i < s->all.count; i++)
        if (!s->all.items[i].planted && rank_of(&s->all.items[i]) == rank)
            s->items[s->count++] = &s->all.items[i];
}

static void choose_found(struct selection *s)
{
    for (size_t i = 0; i < s->found.count; i++)
        if (!is_chosen(s, &s->found.items[i]))
            s->items[s->count++] = &s->found.items[i];
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
    out->items = calloc(out->all.count + out->found.count + 1, sizeof *out->items);
    assert(out->items != NULL);
    if (pattern_count > 0)
        choose_found(out);
    for (int rank = 0; pattern_count == 0 && rank < RANKS; rank++)
        choose_all(out, rank);
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
