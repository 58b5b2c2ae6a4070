// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *count_print(uint64_t count, const char *unit, char *text)
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count), out = 0;
    for (size_t i = 0; i < length; i++) {
        text[out++] = digits[i];
        if ((length - i) % 3 == 1 && i + 1 < length)
            text[out++] = ',';
    }
    snprintf(text + out, COUNT_TEXT_MAX - out, "%s%s%s", *unit ? " " : "", unit,
             *unit && count != 1 ? "s" : "");
    return text;
}

const char *rate_print(uint64_t count, double seconds, char *text)
{
    double rate = seconds > 0 ? (double)count / seconds : 0, unit = 1;
    *text = '\0';
    if (rate < 1)
        return text;
    while (rate / unit >= 1000)
        unit *= 10;
    count_print((uint64_t)(rate / unit + 0.5) * (uint64_t)unit, "", text);
    return strcat(text, "/s");
}

// Length of the UTF-8 sequence at S, 0 when it is none.
static size_t utf8_length(const unsigned char *s)
{
    size_t length = *s < 0x80                 ? 1
                    : *s >= 0xc2 && *s < 0xe0 ? 2
                    : *s >= 0xe0 && *s < 0xf0 ? 3
                    : *s >= 0xf0 && *s < 0xf5 ? 4
                                              : 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    // Longer than it need be, a surrogate, or beyond U+10FFFF.
    if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] >= 0xa0) ||
        (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] >= 0x90))
        return 0;
    return length;
}

char *utf8_copy(const char *text)
{
    char *copy = strdup(text);
    assert(copy != NULL);
    for (size_t i = 0, length; copy[i] != '\0'; i += length) {
        length = utf8_length((unsigned char *)copy + i);
        if (length == 0) {
            copy[i] = '?';
            length = 1;
        }
    }
    return copy;
}
