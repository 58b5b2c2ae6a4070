// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/lines.h"

#include "base/printable.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool text_lines_cut(struct text_lines *t, const char **line, size_t *length)
{
    if (t->at == t->end)
        return false;
    const char *stop = memchr(t->at, '\n', (size_t)(t->end - t->at));
    *line = t->at;
    *length = (size_t)((stop ? stop : t->end) - t->at);
    t->at = stop ? stop + 1 : t->end;
    t->line++;
    return true;
}

bool text_lines_next(struct text_lines *t, char line[TEXT_LINE_MAX], bool *bad)
{
    const char *from;
    size_t length;
    if (!text_lines_cut(t, &from, &length))
        return false;
    const char *to = from + length;
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    length = (size_t)(to - from);
    *bad = length >= TEXT_LINE_MAX || memchr(from, '\0', length) != NULL;
    if (!*bad) {
        memcpy(line, from, length);
        line[length] = '\0';
        for (char *at = line; *at; at++)
            *bad |= iscntrl((unsigned char)*at) && *at != '\t';
    }
    return true;
}

bool text_lines_fail(const struct text_lines *t, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(t->error, "%s:%u: %s", t->file, t->line, text);
    printable(t->error->text);
    return false;
}
