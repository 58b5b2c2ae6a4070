// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/plan.h"

#include <stdlib.h>
#include <string.h>

bool plan_field_parse(const char *text, struct plan_field *out, struct error *error)
{
    struct plan_field f = {.field.width = 0};
    const char *values;

    if (!case_field_parse(text, &f.field, &values) || !range_parse(values, &f.values))
        return error_set(error, "expected WIDTH@OFFSET=RANGE, such as u32@4=64 or u16@0=1..9, "
                                "with widths u8, u16, u32 and u64");
    if (f.values.lo < 0 || f.values.hi < f.values.lo ||
        !case_field_holds(&f.field, (uint64_t)f.values.hi))
        return error_set(error, "expected values from 0 on that %d bits hold", 8 * f.field.width);
    f.field.value = (uint64_t)f.values.lo;
    *out = f;
    return true;
}

bool plan_fields_are_sound(enum copy_op op, const struct plan_field *fields, size_t count,
                           struct error *error)
{
    struct case_field own[CASE_FIELDS_MAX];
    char text[CASE_FIELD_TEXT_MAX];

    for (size_t i = 0; i < count; i++) {
        own[i] = fields[i].field;
        case_field_print(&own[i], text);
        text[strcspn(text, "=")] = '\0';
        if (!op_has_source(op))
            return error_set(error, "%s has no source; leave --data out", copy_op_name[op]);
        if (!case_fields_fit(own, i + 1, CASE_SIZE_MAX))
            return error_set(error, "--data %s: lies over another field; give each byte once",
                             text);
    }
    return true;
}
