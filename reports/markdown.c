// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Markdown for a comment on a pull request: the totals, the matrix, then each
// routine's findings folded away. GitHub takes 65,536 characters; what is over
// that is left out, routine by routine, and the comment says how much and which
// command shows it. Bytes are counted, which are never fewer than characters.

#include "describe.h"
#include "finding_text.h"
#include "format.h"
#include "xml_write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COMMENT_MAX = 65536, END_MAX = 2048, ROWS_BYTES_MAX = 32768 };

// Text that grows to a limit; a piece that does not fit is left out whole.
struct text {
    char *bytes;
    size_t length, limit;
    size_t taken, left_out; // pieces
};

struct markdown {
    struct text rows;    // of the matrix
    struct text details; // a piece a routine with findings
};

static void add_piece(struct text *t, const char *piece, size_t length)
{
    // Once one is left out, the rest is: what is shown is the beginning.
    if (t->left_out > 0 || t->length + length > t->limit) {
        t->left_out++;
        return;
    }
    t->bytes = realloc(t->bytes, t->length + length + 1);
    assert(t->bytes != NULL);
    memcpy(t->bytes + t->length, piece, length);
    t->length += length;
    t->bytes[t->length] = '\0';
    t->taken++;
}

// TEXT as it is, whatever it holds, in a span of code; a bar would end a cell.
static void put_code(FILE *out, const char *text, bool cell)
{
    size_t run = 0, longest = 0;
    char *copy = utf8_copy(text);
    for (const char *at = copy; *at; at++) {
        run = *at == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    for (size_t i = 0; i <= longest; i++)
        fputc('`', out);
    if (longest > 0)
        fputc(' ', out);
    for (const char *at = copy; *at; at++) {
        if (cell && *at == '|')
            fputc('\\', out);
        fputc((unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at, out);
    }
    if (longest > 0)
        fputc(' ', out);
    for (size_t i = 0; i <= longest; i++)
        fputc('`', out);
    free(copy);
}

// A sentence, whose spans of code stay such.
static void put_sentence(FILE *out, const char *text)
{
    char *copy = utf8_copy(text);
    bool code = false;
    for (const char *at = copy; *at; at++) {
        code ^= *at == '`';
        if ((unsigned char)*at < ' ')
            fputc(' ', out);
        else if (!code && *at == '<')
            fputs("&lt;", out);
        else if (!code && strchr("*_[]#|~@", *at) != NULL)
            fprintf(out, "\\%c", *at);
        else
            fputc(*at, out);
    }
    free(copy);
}

static void put_cell(const struct result *r, FILE *out)
{
    switch (r->verdict) {
    case VERDICT_CONFORMS:
        fputs(" ✅ |", out);
        break;
    case VERDICT_VIOLATES:
        fprintf(out, " ❌ %s", rule_name[r->findings[0].rule]);
        if (r->finding_count > 1)
            fprintf(out, " +%zu", r->finding_count - 1);
        fputs(" |", out);
        break;
    default:
        fprintf(out, " ⚠️ %s |", verdict_name[r->verdict]);
    }
}

static void put_name(const struct result *r, bool cell, FILE *out)
{
    char name[1024];
    result_name(r->backend, r->op, name, sizeof name);
    put_code(out, name, cell);
}

static void put_finding(const struct result *r, const struct finding *f, FILE *out)
{
    char witness[CASE_TEXT_MAX], count[COUNT_TEXT_MAX];
    case_print(&f->witness, witness);
    fprintf(out, "- **%s** under %s, %s, the smallest `%s`: ", rule_name[f->rule],
            r->contract->name, count_print(f->cases, "case", count), witness);
    put_sentence(out, f->message);
    // Deeper than any run of backticks in a name can be.
    fputs("\n\n  ~~~~~~\n", out);
    finding_print_accesses(f, "  ", out);
    fputs("  ", out);
    finding_print_replay(r, f, out);
    fputs("\n  ~~~~~~\n", out);
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
    return a->rule == b->rule && case_compare(&a->witness, &b->witness) == 0;
}

// Was the finding shown with a contract before?
static bool is_shown(const struct result *results, size_t contract, const struct finding *f)
{
    for (size_t i = 0; i < contract; i++)
        for (size_t k = 0; k < results[i].finding_count; k++)
            if (same_finding(&results[i].findings[k], f))
                return true;
    return false;
}

static void put_details(const struct result *results, size_t count, FILE *out)
{
    fputs("<details><summary><code>", out);
    xml_put(out, results[0].backend->name); // HTML as well
    fputs("</code></summary>\n\n", out);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < results[i].finding_count; k++)
            if (!is_shown(results, i, &results[i].findings[k]))
                put_finding(&results[i], &results[i].findings[k], out);
        if (results[i].reason[0] != '\0') {
            fprintf(out, "- %s under %s: ", verdict_name[results[i].verdict],
                    results[i].contract->name);
            put_sentence(out, results[i].reason);
            fputc('\n', out);
        }
    }
    fputs("\n</details>\n", out);
}

static bool has_details(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].finding_count > 0 || results[i].reason[0] != '\0')
            return true;
    return false;
}

static void begin(struct report *r)
{
    struct markdown *m = calloc(1, sizeof *m);
    assert(m != NULL);
    m->rows.limit = ROWS_BYTES_MAX;
    m->details.limit = COMMENT_MAX; // what the rows leave of it is known at the end
    r->state = m;
}

static void add(struct report *r, const struct result *results, size_t count)
{
    struct markdown *m = r->state;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    fputs("| ", out);
    put_name(&results[0], true, out);
    fputs(" |", out);
    for (size_t i = 0; i < count; i++)
        put_cell(&results[i], out);
    fputc('\n', out);
    fclose(out);
    add_piece(&m->rows, text, length);
    free(text);
    if (!has_details(results, count))
        return;
    text = NULL;
    out = open_memstream(&text, &length);
    assert(out != NULL);
    put_details(results, count, out);
    fclose(out);
    // The end of a piece is marked by the byte after it, to cut there later.
    add_piece(&m->details, text, length + 1);
    free(text);
}

static void put_head(const struct report *r, FILE *out)
{
    const struct totals *t = r->facts->totals;
    char findings[COUNT_TEXT_MAX], backends[COUNT_TEXT_MAX], cases[COUNT_TEXT_MAX];
    fprintf(out, "### storescope: %s\n\n%s, %s", count_print(t->findings, "finding", findings),
            count_print(t->backends, "backend", backends), count_print(t->cases, "case", cases));
    for (size_t v = 0; v < VERDICT_COUNT; v++)
        fprintf(out, "%s%" PRIu64 " %s", v ? ", " : ": ", t->verdicts[v], verdict_name[v]);
    fputs(".\n", out);
    if (t->interrupted)
        fputs("\n**Interrupted:** the sweep ended early, so this report is not complete.\n", out);
    fputs("\n| |", out);
    for (size_t i = 0; i < r->facts->contract_count; i++)
        fprintf(out, " %s |", r->facts->contracts[i].name);
    fputs("\n|---|", out);
    for (size_t i = 0; i < r->facts->contract_count; i++)
        fputs("---|", out);
    fputc('\n', out);
}

static void put_left_out(const struct report *r, size_t rows, size_t details, FILE *out)
{
    char one[COUNT_TEXT_MAX], other[COUNT_TEXT_MAX];
    if (rows + details == 0)
        return;
    fprintf(out,
            "\n**Cut to fit a comment:** %s of the matrix and the findings of %s are not shown. "
            "All of them: ",
            count_print(rows, "row", one), count_print(details, "routine", other));
    if (r->facts->command_line != NULL && strlen(r->facts->command_line) < END_MAX / 2)
        put_code(out, r->facts->command_line, false);
    else
        fputs("the same command", out);
    fputs(" with `--format text`.\n", out);
}

// Pieces that fit in ROOM; how many do not.
static size_t put_pieces(const struct text *t, size_t room, FILE *out)
{
    size_t shown = 0;
    for (size_t at = 0; at < t->length; shown++) {
        size_t length = strlen(t->bytes + at);
        if (length > room)
            break;
        fputs(t->bytes + at, out);
        room -= length;
        at += length + 1;
    }
    return t->taken + t->left_out - shown;
}

static void end(struct report *r)
{
    struct markdown *m = r->state;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    put_head(r, out);
    fputs(m->rows.length ? m->rows.bytes : "", out);
    fputc('\n', out);
    fflush(out);
    size_t details = put_pieces(
        &m->details, length + END_MAX < COMMENT_MAX ? COMMENT_MAX - END_MAX - length : 0, out);
    put_left_out(r, m->rows.left_out, details, out);
    fclose(out);
    fputs(text, r->out);
    free(text);
    free(m->rows.bytes);
    free(m->details.bytes);
    free(m);
}

const struct format format_markdown = {
    .name = "markdown",
    .about = "the matrix and findings for a pull request's comment",
    .commands = FORMAT_SWEEPS,
    .begin = begin,
    .add = add,
    .end = end,
};
