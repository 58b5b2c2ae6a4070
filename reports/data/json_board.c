// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/data/json_board.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>

static const char *const kind_name[] = {
    [ARRIVAL_WRITE] = "write", [ARRIVAL_READ] = "read",       [ARRIVAL_REFUSED] = "refused",
    [ARRIVAL_SAID] = "said",   [ARRIVAL_UNKNOWN] = "unknown",
};

static const char *const sent_by[] = {
    [DELIVERY_TEST] = "qtest",
    [DELIVERY_CPU] = "cpu",
    [DELIVERY_MAP] = "map",
};

static cJSON *arrival_object(const struct delivery *r, const struct arrival *a)
{
    cJSON *o = json_object();
    const bool placed = a->kind != ARRIVAL_SAID && a->kind != ARRIVAL_UNKNOWN;
    const struct flat_range *range = placed ? flat_view_at(&r->view, a->addr) : NULL;
    json_add_text(o, "kind", kind_name[a->kind]);
    json_add_text_or_null(o, "region", a->name[0] ? a->name : NULL);
    json_add_text_or_null(o, "text", a->text[0] ? a->text : NULL);
    // A region that refuses counts from its own start.
    const bool inside = a->kind == ARRIVAL_REFUSED && a->name[0];
    if (placed)
        json_add_count(o, "size", a->size);
    if (placed && !inside)
        json_add_hex(o, "addr", a->addr);
    if (inside)
        json_add_hex(o, "offset", a->addr);
    else if (range != NULL)
        json_add_hex(o, "offset", a->addr - range->lo + range->offset);
    if (placed && a->kind != ARRIVAL_REFUSED && !a->no_value)
        json_add_hex(o, "value", a->value);
    return o;
}

static cJSON *piece_object(const struct delivery *r, const struct delivery_piece *p)
{
    cJSON *o = json_object();
    json_add_count(o, "access", p->access);
    json_add_text(o, "kind", p->write ? "store" : "load");
    json_add_hex(o, "addr", p->addr);
    json_add_count(o, "size", p->size);
    json_add_text_or_null(o, "region", p->range != NULL ? p->range->name : NULL);
    json_add_text_or_null(o, "memory", p->range != NULL ? flat_kind_name[p->range->kind] : NULL);
    cJSON *arrivals = cJSON_AddArrayToObject(o, "arrivals");
    for (size_t i = p->first; i < p->first + p->count; i++)
        cJSON_AddItemToArray(arrivals, arrival_object(r, &r->told.items[i]));
    return o;
}

// The console's bytes, one character each.
static void add_console(cJSON *o, const struct delivery *r)
{
    if (r->console == NULL) {
        cJSON_AddNullToObject(o, "console");
        return;
    }
    char *text = must(malloc(2 * r->console_bytes + 1)), *end = text;
    for (size_t i = 0; i < r->console_bytes; i++) {
        const unsigned char c = (unsigned char)r->console[i];
        if (c >= 0x80)
            *end++ = (char)(0xc0 | c >> 6);
        *end++ = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c ? c : ' ');
    }
    *end = '\0';
    cJSON_AddStringToObject(o, "console", text);
    free(text);
}

cJSON *json_board(const struct delivery *r, const char *machine)
{
    cJSON *o = json_object();
    json_add_text(o, "machine", machine);
    json_add_text(o, "version", r->version);
    json_add_text(o, "emulator", r->path);
    json_add_text(o, "sent_by", sent_by[r->by]);
    json_add_hex(o, "at", r->at);
    json_add_text_or_null(o, "skipped", r->skipped.text[0] ? r->skipped.text : NULL);
    json_add_text_or_null(o, "fault", r->fault.text[0] ? r->fault.text : NULL);
    add_console(o, r);
    cJSON *pieces = cJSON_AddArrayToObject(o, "sent");
    for (size_t i = 0; i < r->piece_count; i++)
        cJSON_AddItemToArray(pieces, piece_object(r, &r->pieces[i]));
    return o;
}
