// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/text/matrix.h"

#include "base/memory.h"
#include "reports/access_text.h"
#include "reports/finding_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// A column is a mark of at least four characters and a blank.
enum { PITCH_MIN = MATRIX_PITCH_MIN, PITCH_MAX = 22, NAME_MIN = 16 };

static const char *const rule_short[RULE_COUNT] = {
    [RULE_CRASH] = "crsh",
    [RULE_TIMEOUT] = "hang",
    [RULE_WRONG_DATA] = "data",
    [RULE_WRONG_RETURN] = "ret",
    [RULE_CLOBBERED_STATE] = "clob",
    [RULE_MISSING_STORE] = "miss",
    [RULE_OUT_OF_BOUNDS_STORE] = "oobs",
    [RULE_STATIC_STORE] = "stat",
    [RULE_OUT_OF_BOUNDS_LOAD] = "oobl",
    [RULE_DUPLICATE_STORE] = "dup",
    [RULE_OVERLAPPING_STORE] = "over",
    [RULE_TRANSIENT_VALUE] = "tran",
    [RULE_SPLIT_STORE] = "splt",
    [RULE_TORN_ELEMENT] = "torn",
    [RULE_REORDERED_STORE] = "ordr",
    [RULE_UNORDERED_STORE] = "vis",
    [RULE_LAST_BYTE_NOT_LAST] = "last",
    [RULE_MISALIGNED_STORE] = "algn",
    [RULE_WIDE_STORE] = "wide",
    [RULE_NARROW_STORE] = "narr",
    [RULE_NARROW_LOAD] = "narl",
    [RULE_VECTOR_STORE] = "vec",
    [RULE_MASKED_STORE] = "mask",
    [RULE_STRING_STORE] = "str",
    [RULE_NONTEMPORAL_STORE] = "nt",
    [RULE_BROKEN_BURST] = "brst",
    [RULE_UNFENCED_STORE] = "fenc",
    [RULE_UNFLUSHED_STORE] = "flsh",
    [RULE_DESTINATION_LOAD] = "dstl",
    [RULE_REPEATED_LOAD] = "rept",
    [RULE_SPLIT_LOAD] = "spll",
    [RULE_TORN_LOAD] = "trnl",
    [RULE_REORDERED_LOAD] = "ordl",
    [RULE_UNORDERED_LOAD] = "visl",
    [RULE_MISALIGNED_LOAD] = "alnl",
    [RULE_WIDE_LOAD] = "widl",
    [RULE_VECTOR_LOAD] = "vecl",
    [RULE_ATOMIC_STORE] = "atom",
    [RULE_PAIRED_STORE] = "pair",
    [RULE_WRITEBACK_STORE] = "wrbk",
    [RULE_X87_STORE] = "x87",
    [RULE_STRING_LOAD] = "strl",
    [RULE_ATOMIC_LOAD] = "atml",
    [RULE_PAIRED_LOAD] = "parl",
    [RULE_WRITEBACK_LOAD] = "wrbl",
    [RULE_X87_LOAD] = "x87l",
    [RULE_DATA_DEPENDENT] = "dep",
};

const char *matrix_rule_short(enum rule_id rule)
{
    return rule_short[rule] ? rule_short[rule] : "rule";
}

void matrix_init(struct matrix *m, const struct contract *contracts, size_t contract_count)
{
    *m = (struct matrix){.contracts = contracts, .contract_count = contract_count};
}

static void row_free(struct matrix_row *row)
{
    free(row->cells);
    free(row->hint);
}

void matrix_free(struct matrix *m)
{
    for (size_t i = 0; i < m->row_count; i++)
        row_free(&m->rows[i]);
    free(m->rows);
    *m = (struct matrix){.contracts = NULL};
}

static const struct finding *finding_shown(const struct result *r, bool hinted)
{
    bool other = hinted && r->finding_count > 1 && r->findings[0].rule == RULE_WRONG_RETURN;
    return &r->findings[other];
}

void matrix_add(struct matrix *m, const struct result *results)
{
    if (m->row_count == m->row_capacity) {
        m->row_capacity = m->row_capacity ? 2 * m->row_capacity : 32;
        m->rows = reallocarray(m->rows, m->row_capacity, sizeof *m->rows);
        assert(m->rows != NULL);
    }
    struct matrix_row *row = &m->rows[m->row_count++];
    *row = (struct matrix_row){.backend = results[0].backend, .op = results[0].op};
    memcpy(row->cpu, results[0].cpu, sizeof row->cpu);
    row->hint = must(strdup(results[0].hint));
    row->cells = calloc(m->contract_count, sizeof *row->cells);
    assert(row->cells != NULL);
    for (size_t i = 0; i < m->contract_count; i++) {
        struct matrix_cell *cell = &row->cells[i];
        cell->verdict = results[i].verdict;
        cell->proved = proof_reach(&results[i].proof);
        cell->says = result_verdict(&results[i]);
        memcpy(cell->reason, results[i].reason, sizeof cell->reason);
        if (results[i].finding_count > 0) {
            const struct finding *f = finding_shown(&results[i], row->hint[0] != '\0');
            cell->rule = f->rule;
            cell->witness = f->witness;
        }
    }
}

// A line nothing of which was run is told among the skipped, not drawn.
static bool row_is_drawn(const struct matrix *m, const struct matrix_row *row)
{
    for (size_t i = 0; i < m->contract_count; i++)
        if (row->cells[i].verdict != VERDICT_SKIPPED)
            return true;
    return false;
}

// The name of a line: the op is added where it is not the backend's own.
static void row_name(const struct matrix_row *row, char *text, size_t text_size)
{
    result_name(row->backend, row->op, text, text_size);
}

struct geometry {
    unsigned name;  // columns of a line's name
    unsigned pitch; // columns of a contract, the blank before it included
    bool full;      // rules by their full names
};

static unsigned longest_rule(const struct matrix *m)
{
    size_t longest = 0;
    for (size_t i = 0; i < m->row_count; i++)
        for (size_t k = 0; k < m->contract_count; k++)
            if (m->rows[i].cells[k].verdict == VERDICT_VIOLATES &&
                strlen(rule_name[m->rows[i].cells[k].rule]) > longest)
                longest = strlen(rule_name[m->rows[i].cells[k].rule]);
    return (unsigned)longest;
}

static struct geometry measure(const struct matrix *m, const struct terminal *terminal)
{
    struct geometry g = {.name = NAME_MIN};
    char name[512];
    unsigned contracts = (unsigned)m->contract_count;
    for (size_t i = 0; i < m->row_count; i++) {
        row_name(&m->rows[i], name, sizeof name);
        if (row_is_drawn(m, &m->rows[i]) && strlen(name) > g.name)
            g.name = (unsigned)strlen(name);
    }
    // Columns for all contracts come first, if names stay readable.
    unsigned for_names = terminal->columns > contracts * PITCH_MIN + NAME_MIN
                             ? terminal->columns - contracts * PITCH_MIN
                             : terminal->columns / 2;
    if (g.name > for_names)
        g.name = for_names;
    unsigned room = terminal->columns - g.name;
    g.pitch = room / contracts;
    if (g.pitch < PITCH_MIN)
        g.pitch = PITCH_MIN;
    unsigned longest = longest_rule(m);
    g.full = g.pitch > longest;
    unsigned enough = g.full && longest > 9 ? longest + 2 : 11;
    if (g.pitch > enough)
        g.pitch = enough < PITCH_MAX ? enough : PITCH_MAX;
    return g;
}

// A name that does not fit loses its beginning: the routine tells more.
static void print_name(const char *name, unsigned columns, FILE *out)
{
    size_t length = strlen(name);
    if (length <= columns)
        fprintf(out, "%-*s", (int)columns, name);
    else
        fprintf(out, "..%s", name + length - (columns - 2));
}

// Stopped before its end, which is no skipping.
static bool is_incomplete(const struct matrix_cell *cell)
{
    return cell->verdict == VERDICT_SKIPPED && cell->says != verdict_name[VERDICT_SKIPPED];
}

// What stands for `conforms', with how far that is proved.
static const char *conforms_mark(enum proved proved, const struct terminal *terminal)
{
    static const char *const marks[][2] = {
        [PROVED_NOT] = {"ok", "✓"},
        [PROVED_SOME_SIZES] = {"ok+", "✓+"},
        [PROVED_EVERY_SIZE] = {"ok*", "✓∀"},
    };
    return marks[proved][terminal->utf8];
}

static void print_mark(const struct matrix_cell *cell, const struct geometry *g, bool last,
                       const struct terminal *terminal, FILE *out)
{
    const char *mark = cell->verdict == VERDICT_CONFORMS  ? conforms_mark(cell->proved, terminal)
                       : cell->verdict == VERDICT_SKIPPED ? is_incomplete(cell) ? "part" : "skip"
                       : cell->verdict == VERDICT_BROKEN  ? "?"
                       : g->full                          ? rule_name[cell->rule]
                                                          : matrix_rule_short(cell->rule);
    fputc(' ', out);
    unsigned taken = 1 + terminal_put(terminal, out, verdict_hue(cell->verdict), mark);
    fprintf(out, "%*s", !last && taken < g->pitch ? (int)(g->pitch - taken) : 0, "");
}

// Contracts' names stand on two lines in turn, where they are wider than their
// columns.
static size_t heading_lines(const struct matrix *m, const struct geometry *g, size_t first,
                            size_t end)
{
    for (size_t i = first; i < end; i++)
        if (strlen(m->contracts[i].name) >= g->pitch)
            return 2;
    return 1;
}

// The end of the block that starts with contract FIRST: as many as fit, the
// names of the last ones included, which have no column after them to reach into.
static size_t block_end(const struct matrix *m, const struct geometry *g, size_t first,
                        unsigned columns)
{
    size_t end = first + 1;
    for (; end < m->contract_count; end++) {
        size_t marks = g->name + (end + 1 - first) * g->pitch;
        size_t name = g->name + (end - first) * g->pitch + 1 + strlen(m->contracts[end].name);
        if (marks > columns || name > columns)
            break;
    }
    return end;
}

static void print_headings(const struct matrix *m, const struct geometry *g, size_t first,
                           size_t end, unsigned columns, FILE *out)
{
    size_t lines = heading_lines(m, g, first, end);
    for (size_t line = 0; line < lines && first + line < end; line++) {
        int width = (int)(lines * g->pitch) - 1;
        fprintf(out, "%*s", (int)(g->name + line * g->pitch), "");
        for (size_t i = first + line; i < end; i += lines) {
            size_t start = g->name + (i - first) * g->pitch + 1;
            int room = columns > start ? (int)(columns - start) : width;
            fprintf(out, " %-*.*s", i + lines < end ? width : 0, i + lines < end ? width : room,
                    m->contracts[i].name);
        }
        fputc('\n', out);
    }
}

static void print_row(const struct matrix_row *row, const struct geometry *g, size_t first,
                      size_t end, const struct terminal *terminal, FILE *out)
{
    char name[512];
    row_name(row, name, sizeof name);
    print_name(name, g->name, out);
    for (size_t k = first; k < end; k++)
        print_mark(&row->cells[k], g, k + 1 == end, terminal, out);
    fputc('\n', out);
}

static void print_block(const struct matrix *m, const struct geometry *g, size_t first, size_t end,
                        const struct terminal *terminal, FILE *out)
{
    print_headings(m, g, first, end, terminal->columns, out);
    for (size_t i = 0; i < m->row_count; i++)
        if (row_is_drawn(m, &m->rows[i]))
            print_row(&m->rows[i], g, first, end, terminal, out);
    fputc('\n', out);
}

unsigned matrix_heading_print(const struct matrix *m, unsigned name, FILE *out)
{
    const struct geometry g = {.name = name, .pitch = PITCH_MIN};
    print_headings(m, &g, 0, m->contract_count, 0, out);
    return (unsigned)heading_lines(m, &g, 0, m->contract_count);
}

unsigned matrix_row_print(const struct matrix *m, size_t row, unsigned name,
                          const struct terminal *terminal, FILE *out)
{
    const struct geometry g = {.name = name, .pitch = PITCH_MIN};
    bool drawn = row_is_drawn(m, &m->rows[row]);
    if (drawn)
        print_row(&m->rows[row], &g, 0, m->contract_count, terminal, out);
    return drawn;
}

// Below the others, in words that need no explanation.
static void print_proved(const struct matrix *m, const struct terminal *terminal, FILE *out)
{
    static const char *const meaning[] = {
        [PROVED_SOME_SIZES] = "conforms, and is proved for every address and alignment, up to a "
                              "size that `check' and JSON tell",
        [PROVED_EVERY_SIZE] = "conforms, and is proved for every address, alignment and size",
    };
    bool used[PROVED_EVERY_SIZE + 1] = {false};
    char text[200];
    for (size_t i = 0; i < m->row_count; i++)
        for (size_t k = 0; k < m->contract_count; k++)
            used[m->rows[i].cells[k].proved] |= m->rows[i].cells[k].verdict == VERDICT_CONFORMS;
    for (unsigned p = PROVED_EVERY_SIZE; p > PROVED_NOT; p--) {
        if (!used[p])
            continue;
        snprintf(text, sizeof text, "%s=%s", conforms_mark((enum proved)p, terminal), meaning[p]);
        terminal_wrap(terminal, out, 0, text);
    }
}

// What the marks mean, as far as they were used.
static void print_legend(const struct matrix *m, const struct geometry *g,
                         const struct terminal *terminal, FILE *out)
{
    bool rules[RULE_COUNT] = {false}, verdicts[VERDICT_COUNT] = {false}, incomplete = false;
    char text[RULE_COUNT * 40 + 160] = "";
    size_t length = 0;
    for (size_t i = 0; i < m->row_count; i++)
        for (size_t k = 0; row_is_drawn(m, &m->rows[i]) && k < m->contract_count; k++) {
            const struct matrix_cell *cell = &m->rows[i].cells[k];
            incomplete |= is_incomplete(cell);
            verdicts[cell->verdict] |= !is_incomplete(cell);
            rules[cell->rule] |= cell->verdict == VERDICT_VIOLATES;
        }
    length += (size_t)snprintf(text, sizeof text, "%s=conforms%s%s%s", terminal->utf8 ? "✓" : "ok",
                               verdicts[VERDICT_SKIPPED] ? " skip=skipped" : "",
                               incomplete ? " part=incomplete" : "",
                               verdicts[VERDICT_BROKEN] ? " ?=broken" : "");
    for (size_t i = 0; !g->full && i < RULE_COUNT; i++)
        if (rules[i])
            length += (size_t)snprintf(text + length, sizeof text - length, " %s=%s",
                                       matrix_rule_short((enum rule_id)i), rule_name[i]);
    terminal_wrap(terminal, out, 0, text);
    print_proved(m, terminal, out);
    fputc('\n', out);
}

static bool same_cell(const struct matrix_cell *a, const struct matrix_cell *b)
{
    if (a->verdict != b->verdict)
        return false;
    if (a->verdict == VERDICT_VIOLATES)
        return a->rule == b->rule && case_compare(&a->witness, &b->witness) == 0;
    return strcmp(a->reason, b->reason) == 0;
}

// The contracts that gave the same answer as contract FIRST, unless one before
// it already stands for them.
static bool contracts_print(const struct matrix *m, const struct matrix_row *row, size_t first,
                            char *text, size_t text_size)
{
    size_t length = 0;
    for (size_t k = 0; k < first; k++)
        if (same_cell(&row->cells[k], &row->cells[first]))
            return false;
    for (size_t k = first; k < m->contract_count && length < text_size; k++)
        if (same_cell(&row->cells[k], &row->cells[first]))
            length += (size_t)snprintf(text + length, text_size - length, "%s%s",
                                       length ? ", " : "", m->contracts[k].name);
    return true;
}

// The reason, after the word that it may begin with.
static const char *told_reason(const struct matrix_cell *cell)
{
    size_t word = strlen(cell->says);
    bool said = strncmp(cell->reason, cell->says, word) == 0 && cell->reason[word] == ':';
    return cell->reason + (said ? word + 1 + strspn(cell->reason + word + 1, " ") : 0);
}

static void print_cell(const struct matrix_cell *cell, const char *contracts,
                       const struct terminal *terminal, FILE *out)
{
    char text[4096], witness[CASE_TEXT_MAX];
    case_print(&cell->witness, witness);
    if (cell->verdict == VERDICT_VIOLATES)
        snprintf(text, sizeof text, "%s (%s): %s", rule_name[cell->rule], contracts, witness);
    else
        snprintf(text, sizeof text, "%s (%s): %s", cell->says, contracts, told_reason(cell));
    terminal_wrap(terminal, out, 2, text);
}

static void print_details(const struct matrix *m, const struct matrix_row *row,
                          const struct terminal *terminal, FILE *out)
{
    char contracts[2048], name[512];
    bool named = false;
    if (row->hint[0] != '\0') {
        row_name(row, name, sizeof name);
        terminal_put(terminal, out, HUE_STRONG, name);
        fputc('\n', out);
        named = true;
        hint_print(row->hint, 2, terminal, out);
    }
    for (size_t k = 0; k < m->contract_count; k++) {
        if (row->cells[k].verdict == VERDICT_CONFORMS ||
            !contracts_print(m, row, k, contracts, sizeof contracts))
            continue;
        if (!named) {
            row_name(row, name, sizeof name);
            terminal_put(terminal, out, HUE_STRONG, name);
            fputc('\n', out);
            named = true;
        }
        print_cell(&row->cells[k], contracts, terminal, out);
    }
}

static bool is_skipped_for(const struct matrix *m, const struct matrix_row *row, const char *reason)
{
    return !row_is_drawn(m, row) && strcmp(row->cells[0].reason, reason) == 0;
}

// A line of how many routines were not run for a reason, and the first of them.
static void print_skipped_for(const struct matrix *m, const struct matrix_cell *cell,
                              const struct terminal *terminal, FILE *out)
{
    enum { NAMED_MAX = 6, NAMES_MAX = NAMED_MAX * 260 };
    char names[NAMES_MAX] = "", count[COUNT_TEXT_MAX], head[TRACE_REASON_MAX + 64];
    size_t length = 0, named = 0, skipped = 0;
    for (size_t i = 0; i < m->row_count; i++) {
        if (!is_skipped_for(m, &m->rows[i], cell->reason) || skipped++ >= NAMED_MAX)
            continue;
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%.250s",
                                   named++ ? ", " : "", m->rows[i].backend->name);
    }
    if (skipped > named)
        snprintf(names + length, sizeof names - length, " and %zu more", skipped - named);
    snprintf(head, sizeof head, "%s: %s: %s", cell->says, told_reason(cell),
             count_print(skipped, "routine", count));
    terminal_wrap(terminal, out, 0, head);
    terminal_wrap(terminal, out, 2, names);
}

// Backends that were not run at all, gathered by reason.
static void print_skipped(const struct matrix *m, const struct terminal *terminal, FILE *out)
{
    for (size_t i = 0; i < m->row_count; i++) {
        const char *reason = m->rows[i].cells[0].reason;
        bool told = row_is_drawn(m, &m->rows[i]);
        for (size_t k = 0; k < i && !told; k++)
            told = is_skipped_for(m, &m->rows[k], reason);
        if (!told)
            print_skipped_for(m, &m->rows[i].cells[0], terminal, out);
    }
}

static bool is_emulated_on(const struct matrix *m, size_t row, const char *cpu)
{
    return row_is_drawn(m, &m->rows[row]) && strcmp(m->rows[row].cpu, cpu) == 0;
}

// What stands in the matrix as run on another CPU, gathered by its model.
static void print_emulated(const struct matrix *m, FILE *out)
{
    for (size_t i = 0; i < m->row_count; i++) {
        const char *cpu = m->rows[i].cpu;
        bool told = *cpu == '\0' || !row_is_drawn(m, &m->rows[i]);
        for (size_t k = 0; k < i && !told; k++)
            told = is_emulated_on(m, k, cpu);
        if (told)
            continue;
        fprintf(out, "emulated on cpu %s:\n", cpu);
        for (size_t k = i; k < m->row_count; k++)
            if (is_emulated_on(m, k, cpu))
                fprintf(out, "  %s\n", m->rows[k].backend->name);
    }
}

void matrix_print(const struct matrix *m, const struct terminal *terminal, FILE *out)
{
    bool drawn = false;
    struct geometry g = measure(m, terminal);
    for (size_t i = 0; i < m->row_count; i++)
        drawn |= row_is_drawn(m, &m->rows[i]);
    for (size_t first = 0, end; drawn && first < m->contract_count; first = end) {
        end = block_end(m, &g, first, terminal->columns);
        print_block(m, &g, first, end, terminal, out);
    }
    if (drawn)
        print_legend(m, &g, terminal, out);
    for (size_t i = 0; i < m->row_count; i++)
        if (row_is_drawn(m, &m->rows[i]))
            print_details(m, &m->rows[i], terminal, out);
    print_emulated(m, out);
    print_skipped(m, terminal, out);
}
