// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The recorders, the default one first. One more is one row and its file.

#include "recorder.h"

#include <string.h>

extern const struct recorder_kind recorder_rewrite, recorder_step;

const struct recorder_kind *const recorder_kinds[] = {
    &recorder_rewrite,
    &recorder_step,
};
const size_t recorder_kind_count = sizeof recorder_kinds / sizeof recorder_kinds[0];

const struct recorder_kind *recorder_find(const char *name)
{
    for (size_t i = 0; i < recorder_kind_count; i++)
        if (strcmp(recorder_kinds[i]->name, name) == 0)
            return recorder_kinds[i];
    return NULL;
}
