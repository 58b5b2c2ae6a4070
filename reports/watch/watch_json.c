// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The report of `watch` as JSON, with the keys of `trace` where they mean the
// same. Accesses go out as they come; calls and the rest follow.

#include "base/json.h"
#include "reports/access_text.h"
#include "reports/report.h"
#include "reports/watch/watch_report_state.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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
    cJSON *o = json_object(), *file = cJSON_AddObjectToObject(o, "file");
    cJSON_AddStringToObject(o, "storescope", STORESCOPE_VERSION);
    json_add_text_or_null(file, "path", s->file);
    cJSON_AddBoolToObject(file, "device", s->is_device);
    json_add_count(file, "bytes", s->file_bytes);
    cJSON *program = cJSON_AddObjectToObject(o, "program");
    cJSON *words = cJSON_AddArrayToObject(program, "command");
    for (char *const *word = r->command; *word != NULL; word++) {
        char *copy = utf8_copy(*word);
        cJSON_AddItemToArray(words, cJSON_CreateString(copy));
        free(copy);
    }
    json_add_text_or_null(program, "path", s->target.path);
    json_add_text_or_null(program, "arch", s->target.machine->name);
    json_add_text_or_null(program, "qemu", s->qemu);
    json_add_text_or_null(program, "cpu", s->cpu);
    char *text = printed(o);
    text[strlen(text) - 1] = '\0'; // the brace: more members follow
    fprintf(r->out, "%s,\"accesses\":[", text);
    free(text);
}

void watch_json_access(struct watch_report *r, const struct watch_access *a)
{
    print_item(watch_json_access_object(a), r->json_accesses++ == 0, r->out);
}

static void add_tally(cJSON *o, const char *key, const struct watch_tally *t)
{
    cJSON *tally = cJSON_AddObjectToObject(o, key);
    json_add_count(tally, "count", t->count);
    json_add_count(tally, "bytes", t->bytes);
    json_add_count(tally, "bytes_again", t->bytes_again);
    json_add_count(tally, "lo", t->lo);
    json_add_count(tally, "hi", t->hi);
    cJSON_AddBoolToObject(tally, "ascending", !t->descends);
    json_add_count(tally, "misaligned", t->misaligned);
    cJSON *widths = cJSON_AddObjectToObject(tally, "widths");
    for (unsigned i = 0; i < sizeof t->widths / sizeof *t->widths; i++) {
        char width[8];
        snprintf(width, sizeof width, "%u", 1u << i);
        if (t->widths[i] > 0)
            json_add_count(widths, width, t->widths[i]);
    }
}

void watch_json_call(struct watch_report *r, const struct watch_call *c)
{
    cJSON *o = json_object();
    json_add_count(o, "call", c->number);
    json_add_count(o, "pid", c->pid);
    json_add_count(o, "tid", c->tid);
    watch_json_add_site(o, c->site);
    if (c->caller != NULL)
        watch_json_add_site(cJSON_AddObjectToObject(o, "caller"), c->caller);
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
    cJSON *o = json_object(), *totals = cJSON_AddObjectToObject(o, "totals");
    json_add_count(totals, "calls", t->calls);
    json_add_count(totals, "stores", t->stores);
    json_add_count(totals, "loads", t->loads);
    json_add_count(totals, "bytes_stored", t->bytes_stored);
    json_add_count(totals, "mappings", t->mappings);
    json_add_count(totals, "processes", t->processes);
    json_add_count(totals, "threads", t->threads);
    cJSON_AddItemToObject(o, "contracts", watch_json_contracts(r));
    cJSON *notes = cJSON_AddArrayToObject(o, "notes");
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++) {
        cJSON *item = json_object();
        cJSON_AddStringToObject(item, "kind", kinds[kind]);
        json_add_text_or_null(item, "text", text);
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
