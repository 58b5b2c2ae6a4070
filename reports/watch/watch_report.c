// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/bus.h"
#include "reports/watch/watch_report_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

struct watch_report *watch_report_new(const struct watch_report_options *options,
                                      const struct watch_session *session, char *const *command,
                                      const struct terminal *terminal, FILE *out)
{
    struct watch_report *r = calloc(1, sizeof *r);
    assert(r != NULL);
    r->options = *options;
    r->session = session;
    r->command = command;
    r->terminal = *terminal;
    r->out = out;
    if (options->form == WATCH_TEXT && options->rows_max > 1) {
        r->kept_max = options->rows_max / 2;
        r->kept = calloc(r->kept_max, sizeof *r->kept);
        assert(r->kept != NULL);
    }
    if (options->form == WATCH_JSON) {
        r->json_calls = tmpfile();
        assert(r->json_calls != NULL);
    }
    return r;
}

void watch_report_free(struct watch_report *r)
{
    for (size_t i = 0; i < r->kept_max; i++)
        free(r->kept[i]);
    free(r->kept);
    free(r->functions);
    if (r->json_calls != NULL)
        fclose(r->json_calls);
    free(r);
}

static void take_beat(const struct beat *beat, void *context)
{
    struct watch_report *r = context;
    r->unknown_beats += beat->kind == BEAT_WRITE && !beat->known;
    bus_print_beat(beat, r->out);
}

// Each piece is an access of its own to the bus.
static void send_pieces(struct watch_report *r, const struct watch_access *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        const struct bus_request piece = {
            .kind = a->is_store ? BEAT_WRITE : BEAT_READ,
            .addr = (int64_t)(a->offset + i * a->width),
            .length = a->width,
            .mask = UINT64_MAX,
            .values = a->is_store && a->known ? a->value + i * a->width : NULL};
        r->beats += bus_split(&piece, r->options.bus, take_beat, r);
    }
}

static void take_access(const struct watch_access *a, void *context)
{
    struct watch_report *r = context;
    if (r->pid == 0) {
        r->pid = a->pid;
        r->tid = a->tid;
    }
    r->many_threads |= a->pid != r->pid || a->tid != r->tid;
    if (r->options.judging.judge != NULL)
        call_judge_access(r->options.judging.judge, a);
    switch (r->options.form) {
    case WATCH_TEXT:
        watch_text_access(r, a);
        break;
    case WATCH_SARIF:
        break;
    case WATCH_JSON:
        watch_json_access(r, a);
        break;
    case WATCH_BUS:
        if ((a->is_store || r->options.loads) && !a->is_private)
            send_pieces(r, a);
    }
}

static void take_fence(const struct watch_fence *f, void *context)
{
    const struct watch_report *r = context;
    if (r->options.judging.judge != NULL)
        call_judge_fence(r->options.judging.judge, f);
}

static void take_call(const struct watch_call *c, void *context)
{
    struct watch_report *r = context;
    if (r->options.judging.judge != NULL)
        call_judge_call(r->options.judging.judge, c);
    if (r->options.form == WATCH_TEXT)
        watch_text_call(r, c);
    else if (r->options.form == WATCH_JSON)
        watch_json_call(r, c);
}

struct watch_taker watch_report_taker(struct watch_report *r)
{
    return (struct watch_taker){
        .access = take_access, .fence = take_fence, .call = take_call, .context = r};
}

void watch_report_begin(struct watch_report *r)
{
    if (r->options.form == WATCH_TEXT)
        watch_text_begin(r);
    else if (r->options.form == WATCH_JSON)
        watch_json_begin(r);
}

static void end_bus(struct watch_report *r, const struct watch_log *log)
{
    enum watch_note kind;
    const char *text;
    if (r->unknown_beats > 0)
        fprintf(r->out,
                "# %" PRIu64 " beats without values: FILE is a device; --values reads back\n",
                r->unknown_beats);
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++)
        if (kind != NOTE_INFO)
            fprintf(r->out, "# %s%s\n", kind == NOTE_BROKEN ? "broken: " : "", text);
}

void watch_report_end(struct watch_report *r, const struct watch_log *log)
{
    if (r->options.form == WATCH_TEXT)
        watch_text_end(r, log);
    else if (r->options.form == WATCH_JSON)
        watch_json_end(r, log);
    else if (r->options.form == WATCH_SARIF)
        watch_sarif_end(r, log);
    else
        end_bus(r, log);
}
