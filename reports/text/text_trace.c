// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/calls.h"
#include "reports/picture.h"
#include "reports/report.h"
#include "reports/text/text_board.h"
#include "reports/where.h"

#include <inttypes.h>
#include <string.h>

enum { CELLS_MIN = 24, CELLS_MAX = 64, INSTRUCTION_MAX = 192 };

// What a row is about. Stack accesses, prefetches and (unless asked for) loads
// have none; they are counted.
enum row_kind { ROW_NONE, ROW_STORE, ROW_LOAD, ROW_OTHER };

struct table {
    const struct trace_report *report;
    const struct recording *r;
    const struct terminal *terminal;
    FILE *out;
    bool loads;
    // Gathered in a first pass.
    uint64_t rows, stack_stores, stack_loads, hidden_loads, prefetches;
    unsigned number_columns, range_columns, width_columns, instruction_columns;
    bool beside; // instructions stand beside the bars, not below
    struct picture stores, sources;
};

static enum row_kind row_kind(const struct table *t, const struct access *a, const struct extent *e)
{
    switch (a->kind) {
    case ACCESS_STORE:
        return e->bytes == 0 || e->region == REGION_STACK ? ROW_NONE : ROW_STORE;
    case ACCESS_LOAD:
        return !t->loads || e->bytes == 0 || e->region == REGION_STACK ? ROW_NONE : ROW_LOAD;
    case ACCESS_PREFETCH:
        return ROW_NONE;
    default:
        return ROW_OTHER;
    }
}

static enum region plain_region(enum row_kind kind)
{
    return kind == ROW_LOAD ? REGION_SRC : REGION_DST;
}

static void grow(unsigned *columns, size_t wanted)
{
    if (wanted > *columns)
        *columns = (unsigned)wanted;
}

static void count_hidden(struct table *t, const struct access *a, const struct extent *e)
{
    if (a->kind == ACCESS_PREFETCH)
        t->prefetches++;
    else if (e->bytes == 0)
        return;
    else if (e->region != REGION_STACK)
        t->hidden_loads += a->kind == ACCESS_LOAD;
    else if (a->kind == ACCESS_STORE)
        t->stack_stores++;
    else
        t->stack_loads += a->kind == ACCESS_LOAD;
}

static void measure(struct table *t)
{
    char text[INSTRUCTION_MAX];
    for (size_t i = 0; i < t->r->trace.count; i++) {
        const struct access *a = &t->r->trace.accesses[i];
        struct extent e = extent_of(t->r, a);
        enum row_kind kind = row_kind(t, a, &e);
        if (kind == ROW_NONE) {
            count_hidden(t, a, &e);
            continue;
        }
        t->rows++;
        if (kind == ROW_OTHER)
            continue;
        instruction_print(t->r, a, text, sizeof text);
        grow(&t->instruction_columns, strlen(text));
        width_print(a, text);
        grow(&t->width_columns, strlen(text));
        extent_print(&e, plain_region(kind), text);
        if (e.region == plain_region(kind))
            grow(&t->range_columns, strlen(text));
    }
    t->number_columns = terminal_digits(t->rows);
}

// Columns left of the bar: number, kind, range and width, two blanks between.
static unsigned bar_column(const struct table *t)
{
    return t->number_columns + (t->loads ? 7 : 0) + 2 + t->range_columns + 2 + t->width_columns + 2;
}

// Bytes get a column each while they fit; wider copies are scaled so that the
// instructions find room beside the bars, if that leaves bars worth drawing.
static void lay_out(struct table *t, uint64_t size)
{
    unsigned columns = t->terminal->columns, left = bar_column(t);
    unsigned most = columns > left + CELLS_MIN ? columns - left : CELLS_MIN;
    unsigned beside = t->instruction_columns + 2;
    unsigned cells = most < CELLS_MAX ? most : CELLS_MAX;
    if (columns >= left + CELLS_MIN + beside) {
        unsigned room = columns - left - beside;
        if (size > CELLS_MAX || size <= room)
            cells = room < CELLS_MAX ? room : CELLS_MAX;
    }
    picture_init(&t->stores, size, cells);
    picture_init(&t->sources, size, cells);
    t->beside = left + t->stores.cells + beside <= columns;
}

static void print_heading(const struct table *t, uint64_t size)
{
    fprintf(t->out, "%*s  ", (int)t->number_columns, "#");
    if (t->loads)
        fprintf(t->out, "%-7s", "");
    fprintf(t->out, "%*s  %*s  offsets 0..%" PRIu64 "\n", (int)t->range_columns, "bytes",
            (int)t->width_columns, "width", size - 1);
}

static const char *outside_note(const struct picture *p)
{
    if (p->below && p->above)
        return "  <- before and after the request";
    if (p->below)
        return "  <- before the request";
    return p->above ? "  <- after the request" : "";
}

// The bar; or, of an access that has no place in it, where it lies.
static void print_bar(struct table *t, enum row_kind kind, const struct access *a,
                      const struct extent *e, const char **note)
{
    struct picture *p = kind == ROW_LOAD ? &t->sources : &t->stores;
    char place[EXTENT_TEXT_MAX];
    *note = "";
    if (e->region != plain_region(kind)) {
        extent_print(e, REGION_COUNT, place);
        fprintf(t->out, "%-*s", (int)p->cells, place);
        return;
    }
    picture_print_bar(p, t->terminal, t->out, a->kind == ACCESS_LOAD);
    *note = outside_note(p);
}

static void print_range(const struct table *t, enum row_kind kind, const struct access *a,
                        const struct extent *e)
{
    char range[EXTENT_TEXT_MAX] = "", width[EXTENT_TEXT_MAX] = "";
    if (kind != ROW_OTHER && e->region == plain_region(kind))
        extent_print(e, e->region, range);
    if (kind != ROW_OTHER)
        width_print(a, width);
    fprintf(t->out, "%*s  %*s  ", (int)t->range_columns, range, (int)t->width_columns, width);
}

// The instruction and where it is: on a screen below, where both do not fit in what is left
// from COLUMN on.
static void print_instruction(const struct table *t, const struct access *a, unsigned column,
                              const char *note)
{
    char text[INSTRUCTION_MAX], where[WHERE_TEXT_MAX];
    instruction_print(t->r, a, text, sizeof text);
    where_print(t->r, a->site, where);
    const int pad = *where ? (int)t->instruction_columns + 2 : 0;
    bool fits = !t->terminal->is_screen ||
                column + (unsigned)pad + strlen(where) + strlen(note) <= t->terminal->columns;
    if (fits) {
        fprintf(t->out, "%-*s%s%s\n", pad, text, where, note);
        return;
    }
    fprintf(t->out, "%s%s\n", text, note);
    terminal_wrap(t->terminal, t->out, t->number_columns + 4, where);
}

// A fence, or the flush of a line.
static void print_other(const struct table *t, const struct access *a, const struct extent *e)
{
    char text[INSTRUCTION_MAX], place[EXTENT_TEXT_MAX], where[WHERE_TEXT_MAX];
    const bool flush = a->kind == ACCESS_FLUSH;
    instruction_print(t->r, a, text, sizeof text);
    extent_print(e, REGION_COUNT, place);
    where_print(t->r, a->site, where);
    fprintf(t->out, "%s%s%s", text, flush ? "  at " : "", flush ? place : "");
    if (*where && t->terminal->is_screen) {
        fputc('\n', t->out);
        terminal_wrap(t->terminal, t->out, t->number_columns + 4, where);
    } else {
        fprintf(t->out, "%s%s\n", *where ? "  " : "", where);
    }
}

static void print_row(struct table *t, uint64_t number, enum row_kind kind, const struct access *a,
                      const struct extent *e)
{
    const char *note;
    fprintf(t->out, "%*" PRIu64 "  ", (int)t->number_columns, number);
    if (t->loads)
        fprintf(t->out, "%-5s  ", access_kind_name[a->kind]);
    print_range(t, kind, a, e);
    if (kind == ROW_OTHER) {
        print_other(t, a, e);
        return;
    }
    print_bar(t, kind, a, e, &note);
    const unsigned below = t->number_columns + 2;
    if (t->beside)
        fputs("  ", t->out);
    else
        fprintf(t->out, "\n%*s", (int)below, "");
    print_instruction(t, a, t->beside ? bar_column(t) + t->stores.cells + 2 : below, note);
}

static void print_rows(struct table *t, uint64_t rows_max)
{
    uint64_t number = 0, shown_end = t->rows, resumed = 0;
    char count[COUNT_TEXT_MAX];
    if (rows_max > 0 && t->rows > rows_max) {
        shown_end = rows_max - rows_max / 4;
        resumed = t->rows - rows_max / 4;
    }
    for (size_t i = 0; i < t->r->trace.count; i++) {
        const struct access *a = &t->r->trace.accesses[i];
        struct extent e = extent_of(t->r, a);
        enum row_kind kind = row_kind(t, a, &e);
        if (kind == ROW_NONE)
            continue;
        if (kind != ROW_OTHER && e.region == plain_region(kind))
            picture_add(kind == ROW_LOAD ? &t->sources : &t->stores, &e, a);
        if (number++ == shown_end && resumed > shown_end)
            fprintf(t->out, "... %s not shown; --rows 0 shows all\n",
                    count_print(resumed - shown_end, "row", count));
        if (number > shown_end && number <= resumed)
            continue;
        print_row(t, number, kind, a, &e);
        if (t->report->delivery != NULL)
            text_board_access(t->report->delivery, i, t->number_columns + 2, t->terminal, t->out);
    }
}

static void print_hidden(const struct table *t)
{
    char stores[COUNT_TEXT_MAX], loads[COUNT_TEXT_MAX];
    if (t->stack_stores + t->stack_loads > 0)
        fprintf(t->out, "on the stack: %s, %s\n", count_print(t->stack_stores, "store", stores),
                count_print(t->stack_loads, "load", loads));
    if (t->hidden_loads > 0)
        fprintf(t->out, "not shown: %s (--loads shows them)\n",
                count_print(t->hidden_loads, "load", loads));
    if (t->r->trace.loads_unseen)
        fputs("not recorded: loads by some of its instructions, which this QEMU does not report\n",
              t->out);
    if (t->prefetches > 0)
        fprintf(t->out, "not shown: %s\n", count_print(t->prefetches, "prefetch hint", loads));
}

// Sites whose stores two decoders see differently: the recorder goes by the
// operand decoder, and a reader should know.
static void print_decoders(const struct table *t)
{
    size_t differ = 0;
    char sites[COUNT_TEXT_MAX];
    for (size_t i = 0; i < t->r->trace.site_count; i++)
        differ += t->r->trace.sites[i].decoders_differ;
    if (differ > 0)
        fprintf(t->out,
                "Capstone and Zydis, which decode, do not agree on what %s stores; what Zydis says "
                "was recorded\n",
                count_print(differ, "instruction", sites));
}

static void print_header(const struct table *t)
{
    char text[CASE_TEXT_MAX], outcome[OUTCOME_TEXT_MAX];
    bool good = t->r->trace.outcome == OUTCOME_RETURNED;
    case_print(t->report->c, text);
    outcome_print(t->r, outcome, sizeof outcome);
    terminal_put(t->terminal, t->out, HUE_STRONG, t->report->backend->name);
    fprintf(t->out, ": %s\n", text);
    terminal_put(t->terminal, t->out, good ? HUE_GOOD : HUE_BAD, outcome);
    fprintf(t->out, ", recorder %s%s%s\n\n", t->report->recorder, t->r->cpu[0] ? ", cpu " : "",
            t->r->cpu);
}

static void print_calls(const struct recording *r, FILE *out)
{
    struct calls calls;
    char text[WHERE_TEXT_MAX];
    calls_of_recording(r, &calls);
    for (size_t i = 0; i < calls.count; i++)
        fprintf(out, "calls %s\n", called_print(&calls.items[i], text));
}

// "uart under device: violates", and what the call breaks. Who is to blame may be shown of the
// first place alone, so that no finding is left out of a region.
static void print_region(const struct region_judged *r, const struct terminal *terminal, FILE *out)
{
    const struct result *result = r->result;
    fprintf(out, "%s under %s: ", r->range->name, r->range->contract);
    terminal_put(terminal, out, verdict_hue(result->verdict), verdict_name[result->verdict]);
    fprintf(out, "%s%s\n", result->reason[0] ? ": " : "", result->reason);
    for (size_t i = 0; i < result->finding_count; i++)
        fprintf(out, "  %s: %s%s\n", rule_name[result->findings[i].rule],
                result->findings[i].message,
                r->findings >> i & 1 ? "" : " (these accesses lie elsewhere)");
}

void text_trace(const struct trace_report *report, const struct text_trace_options *options,
                const struct terminal *terminal, FILE *out)
{
    struct table t = {.report = report,
                      .r = report->recording,
                      .terminal = terminal,
                      .out = out,
                      .loads = options->loads,
                      .range_columns = 5,
                      .width_columns = 5};
    char sentence[512];
    // Where all is stored at one address, and nothing else is shown, its bytes are the picture.
    bool narrow = report->c->op == OP_TO_FIFO && !options->loads;
    uint64_t size = narrow ? LAYOUT_FIFO_BYTES : report->c->size;
    print_header(&t);
    measure(&t);
    lay_out(&t, size);
    if (t.rows > 0 && size > 0)
        print_heading(&t, size);
    print_rows(&t, options->rows_max);
    if (t.rows > 0 && size > 0)
        picture_print_legend(&t.stores, terminal, out, t.loads);
    if (t.rows > 0)
        fputc('\n', out);
    print_hidden(&t);
    if (options->verbose)
        print_decoders(&t);
    print_calls(t.r, out);
    if (t.r->trace.outcome == OUTCOME_RETURNED || t.r->trace.count > 0) {
        picture_sentence(t.r, report->c->size, sentence, sizeof sentence);
        terminal_wrap(terminal, out, 0, sentence);
    }
    if (report->delivery != NULL)
        text_board_end(report->delivery, report->machine, terminal, out);
    for (size_t i = 0; i < report->region_count; i++)
        print_region(&report->regions[i], terminal, out);
    picture_free(&t.stores);
    picture_free(&t.sources);
}
