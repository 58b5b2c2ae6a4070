// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/markdown/markdown_write.h"

#include "reports/access_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void markdown_add(struct markdown_text *t, const char *piece, size_t length)
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

void markdown_code(FILE *out, const char *text, bool cell)
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

void markdown_sentence(FILE *out, const char *text)
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

size_t markdown_pieces(const struct markdown_text *t, size_t room, FILE *out)
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
