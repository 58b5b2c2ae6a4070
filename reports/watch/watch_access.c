// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/watch/watch_report_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *watch_place_print(const struct watch_site *site, char *text)
{
    struct where where;
    place_print(&site->place, site->pc, true, text, WHERE_TEXT_MAX);
    const size_t used = strlen(text);
    if (used > 0 && text[used - 1] == ')' &&
        where_in_file(site->place.path, site->place.addr, &where) && where.line_count > 0) {
        const char *slash = strrchr(where.lines[0].file, '/');
        snprintf(text + used - 1, WHERE_TEXT_MAX - used + 1, ", %s:%d)",
                 slash != NULL ? slash + 1 : where.lines[0].file, where.lines[0].line);
    }
    return text;
}

char *watch_access_print(const struct watch_access *a, char *text)
{
    char where[WHERE_TEXT_MAX], bytes[64], width[32];
    const uint64_t hi = a->offset + (uint64_t)a->width * a->count - 1;
    snprintf(bytes, sizeof bytes, hi > a->offset ? "0x%" PRIx64 "..0x%" PRIx64 : "0x%" PRIx64,
             a->offset, hi);
    snprintf(width, sizeof width, a->count > 1 ? "%u x %u" : "%u", a->width, a->count);
    snprintf(text, WATCH_ACCESS_MAX, "%-5s  %-16s %6s  %s  at %s", a->is_store ? "store" : "load",
             bytes, width, a->site->text, watch_place_print(a->site, where));
    return text;
}
