// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The report of `watch` as JSON, with the keys of `trace` where they mean the
// same. Accesses go out as they come; calls and the rest follow.

#include "describe.h"
#include "report.h"
#include "watch_report_parts.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static cJSON *object(void)
{
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    return o;
}

static void add_text(cJSON *o, const char *key, const char *text)
{
    char *copy = text && *text ? utf8_copy(text) : NULL;
    if (copy == NULL)
        cJSON_AddNullToObject(o, key);
    else
        cJSON_AddStringToObject(o, key, copy);
    free(copy);
}

// Beyond 2^53 in hex, as readers keep numbers as doubles.
static void add_count(cJSON *o, const char *key, uint64_t value)
{
    char text[24];
    bool exact = value <= UINT64_C(1) << 53;
    snprintf(text, sizeof text, exact ? "%" PRIu64 : "0x%" PRIx64, value);
    if (exact)
        cJSON_AddRawToObject(o, key, text);
    else
        cJSON_AddStringToObject(o, key, text);
}

static char *printed(cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);
    assert(text != NULL);
    cJSON_Delete(o);
    return text;
}

// An item of an array: after a comma but for the first.
static void print_item(cJSON *o, bool first, FILE *out)
{
    char *text = printed(o);
    fprintf(out, "%s\n%s", first ? "" : ",", text);
    free(text);
}

void watch_json_begin(struct watch_report *r)
{
    const struct watch_session *s = r->session;
    cJSON *o = object(), *file = cJSON_AddObjectToObject(o, "file");
    cJSON_AddStringToObject(o, "storescope", STORESCOPE_VERSION);
    add_text(file, "path", s->file);
    cJSON_AddBoolToObject(file, "device", s->is_device);
    add_count(file, "bytes", s->file_bytes);
    cJSON *program = cJSON_AddObjectToObject(o, "program");
    cJSON *words = cJSON_AddArrayToObject(program, "command");
    for (char *const *word = r->command; *word != NULL; word++) {
        char *copy = utf8_copy(*word);
        cJSON_AddItemToArray(words, cJSON_CreateString(copy));
        free(copy);
    }
    add_text(program, "path", s->target.path);
    add_text(program, "arch", s->target.machine->name);
    add_text(program, "qemu", s->qemu);
    add_text(program, "cpu", s->cpu);
    char *text = printed(o);
    text[strlen(text) - 1] = '\0'; // the brace: more members follow
    fprintf(r->out, "%s,\"accesses\":[", text);
    free(text);
}

static void add_site(cJSON *o, const struct watch_site *site)
{
    add_count(o, "pc", site->pc);
    add_text(o, "site", site->text);
    add_text(o, "symbol", site->place.symbol);
    cJSON_AddBoolToObject(o, "in_symbol", site->place.inside);
    add_count(o, "symbol_offset", site->place.offset);
    add_text(o, "module", site->place.path);
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

void watch_json_access(struct watch_report *r, const struct watch_access *a)
{
    cJSON *o = object();
    cJSON_AddStringToObject(o, "kind", a->is_store ? "store" : "load");
    add_count(o, "offset", a->offset);
    add_count(o, "width", a->width);
    add_count(o, "count", a->count);
    add_value(o, a);
    add_count(o, "addr", a->addr);
    add_site(o, a->site);
    add_count(o, "call", a->call);
    add_count(o, "pid", a->pid);
    add_count(o, "tid", a->tid);
    cJSON_AddBoolToObject(o, "private", a->is_private);
    print_item(o, r->json_accesses++ == 0, r->out);
}

static void add_tally(cJSON *o, const char *key, const struct watch_tally *t)
{
    cJSON *tally = cJSON_AddObjectToObject(o, key);
    add_count(tally, "count", t->count);
    add_count(tally, "bytes", t->bytes);
    add_count(tally, "bytes_again", t->bytes_again);
    add_count(tally, "lo", t->lo);
    add_count(tally, "hi", t->hi);
    cJSON_AddBoolToObject(tally, "ascending", !t->descends);
    add_count(tally, "misaligned", t->misaligned);
    cJSON *widths = cJSON_AddObjectToObject(tally, "widths");
    for (unsigned i = 0; i < sizeof t->widths / sizeof *t->widths; i++) {
        char width[8];
        snprintf(width, sizeof width, "%u", 1u << i);
        if (t->widths[i] > 0)
            add_count(widths, width, t->widths[i]);
    }
}

void watch_json_call(struct watch_report *r, const struct watch_call *c)
{
    cJSON *o = object();
    add_count(o, "call", c->number);
    add_count(o, "pid", c->pid);
    add_count(o, "tid", c->tid);
    add_site(o, c->site);
    if (c->caller != NULL)
        add_site(cJSON_AddObjectToObject(o, "caller"), c->caller);
    else
        cJSON_AddNullToObject(o, "caller");
    add_tally(o, "stores", &c->stores);
    add_tally(o, "loads", &c->loads);
    print_item(o, r->json_call_count++ == 0, r->json_calls);
}

static void copy_calls(struct watch_report *r)
{
    char chunk[4096];
    rewind(r->json_calls);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, r->json_calls)) > 0;)
        fwrite(chunk, 1, got, r->out);
}

void watch_json_end(struct watch_report *r, const struct watch_log *log)
{
    static const char *const kinds[] = {
        [NOTE_INFO] = "info", [NOTE_DOUBT] = "doubt", [NOTE_BROKEN] = "broken"};
    const struct watch_totals *t = watch_log_totals(log);
    const struct watch_session *s = r->session;
    enum watch_note kind;
    const char *text;
    fputs("],\n\"calls\":[", r->out);
    copy_calls(r);
    fputs("],\n", r->out);
    cJSON *o = object(), *totals = cJSON_AddObjectToObject(o, "totals");
    add_count(totals, "calls", t->calls);
    add_count(totals, "stores", t->stores);
    add_count(totals, "loads", t->loads);
    add_count(totals, "bytes_stored", t->bytes_stored);
    add_count(totals, "mappings", t->mappings);
    add_count(totals, "processes", t->processes);
    add_count(totals, "threads", t->threads);
    cJSON *notes = cJSON_AddArrayToObject(o, "notes");
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++) {
        cJSON *item = object();
        cJSON_AddStringToObject(item, "kind", kinds[kind]);
        add_text(item, "text", text);
        cJSON_AddItemToArray(notes, item);
    }
    cJSON_AddItemToObject(o, "exit_status",
                          WIFEXITED(s->status) ? cJSON_CreateNumber(WEXITSTATUS(s->status))
                                               : cJSON_CreateNull());
    cJSON_AddItemToObject(o, "signal",
                          WIFSIGNALED(s->status) ? cJSON_CreateNumber(WTERMSIG(s->status))
                                                 : cJSON_CreateNull());
    char *members = printed(o);
    fprintf(r->out, "%s\n", members + 1); // without the opening brace
    free(members);
}
