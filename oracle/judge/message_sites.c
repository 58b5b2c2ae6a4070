// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "judge/message_sites.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void site_mark(const struct trace *t, size_t site, char mark[SITE_MARK_MAX])
{
    const uint64_t addr = t->sites[site].addr;
    const bool before = addr < t->entry;
    size_t i = 0;
    while (i < t->image_count && (addr < t->images[i].lo || addr >= t->images[i].hi))
        i++;
    mark[0] = '\0';
    if (i < t->own_image_count)
        snprintf(mark, SITE_MARK_MAX, " (%s0x%" PRIx64 ")", before ? "-" : "+",
                 before ? t->entry - addr : addr - t->entry);
    else if (i < t->image_count)
        snprintf(mark, SITE_MARK_MAX, " (+0x%" PRIx64 " of another module)",
                 addr - t->images[i].lo);
}

static void replace(char *message, size_t size, const char *mark, const char *name)
{
    char named[SITE_NAME_MAX + sizeof " ()"];
    char *at = mark[0] != '\0' ? strstr(message, mark) : NULL;
    size_t length = (size_t)snprintf(named, sizeof named, " (%s)", name), old = strlen(mark);
    if (at == NULL || name[0] == '\0' || strlen(message) + length >= size + old)
        return;
    memmove(at + length, at + old, strlen(at + old) + 1);
    memcpy(at, named, length);
}

void message_name_sites(const struct trace *t, site_namer *name, const void *context, char *message,
                        size_t message_size)
{
    char mark[SITE_MARK_MAX], text[SITE_NAME_MAX];
    for (size_t i = 0; i < t->site_count; i++) {
        site_mark(t, i, mark);
        if (mark[0] == '\0' || strstr(message, mark) == NULL)
            continue;
        name(context, i, text);
        replace(message, message_size, mark, text);
    }
}
