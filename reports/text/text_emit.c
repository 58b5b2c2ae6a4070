// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a compiler made of copies of fixed sizes: which stores for which size, then a
// line a contract.

#include "base/printable.h"
#include "reports/access_text.h"
#include "reports/finding_text.h"
#include "reports/format.h"
#include "reports/heading.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// %2F is a slash: what a file's name cannot hold is told so in it.
static void undo_escapes(char *text)
{
    char *to = text;
    unsigned char byte;
    for (const char *from = text; *from; from++) {
        bool escape = *from == '%' && isxdigit((unsigned char)from[1]) &&
                      isxdigit((unsigned char)from[2]) && sscanf(from + 1, "%2hhx", &byte) == 1;
        *to++ = escape ? (char)byte : *from;
        from += escape ? 2 : 0;
    }
    *to = '\0';
}

// The compiler's command, which the object file is named after.
static void print_title(const struct backend *b, const struct terminal *terminal, FILE *out)
{
    const char *path = b->path ? b->path : b->name; // some are of no file
    const char *slash = strrchr(path, '/');
    char *title = strdup(slash ? slash + 1 : path);
    assert(title != NULL);
    size_t length = strlen(title);
    if (length > 2 && strcmp(title + length - 2, ".o") == 0)
        title[length - 2] = '\0';
    undo_escapes(title);
    printable(title);
    terminal_put(terminal, out, HUE_STRONG, title);
    free(title);
}

static void print_rules(const struct result *r, const struct terminal *terminal, FILE *out)
{
    char *text = NULL;
    size_t length;
    FILE *line = open_memstream(&text, &length);
    assert(line != NULL);
    for (size_t i = 0; i < r->finding_count; i++)
        fprintf(line, "%s%s from size %" PRIu64, i ? ", " : "", rule_name[r->findings[i].rule],
                r->findings[i].witness.size);
    if (r->finding_count == 0)
        result_print_reason(r, line);
    fclose(line);
    if (length > 0)
        terminal_wrap(terminal, out, 4, text);
    free(text);
}

static void add(struct report *r, const struct result *results, size_t count)
{
    char cases[COUNT_TEXT_MAX];
    print_title(results[0].backend, &r->terminal, r->out);
    fprintf(r->out, ": %s of fixed sizes, %s\n\n", copy_op_name[results[0].op],
            count_print(results[0].planned, "case", cases));
    text_patterns(&results[0].patterns, r->out);
    for (size_t i = 0; i < count; i++) {
        fprintf(r->out, "  %s: ", results[i].contract->name);
        terminal_put(&r->terminal, r->out, verdict_hue(results[i].verdict),
                     verdict_name[results[i].verdict]);
        fputc('\n', r->out);
        print_rules(&results[i], &r->terminal, r->out);
    }
    for (size_t i = count; i-- > 0;)
        if (results[i].finding_count > 0) {
            fputs("\n  ", r->out);
            finding_print_replay(&results[i], &results[i].findings[0], r->out);
            fputc('\n', r->out);
            break;
        }
    fputc('\n', r->out);
}

static void begin(struct report *r)
{
    heading_print(r->facts, &r->terminal, r->out);
}

static void end(struct report *r)
{
    totals_print(r->facts->totals, &r->terminal, r->out);
}

const struct format format_text_emit = {
    .name = "text",
    .about = "for people: which stores for which size, and the contracts",
    .commands = FORMAT_EMIT,
    .patterns = true,
    .begin = begin,
    .add = add,
    .end = end,
};
