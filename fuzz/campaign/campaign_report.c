// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a campaign came to, as text and as JSON.

#include "fuzz/campaign/campaign.h"

#include "base/error.h"
#include "base/json.h"
#include "reports/access_text.h"
#include "reports/report.h"
#include "reports/text/differences.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { UNREACHED_SHOWN = 6 };

struct reached {
    const struct scoreboard_backend *row;
    struct scoreboard_note *insns;
    size_t count;
};

static struct reached read_row(const struct scoreboard_backend *row)
{
    struct reached r = {.row = row, .insns = calloc(SCOREBOARD_INSNS_MAX, sizeof *r.insns)};
    assert(r.insns != NULL);
    r.count = scoreboard_insns(row, r.insns, SCOREBOARD_INSNS_MAX);
    return r;
}

// The instruction as text, as reports name it.
static void insn_text(const struct scoreboard_note *n, char *text, size_t text_size)
{
    struct site site = {.length = n->length};
    memcpy(site.bytes, n->bytes, sizeof site.bytes);
    site_describe(&site, 0);
    snprintf(text, text_size, "%s", site.text);
}

static const struct scoreboard_backend *next_row(const struct fuzz *x, size_t *at)
{
    while (x->scoreboard && *at < SCOREBOARD_BACKENDS_MAX) {
        const struct scoreboard_backend *row = &x->scoreboard->backends[(*at)++];
        if (atomic_load(&row->state) == 2 && memchr(row->name, '\0', sizeof row->name))
            return row;
    }
    return NULL;
}

// ---- text ----

static void text_row(const struct scoreboard_backend *row, FILE *out)
{
    char count[COUNT_TEXT_MAX], text[80];
    struct reached r = read_row(row);
    size_t shown = 0, unreached = 0;
    fprintf(out, "%s: %s, %u of %u instructions reached\n", row->name,
            count_print(atomic_load(&row->executions), "execution", count),
            atomic_load(&row->reached), atomic_load(&row->known));
    for (size_t i = 0; i < r.count; i++) {
        unreached += !r.insns[i].reached;
        if (r.insns[i].reached || shown++ >= UNREACHED_SHOWN)
            continue;
        insn_text(&r.insns[i], text, sizeof text);
        fprintf(out, "  never reached: +0x%" PRIx64 "  %s\n", (uint64_t)r.insns[i].offset, text);
    }
    if (unreached > UNREACHED_SHOWN)
        fprintf(out, "  and %zu more (all are in --format json)\n", unreached - UNREACHED_SHOWN);
    free(r.insns);
}

static void text_finding(const struct fuzz_finding *f, const struct terminal *terminal, FILE *out)
{
    char text[CASE_TEXT_MAX];
    case_print(&f->saved.c, text);
    terminal_put(terminal, out, f->confirmed ? HUE_BAD : HUE_DOUBT, rule_name[f->saved.rule]);
    fprintf(out, " by %s under %s%s\n  %s\n  sites: %s\n", f->saved.backend, f->saved.contracts,
            f->is_new ? " (new)" : "", text, f->saved.sites);
    if (f->confirmed) {
        terminal_wrap(terminal, out, 2, f->message);
        fprintf(out, "  storescope replay ");
        terminal_quote(out, f->path);
        fputc('\n', out);
    } else {
        fputs("  not confirmed: ", out);
        fprintf(out, "%s\n", f->reason);
    }
}

static void text_skipped(const struct fuzz *x, FILE *out)
{
    for (size_t i = 0; i < x->selection.count; i++)
        if (x->selection.items[i]->missing)
            fprintf(out, "skipped: %s: %s\n", x->selection.items[i]->name,
                    x->selection.items[i]->missing);
}

static size_t count_confirmed(const struct fuzz *x)
{
    size_t count = 0;
    for (size_t i = 0; i < x->findings.count; i++)
        count += x->findings.items[i].confirmed;
    return count;
}

static void text_report(struct fuzz *x, const struct fuzz_status *s, bool compared,
                        const struct terminal *terminal, FILE *out)
{
    char count[COUNT_TEXT_MAX], rate[COUNT_TEXT_MAX];
    const struct scoreboard_backend *row;
    for (size_t at = 0; (row = next_row(x, &at)) != NULL;)
        text_row(row, out);
    text_skipped(x, out);
    for (size_t i = 0; i < x->findings.count && !(compared && x->own->baseline); i++)
        text_finding(&x->findings.items[i], terminal, out);
    if (compared)
        baseline_text(&x->comparing.report, terminal, out);
    fprintf(out, "\n%s after %.0f s: %s", x->interrupted ? "interrupted" : "finished",
            x->folder.seconds, count_print(s->executions, "execution", count));
    if (*rate_print(s->executions, x->folder.seconds > 1 ? x->folder.seconds : 1, rate))
        fprintf(out, ", %s", rate);
    if (x->solved > 0)
        fprintf(out, ", %s solved", count_print(x->solved, "case", count));
    fprintf(out, ", corpus of %s", count_print(s->corpus, "input", count));
    fprintf(out, ", %s", count_print(count_confirmed(x), "finding", count));
    if (x->findings.count > count_confirmed(x))
        fprintf(out, ", %zu not confirmed", x->findings.count - count_confirmed(x));
    if (s->expected_count > 0)
        fprintf(out, ", %" PRIu64 " expected", s->expected_count);
    if (s->broken > 0)
        fprintf(out, ", %s not judged", count_print(s->broken, "case", count));
    if (x->crashes > 0)
        fprintf(out, ", %s restarted after a crash", count_print(x->crashes, "engine", count));
    fprintf(out, "\nfindings in %s; `storescope fuzz --resume --corpus ", x->folder.findings);
    terminal_quote(out, x->folder.root);
    fputs("' goes on\n", out);
}

// ---- JSON ----

static cJSON *row_object(const struct scoreboard_backend *row)
{
    cJSON *o = cJSON_CreateObject();
    struct reached r = read_row(row);
    json_add_text(o, "backend", row->name);
    cJSON_AddNumberToObject(o, "executions", (double)atomic_load(&row->executions));
    cJSON_AddNumberToObject(o, "instructions", atomic_load(&row->known));
    cJSON_AddNumberToObject(o, "reached", atomic_load(&row->reached));
    cJSON_AddNumberToObject(o, "skipped_cases", (double)atomic_load(&row->skipped));
    cJSON_AddNumberToObject(o, "broken_cases", (double)atomic_load(&row->broken));
    cJSON *unreached = cJSON_AddArrayToObject(o, "never_reached");
    for (size_t i = 0; i < r.count; i++) {
        char text[80];
        if (r.insns[i].reached)
            continue;
        cJSON *insn = cJSON_CreateObject();
        insn_text(&r.insns[i], text, sizeof text);
        cJSON_AddNumberToObject(insn, "offset", (double)r.insns[i].offset);
        json_add_text(insn, "text", text);
        cJSON_AddItemToArray(unreached, insn);
    }
    free(r.insns);
    return o;
}

static cJSON *finding_object(const struct fuzz_finding *f)
{
    char text[CASE_TEXT_MAX];
    cJSON *o = cJSON_CreateObject();
    case_print(&f->saved.c, text);
    json_add_text(o, "backend", f->saved.backend);
    json_add_text(o, "contracts", f->saved.contracts);
    json_add_text(o, "device", device_side_name(f->saved.device));
    json_add_text(o, "rule", rule_name[f->saved.rule]);
    json_add_text(o, "sites", f->saved.sites);
    json_add_text(o, "case", text);
    cJSON_AddBoolToObject(o, "confirmed", f->confirmed);
    cJSON_AddBoolToObject(o, "new", f->is_new);
    json_add_text_or_null(o, "reason", f->confirmed ? NULL : f->reason);
    json_add_text_or_null(o, "message", f->confirmed ? f->message : NULL);
    json_add_text_or_null(o, "file", f->confirmed ? f->path : NULL);
    return o;
}

static void json_report(struct fuzz *x, const struct fuzz_status *s, bool compared, FILE *out)
{
    cJSON *o = cJSON_CreateObject();
    const struct scoreboard_backend *row;
    assert(o != NULL);
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    json_add_text(o, "campaign", x->folder.key);
    json_add_text(o, "folder", x->folder.root);
    cJSON_AddNumberToObject(o, "seconds", x->folder.seconds);
    cJSON_AddNumberToObject(o, "executions", (double)s->executions);
    cJSON_AddNumberToObject(o, "solved", (double)x->solved);
    cJSON_AddNumberToObject(o, "corpus", (double)s->corpus);
    cJSON_AddNumberToObject(o, "engine_crashes", x->crashes);
    cJSON_AddNumberToObject(o, "expected", (double)s->expected_count);
    cJSON_AddBoolToObject(o, "interrupted", x->interrupted);
    cJSON *backends = cJSON_AddArrayToObject(o, "backends");
    for (size_t at = 0; (row = next_row(x, &at)) != NULL;)
        cJSON_AddItemToArray(backends, row_object(row));
    cJSON *findings = cJSON_AddArrayToObject(o, "findings");
    for (size_t i = 0; i < x->findings.count; i++)
        cJSON_AddItemToArray(findings, finding_object(&x->findings.items[i]));
    if (compared)
        cJSON_AddItemToObject(o, "comparison", baseline_object(&x->comparing.report));
    char *text = cJSON_Print(o);
    assert(text != NULL);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(o);
}

static const char *first_unconfirmed(const struct fuzz *x)
{
    for (size_t i = 0; i < x->findings.count; i++)
        if (!x->findings.items[i].confirmed)
            return x->findings.items[i].reason;
    return "";
}

static int status_of(const struct fuzz *x, const struct fuzz_status *s)
{
    size_t confirmed = count_confirmed(x);
    if (x->own->baseline ? x->comparing.report.count > 0 : confirmed > 0 && !x->own->write)
        return EXIT_FINDINGS;
    if (x->interrupted)
        return EXIT_TROUBLE;
    if (s->executions == 0 && x->solved == 0)
        return error_tell("nothing was run: %s",
                          x->trouble[0] ? x->trouble : "no engine came to it; give more --time");
    if (x->trouble[0])
        return error_tell("%s", x->trouble);
    if (x->findings.count > confirmed)
        return error_tell("%zu findings could not be confirmed: %s; the report has all",
                          x->findings.count - confirmed, first_unconfirmed(x));
    return EXIT_CLEAN;
}

int fuzz_report(struct fuzz *x, const struct fuzz_status *status, bool compared)
{
    struct terminal terminal = output_terminal(&x->out, x->color);
    if (x->json)
        json_report(x, status, compared, x->out.file);
    else
        text_report(x, status, compared, &terminal, x->out.file);
    return status_of(x, status);
}
