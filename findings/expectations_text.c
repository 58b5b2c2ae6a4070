// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The text of expectations. In it a row stands for all contracts that break a
// rule by the same smallest case at the same sites, which most do.

#include "base/file.h"
#include "base/memory.h"
#include "findings/expectations.h"

#include "base/lines.h"
#include "findings/saved_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 16 << 20 };

struct parser {
    struct text_lines lines;
    struct expectations *out;
    char *backend; // of the section; NULL before the first
    // Of the row being read.
    bool in_row, has_case;
    enum rule_id rule;
    struct expect_key *keys;
    size_t key_count;
    enum copy_op op;
};

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

// What print_contract writes, back. False when it is not that, or too long.
static bool read_contract(const char *word, size_t length, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < length && n < room; i++) {
        out[n] = word[i];
        if (word[i] == '%') {
            int high = i + 2 < length ? hex_digit(word[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(word[i + 2]) : -1;
            if (low < 0 || high + low == 0)
                return false;
            out[n] = (char)(high << 4 | low);
            i += 2;
        }
        n++;
    }
    if (n == 0 || n == room)
        return false;
    out[n] = '\0';
    return true;
}

// "mmio" or "mmio@src".
static bool parse_contract(const struct parser *p, const char *word, struct expect_key *key)
{
    size_t n = strcspn(word, "@");
    key->device = DEVICE_DST;
    if (!read_contract(word, n, key->contract, sizeof key->contract) ||
        (word[n] == '@' && !device_side_parse(word + n + 1, &key->device)))
        return text_lines_fail(&p->lines, "'%.80s'; expected a contract, such as mmio or mmio@src",
                               word);
    return true;
}

static bool take_judged(struct parser *p, char *rest)
{
    struct expect_backend *b = expect_of(p->out, p->backend, true);
    struct expect_key key = {.op = OP_MEMCPY};
    char *more = NULL, *word = strtok_r(rest, " \t", &more);
    if (word == NULL || !copy_op_parse(word, &key.op))
        return text_lines_fail(
            &p->lines, "judged '%.32s'; expected memcpy, memmove or mempcpy, then contracts",
            word ? word : "");
    while ((word = strtok_r(NULL, " \t", &more)) != NULL) {
        if (!parse_contract(p, word, &key))
            return false;
        expect_set_judged(b, &key);
    }
    return true;
}

static bool take_rule(struct parser *p, char *rest)
{
    char *more = NULL, *word = strtok_r(rest, " \t", &more);
    if (word == NULL || !rule_find(word, &p->rule))
        return text_lines_fail(&p->lines,
                               "rule '%.32s'; `storescope list rules' has those there are",
                               word ? word : "");
    p->in_row = true;
    p->has_case = false;
    p->key_count = 0;
    while ((word = strtok_r(NULL, " \t", &more)) != NULL) {
        p->keys = must(reallocarray(p->keys, p->key_count + 1, sizeof *p->keys));
        if (!parse_contract(p, word, &p->keys[p->key_count]))
            return false;
        p->key_count++;
    }
    return p->key_count > 0 ||
           text_lines_fail(&p->lines, "a rule of no contract; name the contracts it is broken in");
}

static bool take_case(struct parser *p, const char *text)
{
    struct error why;
    struct copy_case c;
    struct expect_backend *b = expect_of(p->out, p->backend, true);
    if (!case_parse(text, &c, &why))
        return text_lines_fail(&p->lines, "%s", why.text);
    for (size_t i = 0; i < p->key_count; i++) {
        p->keys[i].op = c.op;
        if (expect_row_of(b, &p->keys[i], p->rule, NULL) != NULL)
            return text_lines_fail(&p->lines, "%s under %s is given twice; give it once",
                                   rule_name[p->rule], p->keys[i].contract);
        expect_row_of(b, &p->keys[i], p->rule, &c);
    }
    p->has_case = true;
    return true;
}

static bool take_sites(struct parser *p, const char *sites)
{
    struct expect_backend *b = expect_of(p->out, p->backend, true);
    if (*sites == '\0' || strlen(sites) >= SIGNATURE_PAIR_MAX)
        return text_lines_fail(
            &p->lines, "sites; expected at most two shapes of instructions, with a | between");
    for (size_t i = 0; i < p->key_count; i++)
        expect_row_add(expect_row_of(b, &p->keys[i], p->rule, NULL), sites);
    return true;
}

static bool take_backend(struct parser *p, const char *name)
{
    if (*name == '\0')
        return text_lines_fail(&p->lines, "a backend without a name; give it");
    if (expect_add(p->out, name) == NULL)
        return text_lines_fail(&p->lines, "backend %.200s is given twice; keep one section", name);
    free(p->backend);
    p->backend = must(strdup(name));
    p->in_row = false;
    return true;
}

static bool take_line(struct parser *p, char *line)
{
    size_t n = strcspn(line, " \t");
    char *rest = line + n + strspn(line + n, " \t");
    line[n] = '\0';
    if (strcmp(line, "backend") == 0)
        return take_backend(p, rest);
    if (p->backend == NULL)
        return text_lines_fail(&p->lines, "'%.32s'; expected `backend NAME' first", line);
    if (strcmp(line, "judged") == 0)
        return take_judged(p, rest);
    if (strcmp(line, "rule") == 0)
        return take_rule(p, rest);
    if (strcmp(line, "case") == 0 && p->in_row && !p->has_case)
        return take_case(p, rest);
    if (strcmp(line, "sites") == 0 && p->in_row && p->has_case)
        return take_sites(p, rest);
    return text_lines_fail(
        &p->lines, "'%.32s'; expected backend, judged, rule, then its case, then its sites", line);
}

bool expect_parse(const char *file, const char *text, size_t length, struct expectations *out,
                  struct error *error)
{
    struct parser p = {.lines = {.file = file, .at = text, .end = text + length, .error = error},
                       .out = out};
    char line[TEXT_LINE_MAX];
    bool ok = true, bad;
    while (ok && text_lines_next(&p.lines, line, &bad)) {
        if (bad)
            ok = text_lines_fail(&p.lines,
                                 "not text, or a line that is too long; expected expectations");
        else if (*line != '\0' && *line != '#')
            ok = take_line(&p, line);
    }
    if (ok && p.in_row && !p.has_case)
        ok = text_lines_fail(&p.lines, "a rule without a case; expected `case memmove size=...'");
    if (ok && p.backend == NULL)
        ok = text_lines_fail(&p.lines, "no `backend NAME' line; expected one");
    free(p.keys);
    free(p.backend);
    return ok;
}

static bool load_file(const char *path, struct expectations *out, struct error *error)
{
    char *text = NULL;
    size_t length = 0, room = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && !feof(file) && !ferror(file) && length <= FILE_MAX_BYTES) {
        room = 2 * room + 4096;
        text = must(realloc(text, room));
        length += fread(text + length, 1, room - length, file);
    }
    bool read = file != NULL && !ferror(file);
    if (!read)
        error_set(error, "cannot read the expectations %s: %s", path, strerror(errno));
    else if (length > FILE_MAX_BYTES)
        error_set(error, "%s is larger than %d MiB; expectations are a short text", path,
                  FILE_MAX_BYTES >> 20);
    read = read && length <= FILE_MAX_BYTES && expect_parse(path, text, length, out, error);
    if (file != NULL)
        fclose(file);
    free(text);
    return read;
}

bool expect_load(const char *path, struct expectations *out, struct error *error)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    *out = (struct expectations){.count = 0};
    FTS *tree = file_tree(roots);
    bool ok = tree != NULL;
    if (!ok)
        error_set(error, "cannot read %s: %s", path, strerror(errno));
    for (FTSENT *e; ok && (e = fts_read(tree)) != NULL;) {
        const char *dot = strrchr(e->fts_name, '.');
        bool named = e->fts_level == 0 || (dot && strcmp(dot, ".expect") == 0);
        if (e->fts_info == FTS_F || (e->fts_info == FTS_DEFAULT && e->fts_level == 0))
            ok = !named || load_file(e->fts_path, out, error);
        else if (e->fts_info != FTS_D && e->fts_info != FTS_DP && named) {
            error_set(error, "cannot read the expectations %s: %s", e->fts_path,
                      strerror(e->fts_errno ? e->fts_errno : ENOENT));
            ok = false;
        }
    }
    if (tree != NULL)
        fts_close(tree);
    if (!ok)
        expect_free(out);
    return ok;
}

// ---- printing ----

// Built-in contracts in their order, then the others by name.
static size_t contract_rank(const char *name)
{
    size_t i = 0;
    while (i < contract_builtin_count && strcmp(contract_builtin(i)->name, name) != 0)
        i++;
    return i;
}

static int key_compare(const void *a, const void *b)
{
    const struct expect_key *x = a, *y = b;
    size_t rx = contract_rank(x->contract), ry = contract_rank(y->contract);
    if (x->op != y->op)
        return x->op < y->op ? -1 : 1;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (rx != ry)
        return rx < ry ? -1 : 1;
    return strcmp(x->contract, y->contract);
}

static int row_compare(const void *a, const void *b)
{
    const struct expect_row *x = a, *y = b;
    if (x->key.op != y->key.op)
        return x->key.op < y->key.op ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return key_compare(&x->key, &y->key);
}

static int text_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 0) // with none there may be no array
        qsort(items, count, size, compare);
}

// A path may hold what ends a word here: %XX stands for that.
static void print_contract(const char *name, FILE *out)
{
    for (; *name; name++)
        fprintf(out, strchr(" @%", *name) ? "%%%02X" : "%c", (unsigned char)*name);
}

static void print_key(const struct expect_key *key, FILE *out)
{
    fputc(' ', out);
    print_contract(key->contract, out);
    if (key->device != DEVICE_DST)
        fprintf(out, "@%s", device_side_name(key->device));
}

static void print_judged(const struct expect_backend *b, FILE *out)
{
    for (size_t i = 0; i < b->judged_count; i++) {
        if (i == 0 || b->judged[i].op != b->judged[i - 1].op)
            fprintf(out, "%sjudged %s", i ? "\n" : "", copy_op_name[b->judged[i].op]);
        print_key(&b->judged[i], out);
    }
    if (b->judged_count > 0)
        fputc('\n', out);
}

// Rows that differ in their contract alone; the sites are sorted.
static bool rows_alike(const struct expect_row *a, const struct expect_row *b)
{
    if (a->rule != b->rule || a->site_count != b->site_count || case_compare(&a->c, &b->c) != 0)
        return false;
    for (size_t i = 0; i < a->site_count; i++)
        if (strcmp(a->sites[i], b->sites[i]) != 0)
            return false;
    return true;
}

static void print_row(const struct expect_backend *b, size_t first, bool *printed, FILE *out)
{
    const struct expect_row *row = &b->rows[first];
    char text[CASE_TEXT_MAX];
    fprintf(out, "rule %s", rule_name[row->rule]);
    for (size_t i = first; i < b->row_count; i++)
        if (!printed[i] && rows_alike(row, &b->rows[i])) {
            print_key(&b->rows[i].key, out);
            printed[i] = true;
        }
    case_print(&row->c, text);
    fprintf(out, "\n  case %s\n", text);
    for (size_t i = 0; i < row->site_count; i++)
        fprintf(out, "  sites %s\n", row->sites[i]);
}

void expect_print(const struct expect_backend *b, FILE *out)
{
    bool *printed = must(calloc(b->row_count + 1, sizeof *printed));
    sort(b->judged, b->judged_count, sizeof *b->judged, key_compare);
    sort(b->rows, b->row_count, sizeof *b->rows, row_compare);
    for (size_t i = 0; i < b->row_count; i++)
        sort(b->rows[i].sites, b->rows[i].site_count, sizeof *b->rows[i].sites, text_compare);
    fprintf(out, "backend %s\n", b->name);
    print_judged(b, out);
    for (size_t i = 0; i < b->row_count; i++)
        if (!printed[i])
            print_row(b, i, printed, out);
    free(printed);
}
