// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// An access and its instruction as JSON, wherever a report has them.

#include "backends/names.h"
#include "base/json.h"
#include "reports/watch/watch_report_state.h"

#include <stdio.h>
#include <string.h>

void watch_json_add_symbol(cJSON *o, const struct place *p)
{
    char name[NAME_TEXT_MAX];
    const char *symbol = p->symbol;
    bool mangled = symbol != NULL && strcmp(name_print(symbol, name, sizeof name), symbol) != 0;
    json_add_text_or_null(o, "symbol", symbol);
    json_add_text_or_null(o, "demangled", mangled ? name : NULL);
}

void watch_json_add_site(cJSON *o, const struct watch_site *site)
{
    struct where where;
    bool known = where_in_file(site->place.path, site->place.addr, &where) && where.line_count > 0;
    json_add_count(o, "pc", site->pc);
    json_add_text_or_null(o, "site", site->text);
    watch_json_add_symbol(o, &site->place);
    cJSON_AddBoolToObject(o, "in_symbol", site->place.inside);
    json_add_count(o, "symbol_offset", site->place.offset);
    json_add_text_or_null(o, "module", site->place.path);
    json_add_text_or_null(o, "file", known ? where.lines[0].file : NULL);
    if (known)
        json_add_count(o, "line", (uint64_t)where.lines[0].line);
    else
        cJSON_AddNullToObject(o, "line");
}

// The bytes as one little-endian number, as bus beats are printed.
static void add_value(cJSON *o, const struct watch_access *a)
{
    char text[2 * ACCESS_BYTES_MAX + 3] = "0x";
    unsigned top = a->width * a->count - 1;
    if (!a->is_store || !a->known) {
        cJSON_AddNullToObject(o, "value");
        return;
    }
    while (top > 0 && a->value[top] == 0)
        top--;
    int used = 2 + sprintf(text + 2, "%x", a->value[top]);
    while (top-- > 0)
        used += sprintf(text + used, "%02x", a->value[top]);
    cJSON_AddStringToObject(o, "value", text);
}

cJSON *watch_json_access_object(const struct watch_access *a)
{
    cJSON *o = json_object();
    cJSON_AddStringToObject(o, "kind", a->is_store ? "store" : "load");
    json_add_count(o, "offset", a->offset);
    json_add_count(o, "width", a->width);
    json_add_count(o, "count", a->count);
    add_value(o, a);
    json_add_count(o, "addr", a->addr);
    watch_json_add_site(o, a->site);
    json_add_count(o, "call", a->call);
    json_add_count(o, "pid", a->pid);
    json_add_count(o, "tid", a->tid);
    cJSON_AddBoolToObject(o, "private", a->is_private);
    return o;
}
