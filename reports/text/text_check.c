// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"
#include "reports/calls.h"
#include "reports/finding_text.h"
#include "reports/history/history_text.h"
#include "reports/proof_text.h"
#include "reports/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum hue verdict_hue(enum verdict v)
{
    static const enum hue hues[VERDICT_COUNT] = {
        [VERDICT_CONFORMS] = HUE_GOOD,
        [VERDICT_VIOLATES] = HUE_BAD,
        [VERDICT_SKIPPED] = HUE_DOUBT,
        [VERDICT_BROKEN] = HUE_DOUBT,
    };
    return hues[v];
}

const char totals_light[] =
    "light plan: every size to 64, larger ones where a routine's branches go another way; --full "
    "takes every size";

void totals_add(struct totals *t, const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        t->verdicts[results[i].verdict]++;
        t->incomplete += result_is_incomplete(&results[i]);
        t->findings += results[i].finding_count;
        t->interrupted |= results[i].interrupted;
    }
    if (count > 0) {
        t->cases += results[0].cases;
        t->seconds += results[0].seconds;
        t->backends++;
        t->light += results[0].light;
    }
}

// What does not fit is left out whole; how many there are is said as well.
void totals_add_unjudged(struct totals *t, const struct result *r)
{
    size_t length = strlen(t->unjudged_names);
    size_t room = sizeof t->unjudged_names - length;
    int wanted = snprintf(t->unjudged_names + length, room, "%s%s under %s", length ? ", " : "",
                          r->backend->name, r->contract->name);
    if (wanted < 0 || (size_t)wanted >= room)
        t->unjudged_names[length] = '\0';
    t->unjudged++;
}

static void print_unjudged(const struct totals *t, const struct terminal *terminal, FILE *out)
{
    char text[sizeof t->unjudged_names + 80];
    if (t->unjudged == 0)
        return;
    snprintf(text, sizeof text, "not judged (%zu): %s", t->unjudged, t->unjudged_names);
    terminal_wrap(terminal, out, 0, text);
}

// A piece of a line that goes on below where it would not fit.
static void put_piece(const struct terminal *terminal, FILE *out, enum hue hue, const char *text,
                      const char *after, unsigned *column)
{
    unsigned length = (unsigned)(strlen(text) + strlen(after));
    if (*column > 0 && *column + 1 + length > terminal->columns) {
        fputc('\n', out);
        *column = 0;
    }
    if (*column > 0)
        fputc(' ', out);
    terminal_put(terminal, out, hue, text);
    fputs(after, out);
    *column += length + 1;
}

void totals_print(const struct totals *t, const struct terminal *terminal, FILE *out)
{
    char backends[COUNT_TEXT_MAX], cases[2 * COUNT_TEXT_MAX], rate[COUNT_TEXT_MAX];
    char count[COUNT_TEXT_MAX], verdict[VERDICT_COUNT][COUNT_TEXT_MAX];
    char incomplete[COUNT_TEXT_MAX];
    unsigned column = 0;
    count_print(t->backends, "backend", backends);
    snprintf(cases, sizeof cases, "%s in %.1f s", count_print(t->cases, "case", count), t->seconds);
    bool rated = *rate_print(t->cases, t->seconds, rate) != '\0';
    size_t length = strlen(backends) + 2 + strlen(cases) + (rated ? 2 + strlen(rate) : 0);
    count_print(t->findings, "finding", count);
    size_t whole = length + 1 + strlen(count) + 1;
    for (size_t v = 0; v < VERDICT_COUNT; v++)
        whole += 2 + (size_t)snprintf(verdict[v], sizeof verdict[v], "%" PRIu64 " %s",
                                      t->verdicts[v] - (v == VERDICT_SKIPPED ? t->incomplete : 0),
                                      verdict_name[v]);
    if (t->incomplete > 0)
        snprintf(incomplete, sizeof incomplete, "%" PRIu64 " incomplete", t->incomplete);
    put_piece(terminal, out, HUE_NONE, backends, ",", &column);
    put_piece(terminal, out, HUE_NONE, cases, rated ? "," : ":", &column);
    if (rated)
        put_piece(terminal, out, HUE_NONE, rate, ":", &column);
    // What does not fit on one line is two.
    column = whole > terminal->columns ? terminal->columns : column;
    for (size_t v = 0; v < VERDICT_COUNT; v++)
        put_piece(terminal, out, t->verdicts[v] > 0 ? verdict_hue((enum verdict)v) : HUE_NONE,
                  verdict[v], ",", &column);
    if (t->incomplete > 0)
        put_piece(terminal, out, HUE_DOUBT, incomplete, ",", &column);
    put_piece(terminal, out, HUE_NONE, count, "", &column);
    fputc('\n', out);
    print_unjudged(t, terminal, out);
    if (t->light > 0)
        terminal_wrap(terminal, out, 0, totals_light);
    if (t->interrupted)
        terminal_wrap(terminal, out, 0,
                      "interrupted: the sweep ended early, so this report is not complete");
}

static void print_finding(const struct result *r, const struct finding *f,
                          const struct terminal *terminal, FILE *out)
{
    char text[CASE_TEXT_MAX], count[COUNT_TEXT_MAX];
    case_print(&f->witness, text);
    fputs("  ", out);
    terminal_put(terminal, out, HUE_BAD, rule_name[f->rule]);
    fprintf(out, ": %s, the smallest: %s\n", count_print(f->cases, "case", count), text);
    terminal_wrap(terminal, out, 4, f->message);
    finding_print_story(f, 4, terminal, out);
    finding_print_accesses(f, "    ", out);
    fputs("    ", out);
    finding_print_replay(r, f, out);
    fputc('\n', out);
}

static void print_reason(const struct result *r, const struct terminal *terminal, FILE *out)
{
    char *text = NULL;
    size_t length;
    FILE *line = open_memstream(&text, &length);
    assert(line != NULL);
    result_print_reason(r, line);
    fclose(line);
    if (length > 0)
        terminal_wrap(terminal, out, 2, text);
    free(text);
}

// How many of the others no input leads to.
static void print_unreachable(const struct coverage *c, FILE *out)
{
    size_t count = coverage_unreachable(c);
    if (count == 0)
        return;
    fprintf(out, ", %zu unreachable: proved for ", count);
    proof_sizes_print(c->unreachable_lo, c->unreachable_hi, out);
}

static void print_coverage(const struct coverage *c, bool unreached, FILE *out)
{
    char count[COUNT_TEXT_MAX], text[COVERED_TEXT_MAX];
    size_t reached = coverage_reached(c);
    size_t known = coverage_known(c);
    if (known == 0)
        return;
    fprintf(out, "  reached %zu of %s", reached, count_print(known, "instruction", count));
    print_unreachable(c, out);
    fputc('\n', out);
    if (!unreached || reached == known)
        return;
    fputs("  never reached, by offset from the entry:\n", out);
    for (size_t i = 0; i < c->count; i++) {
        if (c->insns[i].reached)
            continue;
        covered_insn_text(&c->insns[i], text);
        fprintf(out, "    %+7" PRId64 "  %s%s\n", c->insns[i].offset, text,
                c->insns[i].unreachable ? "  (unreachable: proved)" : "");
    }
}

// What no contract asked about.
static void print_facts(const struct result *r, const struct terminal *terminal, FILE *out)
{
    char count[COUNT_TEXT_MAX];
    for (size_t i = 0; i < r->fact_count; i++) {
        const struct fact *fact = &r->facts[i];
        fprintf(out, "  noted, as this contract allows it: %s in %s\n", rule_name[fact->rule],
                count_print(fact->cases, "case", count));
        terminal_wrap(terminal, out, 4, fact->message);
    }
}

// Whose code the routine runs besides its own, as far as the smallest cases show it.
static void print_calls(const struct result *r, FILE *out)
{
    struct calls calls;
    char text[WHERE_TEXT_MAX];
    calls_of_results(r, 1, &calls);
    for (size_t i = 0; i < calls.count; i++)
        fprintf(out, "  calls %s\n", called_print(&calls.items[i], text));
}

// What the contract would ask of another op.
static void print_not_asked(const struct result *r, const struct terminal *terminal, FILE *out)
{
    uint64_t rules = r->cases > 0 ? result_not_asked(r) : 0;
    char *text = NULL;
    size_t length;
    if (!rules)
        return;
    FILE *line = open_memstream(&text, &length);
    assert(line != NULL);
    fprintf(line, "not asked of %s, %s:", copy_op_name[r->op], rules_not_asked_why(r->op));
    for (const char *comma = ""; rules; rules &= rules - 1, comma = ",")
        fprintf(line, "%s %s", comma, rule_name[__builtin_ctzll(rules)]);
    fclose(line);
    terminal_wrap(terminal, out, 2, text);
    free(text);
}

// Besides the cases that were run.
static void print_proof(const struct result *r, const struct terminal *terminal, FILE *out)
{
    char text[PROOF_TEXT_MAX];
    proof_note_print(&r->proof, text);
    if (*text)
        terminal_wrap(terminal, out, 2, text);
}

// FIRST: the first result of the same sweep, whose reason is not said again.
static void print_result(const struct result *r, const struct result *first, bool unreached,
                         const char *past, const struct terminal *terminal, FILE *out)
{
    char count[COUNT_TEXT_MAX], rate[COUNT_TEXT_MAX];
    terminal_put(terminal, out, HUE_STRONG, r->backend->name);
    fprintf(out, " under %s: ", r->contract->name);
    terminal_put(terminal, out, verdict_hue(r->verdict), result_verdict(r));
    fprintf(out, "%s\n  %s, ", r->proof.proved ? ": proved" : "", copy_op_name[r->op]);
    if (r->interrupted)
        fprintf(out, "interrupted after %" PRIu64 " of ", r->cases);
    fprintf(out, "%s in %.2f s", count_print(r->interrupted ? r->planned : r->cases, "case", count),
            r->seconds);
    if (*rate_print(r->cases, r->seconds, rate))
        fprintf(out, ", %s", rate);
    fprintf(out, ", recorder %s%s%s\n", r->recorder, r->cpu[0] ? ", cpu " : "", r->cpu);
    if (*past)
        terminal_wrap(terminal, out, 2, past);
    print_proof(r, terminal, out);
    print_coverage(&r->coverage, unreached, out);
    bool told = r != first && r->reason[0] && r->verdict == first->verdict &&
                strcmp(r->reason, first->reason) == 0;
    if (told)
        fputs("  for the same reason\n", out);
    else
        print_reason(r, terminal, out);
    print_not_asked(r, terminal, out);
    print_facts(r, terminal, out);
    print_calls(r, out);
    for (size_t i = 0; i < r->finding_count; i++)
        print_finding(r, &r->findings[i], terminal, out);
    fputc('\n', out);
}

void hint_print(const char *hint, unsigned indent, const struct terminal *terminal, FILE *out)
{
    char text[sizeof((struct result){0}.hint) + 8];
    const char *option = strstr(hint, "--call '");
    size_t length = option != NULL ? (size_t)(option - hint) : strlen(hint);
    if (hint[0] == '\0')
        return;
    snprintf(text, sizeof text, "hint: %.*s", (int)length, hint);
    terminal_wrap(terminal, out, indent, text);
    if (option != NULL) // as it is taken to a shell
        fprintf(out, "%*s%s\n", (int)indent + 6, "", option);
}

void text_check(const struct result *results, size_t count, bool unreached,
                const struct history *history, const struct terminal *terminal, FILE *out)
{
    static const struct history none = {.count = 0};
    char text[HISTORY_TEXT_MAX], past[HISTORY_TEXT_MAX + 16];
    struct history_table t;
    history_table_make(history ? history : &none, results, count, &t);
    hint_print(results[0].hint, 0, terminal, out);
    for (size_t i = 0; i < count; i++) { // one sweep, so the same for all contracts
        bool known = history && *history_sentence(history, &t, i, text);
        snprintf(past, sizeof past, "%s%s", known ? "over time: " : "", known ? text : "");
        print_result(&results[i], &results[0], unreached && i + 1 == count, past, terminal, out);
    }
    history_table_free(&t);
}

void text_patterns(const struct patterns *patterns, FILE *out)
{
    struct pattern_line lines[PATTERN_LINES_MAX];
    size_t count;
    if (patterns->count == 0)
        return;
    fputs("stores by size, both sides at page starts ([a,b): bytes a to b-1; n: the size):\n", out);
    for (size_t i = 0; i < patterns->count;) {
        i = patterns_lines(patterns, i, lines, &count);
        for (size_t k = 0; k < count; k++)
            fprintf(out, "%12s: %s\n", lines[k].sizes, lines[k].text);
    }
    fputc('\n', out);
}
