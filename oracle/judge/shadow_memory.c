// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The memory of a shadow, which is kept from case to case.

#include "judge/access_bytes.h"

#include <stdio.h>
#include <stdlib.h>

struct shadow *shadow_new(void)
{
    struct shadow *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->scratch = calloc(1, sizeof(struct shadow_scratch));
    if (!s->scratch) {
        free(s);
        return NULL;
    }
    return s;
}

void shadow_free(struct shadow *s)
{
    if (!s)
        return;
    struct shadow_scratch *scratch = s->scratch;
    free(scratch->maps);
    free(scratch->slow);
    free(scratch);
    free(s);
}

void *shadow_room(void **items, size_t *have_bytes, size_t wanted_bytes)
{
    if (wanted_bytes <= *have_bytes)
        return *items;
    free(*items);
    *items = malloc(wanted_bytes);
    *have_bytes = wanted_bytes;
    if (!*items) {
        fprintf(stderr,
                "storescope: out of memory for a shadow of %zu bytes; "
                "use smaller sizes or fewer jobs\n",
                wanted_bytes);
        abort();
    }
    return *items;
}
