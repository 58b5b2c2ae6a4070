// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool number_parse(const char *text, const char **end, uint64_t *out)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *stop;

    // strtoull would take blanks and signs as well.
    if (!isdigit((unsigned char)text[0]) || (hex && !isxdigit((unsigned char)text[2])))
        return false;
    errno = 0;
    *out = strtoull(text, &stop, hex ? 16 : 10);
    *end = stop;
    return errno == 0;
}

bool number_whole(const char *text, uint64_t *out)
{
    const char *end;
    return number_parse(text, &end, out) && *end == '\0';
}

bool number_time(const char *text, enum number_unit from, enum number_unit to, uint64_t max_ms,
                 uint64_t *out_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {
        [NUMBER_MS] = {"ms", 1},
        [NUMBER_S] = {"s", 1000},
        [NUMBER_M] = {"m", 60 * 1000},
        [NUMBER_H] = {"h", 3600 * 1000},
        [NUMBER_D] = {"d", 24 * 3600 * 1000},
    };
    uint64_t value;
    const char *unit;
    if (!number_parse(text, &unit, &value) || value == 0)
        return false;
    for (unsigned i = from; i <= to; i++)
        if (strcmp(unit, units[i].unit) == 0 && value <= max_ms / units[i].ms) {
            *out_ms = value * units[i].ms;
            return true;
        }
    return false;
}
