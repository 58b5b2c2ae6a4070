// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/xml.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\n':
        return "&#10;";
    case '\t':
        return "&#9;";
    default:
        return (unsigned char)c < ' ' || c == 0x7f ? "?" : NULL;
    }
}

// U+FFFE and U+FFFF are UTF-8 and no characters.
static bool is_no_character(const char *at)
{
    return strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0;
}

void xml_put(FILE *out, const char *text)
{
    char *copy = utf8_copy(text);
    for (const char *at = copy; *at; at++) {
        const char *as = entity(*at);
        if (as != NULL) {
            fputs(as, out);
        } else if (is_no_character(at)) {
            fputc('?', out);
            at += 2;
        } else {
            fputc(*at, out);
        }
    }
    free(copy);
}

void xml_put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    xml_put(out, text);
    fputc('"', out);
}
