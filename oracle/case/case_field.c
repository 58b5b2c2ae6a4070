// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/case_field.h"

#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool case_field_parse(const char *text, struct case_field *out, const char **rest)
{
    static const uint8_t widths[] = {1, 2, 4, 8};
    struct case_field f = {.width = 0};
    uint64_t off;
    for (size_t i = 0; i < sizeof widths; i++) {
        char name[8];
        int length = snprintf(name, sizeof name, "u%d@", 8 * widths[i]);
        if (strncmp(text, name, (size_t)length) == 0) {
            f.width = widths[i];
            text += length;
            break;
        }
    }
    if (!f.width || !number_parse(text, &text, &off) || off > UINT32_MAX || *text != '=')
        return false;
    f.off = (uint32_t)off;
    *out = f;
    *rest = text + 1;
    return true;
}

void case_field_print(const struct case_field *f, char *text)
{
    snprintf(text, CASE_FIELD_TEXT_MAX, "u%d@%" PRIu32 "=%" PRIu64, 8 * f->width, f->off, f->value);
}

bool case_field_holds(const struct case_field *f, uint64_t value)
{
    return f->width == 8 || value >> 8 * f->width == 0;
}

static bool is_sound(const struct case_field *f, uint64_t size)
{
    bool known = f->width == 1 || f->width == 2 || f->width == 4 || f->width == 8;
    return known && size >= f->width && f->off <= size - f->width && case_field_holds(f, f->value);
}

bool case_fields_fit(const struct case_field *fields, size_t count, uint64_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_sound(&fields[i], size))
            return false;
        for (size_t k = 0; k < i; k++)
            if (fields[i].off < fields[k].off + fields[k].width &&
                fields[k].off < fields[i].off + fields[i].width)
                return false;
    }
    return true;
}

void case_field_put(const struct case_field *f, bool big_endian, uint8_t *source)
{
    for (unsigned i = 0; i < f->width; i++) {
        unsigned shift = 8 * (big_endian ? f->width - 1 - i : i);
        source[f->off + i] = (uint8_t)(f->value >> shift);
    }
}
