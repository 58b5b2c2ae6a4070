// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/json.h"
#include "reports/probe/probe_report.h"
#include "reports/report.h"
#include "reports/where.h"

#include <stdlib.h>

// Of a finding's bytes; a reader who wants more asks for a smaller copy.
enum { WINDOW_MAX = 64 };

void probe_json_begin(const struct map *map, FILE *out)
{
    struct host host;
    cJSON *o = json_object();
    host_describe(&host);
    cJSON_AddStringToObject(o, "storescope", STORESCOPE_VERSION);
    cJSON *on = cJSON_AddObjectToObject(o, "host");
    json_add_text(on, "cpu", host.cpu);
    json_add_text(on, "libc", host.libc);
    json_add_text(on, "kernel", host.kernel);
    cJSON *m = cJSON_AddObjectToObject(o, "map");
    json_add_text(m, "name", map->name);
    json_add_text(m, "kind", probe_kind_name[map->kind]);
    json_print_members(o, out);
    fputs(",\"results\":[", out);
}

void probe_json_end(FILE *out)
{
    fputs("\n]}\n", out);
}

static void add_bytes(cJSON *o, const char *key, const uint8_t *bytes, uint64_t lo, uint64_t hi)
{
    char text[2 * WINDOW_MAX + 1] = "";
    for (uint64_t i = lo; i < hi && i < lo + WINDOW_MAX; i++)
        snprintf(text + 2 * (i - lo), 3, "%02x", bytes[i]);
    cJSON_AddStringToObject(o, key, text);
}

static void add_place(cJSON *o, const struct probe_result *r, const struct probe_finding *f)
{
    if (f->lo >= f->hi)
        return;
    json_add_count(o, "offset", r->request.offset + f->lo);
    json_add_count(o, "bytes", f->hi - f->lo);
    add_bytes(o, "got", r->got, f->lo, f->hi);
    add_bytes(o, "wanted", r->wanted, f->lo, f->hi);
}

static void add_fault(cJSON *o, const struct probe_result *r)
{
    struct where w;
    cJSON *fault = cJSON_AddObjectToObject(o, "fault");
    const bool known = r->where.trace.site_count > 0 && where_of(&r->where, 0, &w);
    json_add_count(fault, "signal", (uint64_t)r->fault.signal);
    json_add_text_or_null(fault, "kind",
                          r->fault.no_address ? NULL
                          : r->fault.stores   ? "store"
                                              : "load");
    if (r->fault.no_address)
        cJSON_AddNullToObject(fault, "address");
    else
        json_add_hex(fault, "address", r->fault.address);
    json_add_hex(fault, "pc", r->fault.pc);
    json_add_text_or_null(fault, "site", r->instruction);
    json_add_text_or_null(fault, "symbol", known ? w.symbol : NULL);
    if (known)
        json_add_count(fault, "symbol_offset", w.symbol_offset);
    else
        cJSON_AddNullToObject(fault, "symbol_offset");
    json_add_text_or_null(fault, "module", known ? w.module : NULL);
}

static cJSON *finding_object(const struct probe_result *r, const struct probe_finding *f)
{
    cJSON *o = json_object();
    cJSON_AddStringToObject(o, "rule", probe_rule_name[f->rule]);
    json_add_text(o, "message", f->message);
    add_place(o, r, f);
    if (r->fault.signal != 0 && (f->rule == PROBE_CRASH || f->rule == PROBE_TIMEOUT))
        add_fault(o, r);
    return o;
}

static void add_physical(cJSON *o, const struct probe_result *r)
{
    const struct physical *p = &r->physical;
    if (!r->called || p->state != PHYSICAL_KNOWN) {
        cJSON_AddNullToObject(o, "physical");
        return;
    }
    cJSON *physical = cJSON_AddObjectToObject(o, "physical");
    json_add_hex(physical, "address", p->address);
    json_add_count(physical, "pages", p->pages);
    cJSON_AddBoolToObject(physical, "contiguous", p->runs == 1);
}

static void add_counter(cJSON *o, const struct probe_result *r)
{
    if (!r->has_count) {
        cJSON_AddNullToObject(o, "counter");
        return;
    }
    cJSON *counter = cJSON_AddObjectToObject(o, "counter");
    json_add_count(counter, "offset", r->request.counter);
    json_add_count(counter, "width", r->request.counter_width);
    json_add_count(counter, "counted", r->counted);
    json_add_count(counter, "stores", r->stores);
}

void probe_json_add(const struct probe_result *r, bool first, FILE *out)
{
    const struct probe_request *q = &r->request;
    cJSON *o = json_object();
    json_add_text(o, "backend", r->backend->name);
    cJSON_AddStringToObject(o, "verdict", verdict_name[r->verdict]);
    json_add_text_or_null(o, "reason", r->reason);
    json_add_count(o, "offset", q->offset);
    json_add_count(o, "size", q->size);
    json_add_count(o, "hole", q->hole);
    json_add_count(o, "src", q->src_off);
    json_add_count(o, "fill", q->seed);
    add_physical(o, r);
    add_counter(o, r);
    cJSON *findings = cJSON_AddArrayToObject(o, "findings");
    for (size_t i = 0; i < r->finding_count; i++)
        cJSON_AddItemToArray(findings, finding_object(r, &r->findings[i]));
    char *text = cJSON_PrintUnformatted(o);
    if (text != NULL)
        fprintf(out, "%s\n%s", first ? "" : ",", text);
    free(text);
    cJSON_Delete(o);
}
