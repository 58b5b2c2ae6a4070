// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: whatever a worker sends that a hostile routine has taken over
// (lengths, counts, indices, texts, or no frames at all), the sweep ends with a
// verdict on every contract that accounts for the cases of the plan, and all
// reports of it can be written: the JSON is JSON, the text has no control
// characters. Nothing that was not judged conforms.
//
// The first byte of the input chooses between a sweep and a single recording;
// the rest is the script of forged_worker.h.

#include "fuzz/forged_worker.h"
#include "fuzz/fuzz.h"
#include "judge/contract.h"
#include "reports/bus.h"
#include "reports/format.h"
#include "sweep/sweep.h"

#include <cjson/cJSON.h>

enum { CONTRACTS = 2, ROWS_MAX = 40, BUS_ACCESSES_MAX = 16 };

static const struct backend forged = {
    .name = (char *)(uintptr_t) "fuzz/forged",
    .symbol = (char *)(uintptr_t) "forged",
    .from = (char *)(uintptr_t) "fuzz",
    .op = OP_MEMMOVE,
    .size_unit = 1,
    .align = 1,
    .code = &forged,
};

static const struct recorder_kind recorder = {.name = "forged"};
static const struct host host = {.cpu = "a CPU", .libc = "a libc", .kernel = "a kernel"};
static const struct terminal looks[2] = {
    {.columns = 80},
    {.columns = 120, .utf8 = true},
};

// A report in memory, and what it is checked for.
struct page {
    FILE *file;
    char *text;
    size_t length;
};

static void page_open(struct page *p)
{
    p->file = open_memstream(&p->text, &p->length);
    if (p->file == NULL)
        abort();
}

static void page_is_text(struct page *p)
{
    fclose(p->file);
    for (size_t i = 0; i < p->length; i++) {
        unsigned char c = (unsigned char)p->text[i];
        FUZZ_HOLDS(c == '\n' || c == '\r' || (c >= ' ' && c != 0x7f));
    }
    free(p->text);
}

static void page_is_json(struct page *p)
{
    fclose(p->file);
    cJSON *json = cJSON_ParseWithLength(p->text, p->length);
    FUZZ_HOLDS(json != NULL);
    cJSON_Delete(json);
    free(p->text);
}

static void result_is_sound(const struct result *r)
{
    FUZZ_HOLDS((unsigned)r->verdict < VERDICT_COUNT);
    FUZZ_HOLDS(r->cases + r->skipped_cases + r->broken_cases <= r->planned);
    FUZZ_HOLDS(r->verdict != VERDICT_CONFORMS || (r->cases > 0 && r->cases == r->planned));
    FUZZ_HOLDS((r->verdict == VERDICT_VIOLATES) == (r->finding_count > 0));
    FUZZ_HOLDS(memchr(r->reason, '\0', sizeof r->reason) != NULL);
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct finding *f = &r->findings[i];
        FUZZ_HOLDS(case_is_valid(&f->witness) && f->cases > 0 && f->cases <= r->planned);
        for (size_t k = 0; k < f->access_count; k++)
            FUZZ_HOLDS(f->accesses[k] < f->recording.trace.count);
    }
}

static void results_are_written(const struct sweep_options *options,
                                const struct contract *contracts, const struct result *results)
{
    struct page page;
    struct totals totals = {.interrupted = false};
    struct run_facts facts = {.command = FORMAT_CHECK,
                              .host = &host,
                              .contracts = contracts,
                              .contract_count = CONTRACTS,
                              .run = options,
                              .totals = &totals};
    totals_add(&totals, results, CONTRACTS);
    for (size_t i = 0; i < 2 * format_count; i++) {
        struct report r = {.format = formats[i / 2], .facts = &facts, .terminal = looks[i % 2]};
        if (!(r.format->commands & FORMAT_SWEEPS))
            continue;
        page_open(&page);
        r.out = page.file;
        r.format->begin(&r);
        r.format->add(&r, results, CONTRACTS);
        r.format->end(&r);
        if (r.format == &format_json || r.format == &format_sarif)
            page_is_json(&page);
        else
            page_is_text(&page);
    }
}

static void sweep(const struct sweep_options *options)
{
    static const struct plan_request request = {
        .size = {0, 3, 1}, .dst = {0, 1, 1}, .src = {0, 0, 1}};
    struct contract contracts[CONTRACTS] = {*contract_find("ram"), *contract_find("shared")};
    struct result results[CONTRACTS];
    struct plan plan;
    struct error error = {""};
    FUZZ_HOLDS(plan_build(&forged, OP_MEMMOVE, &request, &plan, &error));
    FUZZ_HOLDS(sweep_run(&forged, &plan, contracts, CONTRACTS, options, results, &error));
    for (size_t i = 0; i < CONTRACTS; i++)
        result_is_sound(&results[i]);
    results_are_written(options, contracts, results);
    for (size_t i = 0; i < CONTRACTS; i++)
        result_free(&results[i]);
}

static void trace_is_written(const struct trace_report *report)
{
    static const struct text_trace_options all = {.loads = true, .rows_max = ROWS_MAX};
    struct page page;
    for (size_t i = 0; i < 2; i++) {
        page_open(&page);
        text_trace(report, &all, &looks[i], page.file);
        page_is_text(&page);
    }
    const struct run_facts facts = {.command = FORMAT_TRACE, .host = &host};
    page_open(&page);
    format_json.trace(&(struct report){.facts = &facts, .out = page.file}, report);
    page_is_json(&page);
    // A line a beat, thousands an access: enough of them to see.
    if (report->recording->trace.count > BUS_ACCESSES_MAX)
        return;
    page_open(&page);
    bus_print(report->recording, report->c, 4, true, page.file);
    page_is_text(&page);
}

static void record(const struct sweep_options *options)
{
    const struct copy_case c = {.op = OP_MEMMOVE, .size = 16, .dst_off = 3, .fill = 1};
    struct recording recording;
    struct error error = {""};
    if (!sweep_record(&forged, &c, true, options, &recording, &error)) {
        FUZZ_HOLDS(error.text[0] != '\0' && memchr(error.text, '\0', sizeof error.text) != NULL);
        return;
    }
    trace_is_written(&(struct trace_report){
        .backend = &forged, .c = &c, .recording = &recording, .recorder = recorder.name});
    recording_free(&recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sweep_options options = {
        .recorder = &recorder,
        .device = DEVICE_DST,
        .jobs = 1,
        .timeout_ms = 10,
        .stall_ms = 200,
    };
    if (size == 0)
        return 0;
    forged_script(data + 1, size - 1);
    if (data[0] & 1)
        record(&options);
    else
        sweep(&options);
    forged_script(NULL, 0);
    return 0;
}
