// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The matrix as CSV (RFC 4180): a heading, then one line per backend, op and
// contract, so that a spreadsheet's pivot or a database makes any table of it.

#include "reports/finding_text.h"
#include "reports/format.h"
#include "reports/where.h"

#include <inttypes.h>
#include <string.h>

// In quotes where it has to be; quotes inside are doubled.
static void put_field(const char *text, bool last, FILE *out)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
    } else {
        fputc('"', out);
        for (; *text; text++) {
            if (*text == '"')
                fputc('"', out);
            fputc(*text, out);
        }
        fputc('"', out);
    }
    fputs(last ? "\r\n" : ",", out);
}

static void put_number(uint64_t value, FILE *out)
{
    fprintf(out, "%" PRIu64 ",", value);
}

static void begin(struct report *r)
{
    fputs("backend,op,contract,device,recorder,verdict,first_rule,rules,cases,planned,"
          "skipped_cases,broken_cases,seconds,witness,reason,cpu,where\r\n",
          r->out);
}

static void put_rules(const struct result *r, FILE *out)
{
    char text[RULE_COUNT * 32] = "";
    size_t length = 0;
    for (size_t i = 0; i < r->finding_count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i ? " " : "",
                                   rule_name[r->findings[i].rule]);
    put_field(r->finding_count ? rule_name[r->findings[0].rule] : "", false, out);
    put_field(text, false, out);
}

// Where the first finding's access to blame is.
static void put_where(const struct result *r, FILE *out)
{
    char text[WHERE_TEXT_MAX] = "";
    const struct finding *f = r->finding_count > 0 ? &r->findings[0] : NULL;
    if (f != NULL && f->access_count > 0)
        where_print(&f->recording,
                    f->recording.trace.accesses[f->accesses[f->access_count - 1]].site, text);
    put_field(text, true, out);
}

static void put_result(const struct result *r, const char *device, FILE *out)
{
    char witness[CASE_TEXT_MAX] = "";
    if (r->finding_count > 0)
        case_print(&r->findings[0].witness, witness);
    put_field(r->backend->name, false, out);
    put_field(copy_op_name[r->op], false, out);
    put_field(r->contract->name, false, out);
    put_field(device, false, out);
    put_field(r->recorder, false, out);
    put_field(verdict_name[r->verdict], false, out);
    put_rules(r, out);
    put_number(r->cases, out);
    put_number(r->planned, out);
    put_number(r->skipped_cases, out);
    put_number(r->broken_cases, out);
    fprintf(out, "%.3f,", r->seconds);
    put_field(witness, false, out);
    put_field(r->reason, false, out);
    put_field(r->cpu, false, out);
    put_where(r, out);
}

static void add(struct report *r, const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_result(&results[i], device_side_name(r->facts->run->device), r->out);
}

static void end(struct report *r)
{
    (void)r;
}

const struct format format_csv = {
    .name = "csv",
    .suffix = "csv",
    .about = "the matrix, a line a cell",
    .commands = FORMAT_SWEEPS,
    .begin = begin,
    .add = add,
    .end = end,
};
