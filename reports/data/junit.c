// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// JUnit XML, as CI servers read it: a test suite per backend and op, a test case
// per contract. What violates is a failure, what is broken (the tool could not
// judge) an error, what is skipped is skipped. Suites are whole when they are
// printed, so nothing has to be kept. Valid by Jenkins's schema, and by that of
// Ant where nothing was skipped, which Ant's does not know.

#include "base/xml.h"
#include "reports/finding_text.h"
#include "reports/format.h"
#include "reports/proof_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

// What PRINT writes to OUT goes into TEXT, to be escaped and freed.
#define CATCH(text, file, ...)                               \
    do {                                                     \
        size_t text_length_;                                 \
        FILE *file = open_memstream(&(text), &text_length_); \
        assert(file != NULL);                                \
        __VA_ARGS__;                                         \
        fclose(file);                                        \
    } while (0)

static void begin(struct report *r)
{
    r->state = calloc(1, sizeof(uint64_t)); // suites so far
    assert(r->state != NULL);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", r->out);
}

static void put_property(FILE *out, const char *name, const char *value)
{
    fputs("    <property", out);
    xml_put_attribute(out, "name", name);
    xml_put_attribute(out, "value", value);
    fputs("/>\n", out);
}

static void put_properties(const struct report *r, const struct result *first)
{
    fputs("  <properties>\n", r->out);
    put_property(r->out, "storescope", STORESCOPE_VERSION);
    put_property(r->out, "recorder", first->recorder);
    if (first->cpu[0])
        put_property(r->out, "emulated", first->cpu);
    put_property(r->out, "device", device_side_name(r->facts->run->device));
    put_property(r->out, "cpu", r->facts->host->cpu);
    put_property(r->out, "libc", r->facts->host->libc);
    put_property(r->out, "kernel", r->facts->host->kernel);
    fputs("  </properties>\n", r->out);
}

static void print_failure(const struct result *r, FILE *out)
{
    char text[CASE_TEXT_MAX];
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct finding *f = &r->findings[i];
        case_print(&f->witness, text);
        fprintf(out, "%s: %" PRIu64 " of %" PRIu64 " cases, the smallest: %s\n  %s\n",
                rule_name[f->rule], f->cases, r->cases, text, f->message);
        finding_write_story(f, "  ", out);
        finding_print_accesses(f, "  ", out);
        fputs("  ", out);
        finding_print_replay(r, f, out);
        fputc('\n', out);
    }
}

static void put_failure(const struct result *r, FILE *out)
{
    char message[RULE_MESSAGE_MAX + 64], *text = NULL;
    const struct finding *f = &r->findings[0];
    snprintf(message, sizeof message, "%s: %s", rule_name[f->rule], f->message);
    fputs("    <failure", out);
    xml_put_attribute(out, "type", rule_name[f->rule]);
    xml_put_attribute(out, "message", message);
    fputc('>', out);
    CATCH(text, to, print_failure(r, to));
    xml_put(out, text);
    free(text);
    fputs("</failure>\n", out);
}

static void put_reason(const struct result *r, FILE *out)
{
    char *text = NULL;
    CATCH(text, to, result_print_reason(r, to));
    if (r->verdict == VERDICT_SKIPPED) {
        fputs("    <skipped>", out);
        xml_put(out, text);
        fputs("</skipped>\n", out);
    } else {
        fputs("    <error type=\"broken\"", out);
        xml_put_attribute(out, "message", text);
        fputs("/>\n", out);
    }
    free(text);
}

static void put_case(const struct result *r, double seconds, FILE *out)
{
    fputs("  <testcase", out);
    xml_put_attribute(out, "name", r->contract->name);
    xml_put_attribute(out, "classname", r->backend->name);
    fprintf(out, " time=\"%.3f\"", seconds);
    if (r->verdict == VERDICT_CONFORMS) {
        fputs("/>\n", out);
        return;
    }
    fputs(">\n", out);
    if (r->verdict == VERDICT_VIOLATES)
        put_failure(r, out);
    else
        put_reason(r, out);
    fputs("  </testcase>\n", out);
}

static void put_suite_start(const struct report *r, const struct result *results, size_t count)
{
    char name[512], stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    uint64_t verdicts[VERDICT_COUNT] = {0}, *suites = r->state;
    for (size_t i = 0; i < count; i++)
        verdicts[results[i].verdict]++;
    result_name(results[0].backend, results[0].op, name, sizeof name);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &utc));
    fputs("<testsuite", r->out);
    xml_put_attribute(r->out, "name", name);
    fprintf(r->out,
            " package=\"storescope\" id=\"%" PRIu64 "\" timestamp=\"%s\" hostname=\"localhost\""
            " tests=\"%zu\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\"",
            (*suites)++, stamp, count, verdicts[VERDICT_VIOLATES], verdicts[VERDICT_BROKEN]);
    if (verdicts[VERDICT_SKIPPED] > 0)
        fprintf(r->out, " skipped=\"%" PRIu64 "\"", verdicts[VERDICT_SKIPPED]);
    fprintf(r->out, " time=\"%.3f\">\n", results[0].seconds);
}

// What is proved, a line a contract: a test case has no room for it by Ant's schema.
static void put_proofs(const struct result *results, size_t count, FILE *out)
{
    fputs("  <system-out>", out);
    for (size_t i = 0; i < count; i++) {
        char text[PROOF_TEXT_MAX];
        if (!results[i].proof.proved)
            continue;
        fprintf(out, "%s: ", results[i].contract->name);
        xml_put(out, proof_note_print(&results[i].proof, text));
        fputc('\n', out);
    }
    fputs("</system-out>\n", out);
}

// One sweep judges all contracts; its time is shared out among them.
static void add(struct report *r, const struct result *results, size_t count)
{
    put_suite_start(r, results, count);
    put_properties(r, results);
    for (size_t i = 0; i < count; i++)
        put_case(&results[i], results[i].seconds / (double)count, r->out);
    put_proofs(results, count, r->out);
    fputs("  <system-err/>\n</testsuite>\n", r->out);
}

static void end(struct report *r)
{
    fputs("</testsuites>\n", r->out);
    free(r->state);
}

const struct format format_junit = {
    .name = "junit",
    .suffix = "xml",
    .about = "JUnit XML for CI servers: a test case per backend and contract",
    .commands = FORMAT_SWEEPS,
    .begin = begin,
    .add = add,
    .end = end,
};
