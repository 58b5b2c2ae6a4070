// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"
#include "reports/watch/watch_report_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void watch_text_begin(struct watch_report *r)
{
    const struct watch_session *s = r->session;
    char bytes[COUNT_TEXT_MAX];
    for (char *const *word = r->command; *word != NULL; word++) {
        if (word != r->command)
            fputc(' ', r->out);
        terminal_quote(r->out, *word);
    }
    fprintf(r->out, ": %s under %s%s%s\n", s->target.machine->name, s->qemu,
            s->cpu[0] ? ", cpu " : "", s->cpu);
    fprintf(r->out, "watched: %s, %s\n\n", s->file,
            s->is_device ? "a device" : count_print(s->file_bytes, "byte", bytes));
}

static void print_range(FILE *out, uint64_t lo, uint64_t hi)
{
    fprintf(out, "0x%" PRIx64, lo);
    if (hi > lo + 1)
        fprintf(out, "..0x%" PRIx64, hi - 1);
}

// "16 of 8 bytes each, 1 of 4 bytes"
static void print_widths(const struct watch_tally *t, FILE *out)
{
    bool first = true;
    for (unsigned i = sizeof t->widths / sizeof *t->widths; i-- > 0;) {
        if (t->widths[i] == 0)
            continue;
        fprintf(out, "%s%" PRIu64 " of %u byte%s%s", first ? "" : ", ", t->widths[i], 1u << i,
                i > 0 ? "s" : "", t->widths[i] == 1 ? "" : " each");
        first = false;
    }
}

static void print_runs(const struct watch_tally *t, FILE *out)
{
    for (unsigned i = 0; i < t->run_count && i < CALL_RUNS_MAX; i++) {
        fputs(i ? ", " : "", out);
        print_range(out, t->runs[i].lo, t->runs[i].hi);
    }
    if (t->run_count > CALL_RUNS_MAX)
        fprintf(out, ", ... (%" PRIu64 " runs)", t->run_count);
}

// AGAIN: what it is to be touched once more.
static void print_tally(const struct watch_tally *t, const char *name, const char *again,
                        const struct terminal *terminal, FILE *out)
{
    fprintf(out, "    %-6s  ", name);
    print_widths(t, out);
    fputs("\n            ", out);
    print_runs(t, out);
    fputc('\n', out);
    if (t->bytes_again == 0 && !t->descends && t->misaligned == 0)
        return;
    fputs("            ", out);
    terminal_start(terminal, out, HUE_BAD);
    const char *separator = "";
    if (t->bytes_again > 0) {
        fprintf(out, "%" PRIu64 " byte%s %s again", t->bytes_again, t->bytes_again == 1 ? "" : "s",
                again);
        separator = ", ";
    }
    if (t->descends) {
        fprintf(out, "%snot ascending", separator);
        separator = ", ";
    }
    if (t->misaligned > 0)
        fprintf(out, "%s%" PRIu64 " misaligned", separator, t->misaligned);
    terminal_end(terminal, out, HUE_BAD);
    fputc('\n', out);
}

static void print_call_line(const struct watch_report *r, const struct watch_call *c, FILE *out)
{
    char name[256], caller[256];
    place_print(&c->site->place, c->site->pc, false, name, sizeof name);
    fprintf(out, "#%" PRIu64 " ", c->number);
    if (r->many_threads)
        fprintf(out, "[%u] ", c->tid);
    terminal_put(&r->terminal, out, HUE_STRONG, name);
    if (c->caller != NULL) {
        place_print(&c->caller->place, c->caller->pc, true, caller, sizeof caller);
        fprintf(out, ", called at %s", caller);
    }
    fputc('\n', out);
}

static void add_function(struct watch_report *r, const struct watch_call *c)
{
    const struct place *place = &c->site->place;
    struct watch_function *f = NULL;
    for (size_t i = 0; i < r->function_count && f == NULL; i++)
        if (r->functions[i].path == place->path && r->functions[i].symbol == place->symbol)
            f = &r->functions[i];
    if (f == NULL) {
        r->functions = reallocarray(r->functions, r->function_count + 1, sizeof *f);
        assert(r->functions != NULL);
        f = &r->functions[r->function_count++];
        *f = (struct watch_function){.path = place->path, .symbol = place->symbol};
        place_print(place, c->site->pc, false, f->name, sizeof f->name);
    }
    f->calls++;
    f->stores += c->stores.count;
    f->loads += c->loads.count;
    f->bytes += c->stores.bytes;
    f->again += c->stores.bytes_again;
}

// The first half of the rows is printed; of the rest the last ones are kept.
static void put_row(struct watch_report *r, char *text)
{
    uint64_t row = r->rows++;
    if (r->options.rows_max == 0 || row < r->options.rows_max - r->kept_max) {
        fputs(text, r->out);
        free(text);
    } else if (r->kept_max > 0) {
        char **place = &r->kept[row % r->kept_max];
        free(*place);
        *place = text;
    } else {
        free(text);
    }
}

void watch_text_call(struct watch_report *r, const struct watch_call *c)
{
    char *text = NULL;
    size_t length;
    add_function(r, c);
    if (r->options.accesses || (c->stores.count == 0 && !r->options.loads))
        return;
    FILE *row = open_memstream(&text, &length);
    assert(row != NULL);
    print_call_line(r, c, row);
    if (c->stores.count > 0)
        print_tally(&c->stores, "stores", "stored", &r->terminal, row);
    if (c->loads.count > 0)
        print_tally(&c->loads, "loads", "loaded", &r->terminal, row);
    fclose(row);
    put_row(r, text);
}

void watch_text_access(struct watch_report *r, const struct watch_access *a)
{
    char text[WATCH_ACCESS_MAX];
    if (!r->options.accesses || (!a->is_store && !r->options.loads))
        return;
    if (r->many_threads)
        fprintf(r->out, "[%u] ", a->tid);
    fprintf(r->out, "#%-4" PRIu64 " %s\n", a->call, watch_access_print(a, text));
}

static void print_kept(struct watch_report *r)
{
    uint64_t first = r->options.rows_max - r->kept_max;
    if (r->options.rows_max == 0 || r->rows <= first)
        return;
    uint64_t rest = r->rows - first, shown = rest < r->kept_max ? rest : r->kept_max;
    if (rest > shown)
        fprintf(r->out, "... %" PRIu64 " calls not shown; --rows 0 shows all\n", rest - shown);
    for (uint64_t row = r->rows - shown; row < r->rows; row++)
        fputs(r->kept[row % r->kept_max], r->out);
}

static int by_bytes(const void *a, const void *b)
{
    const struct watch_function *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->loads != y->loads ? (x->loads > y->loads ? -1 : 1) : strcmp(x->name, y->name);
}

static void print_functions(struct watch_report *r)
{
    qsort(r->functions, r->function_count, sizeof *r->functions, by_bytes);
    fprintf(r->out, "\n%10s %10s %12s %10s %10s  function\n", "calls", "stores", "bytes", "again",
            "loads");
    for (size_t i = 0; i < r->function_count; i++) {
        const struct watch_function *f = &r->functions[i];
        fprintf(r->out,
                "%10" PRIu64 " %10" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64 "  %s\n",
                f->calls, f->stores, f->bytes, f->again, f->loads, f->name);
    }
}

static void print_status(const struct watch_session *s, FILE *out)
{
    if (WIFSIGNALED(s->status))
        fprintf(out, "the program was killed by signal %d (%s)\n", WTERMSIG(s->status),
                strsignal(WTERMSIG(s->status)));
    else
        fprintf(out, "the program exited with %d\n", WEXITSTATUS(s->status));
}

void watch_text_end(struct watch_report *r, const struct watch_log *log)
{
    const struct watch_totals *totals = watch_log_totals(log);
    char calls[COUNT_TEXT_MAX], bytes[COUNT_TEXT_MAX], stores[COUNT_TEXT_MAX],
        loads[COUNT_TEXT_MAX];
    enum watch_note kind;
    const char *text;
    print_kept(r);
    if (r->function_count > 0)
        print_functions(r);
    fprintf(
        r->out, "%s%s: %s in %s, and %s\n", r->function_count > 0 ? "\n" : "",
        count_print(totals->calls, "call", calls), count_print(totals->bytes_stored, "byte", bytes),
        count_print(totals->stores, "store", stores), count_print(totals->loads, "load", loads));
    watch_text_findings(r);
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++) {
        fputs(kind == NOTE_BROKEN ? "broken: " : kind == NOTE_DOUBT ? "note: " : "", r->out);
        fprintf(r->out, "%s\n", text);
    }
    print_status(r->session, r->out);
}
