// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/file.h"
#include "base/printable.h"
#include "reports/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 16 << 20 };

static bool copy_line(const char *at, size_t length, char *text, size_t size)
{
    const size_t blanks = strspn(at, " \t\r");
    at += blanks < length ? blanks : length;
    length -= blanks < length ? blanks : length;
    while (length > 0 && strchr(" \t\r", at[length - 1]) != NULL)
        length--;
    snprintf(text, size, "%.*s", (int)(length < size ? length : size), at);
    for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
        *tab = ' ';
    return *printable(text) != '\0';
}

bool source_text(const struct source_line *line, char *text, size_t size)
{
    size_t length;
    char *bytes = file_read(line->file, SOURCE_BYTES_MAX, &length);
    const char *at = bytes, *end = bytes != NULL ? bytes + length : NULL;
    for (int i = 1; i < line->line && at != NULL; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next != NULL ? next + 1 : NULL;
    }
    const char *stop = at != NULL ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    bool found = at != NULL && length <= SOURCE_BYTES_MAX &&
                 copy_line(at, (size_t)((stop != NULL ? stop : end) - at), text, size);
    free(bytes);
    return found;
}
