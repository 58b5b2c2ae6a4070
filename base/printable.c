// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/printable.h"

#include <stdint.h>
#include <string.h>

// Length of UTF-8 that begins with BYTE; 1 where none does (RFC 3629).
static size_t utf8_length(unsigned char byte)
{
    return byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1;
}

// How many of the bytes can be one character.
static size_t utf8_there(const char *text, size_t length)
{
    size_t wanted = utf8_length((unsigned char)*text), there = 1;
    while (there < wanted && there < length && ((unsigned char)text[there] & 0xc0) == 0x80)
        there++;
    return there;
}

// By Unicode's general categories Cc, Zl and Zp, and its bidirectional controls.
static bool is_unreadable(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool printable_next(const char *text, size_t length, size_t *bytes)
{
    unsigned char first = (unsigned char)*text;
    size_t wanted = utf8_length(first);
    if (wanted == 1 || utf8_there(text, length) < wanted) {
        *bytes = 1;
        return !is_unreadable(first);
    }
    uint32_t c = first & (0x7fu >> wanted);
    for (size_t i = 1; i < wanted; i++)
        c = c << 6 | ((unsigned char)text[i] & 0x3fu);
    *bytes = wanted;
    return !is_unreadable(c);
}

bool printable_is_part(const char *text, size_t length)
{
    return utf8_there(text, length) == length && length < utf8_length((unsigned char)*text);
}

char *printable(char *text)
{
    size_t left = strlen(text), bytes;
    for (char *at = text; left > 0; at += bytes, left -= bytes)
        if (!printable_next(at, left, &bytes))
            memset(at, '?', bytes);
    return text;
}
