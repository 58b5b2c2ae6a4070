// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/image.h"
#include "backends/loader/linker.h"

#include <string.h>

// Which file a destructor is of. None runs.
static const struct supplied dso_handle = SUPPLIED_VARIABLE("__dso_handle", 8, 0);

const struct supplied *supplied_find(const char *name)
{
    for (size_t i = 0; i < supplied_by_cpu_count; i++) {
        if (strcmp(supplied_by_cpu[i].name, name) == 0) {
            return &supplied_by_cpu[i];
        }
    }
    return strcmp(dso_handle.name, name) == 0 ? &dso_handle : NULL;
}

uint64_t image_variable(const char *name)
{
    const struct supplied *row = supplied_find(name);
    return row != NULL ? row->value : 0;
}
