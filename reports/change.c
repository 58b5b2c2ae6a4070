// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/change.h"

#include <string.h>

const char *const change_name[CHANGE_COUNT] = {
    [CHANGE_SAME] = "same",
    [CHANGE_CHANGED] = "changed",
    [CHANGE_BETTER] = "better",
    [CHANGE_WORSE] = "worse",
};

const char *const change_sign[CHANGE_COUNT] = {
    [CHANGE_SAME] = "=",
    [CHANGE_CHANGED] = "~",
    [CHANGE_BETTER] = "▽",
    [CHANGE_WORSE] = "▲",
};

const enum hue change_hue[CHANGE_COUNT] = {
    [CHANGE_SAME] = HUE_NONE,
    [CHANGE_CHANGED] = HUE_DOUBT,
    [CHANGE_BETTER] = HUE_GOOD,
    [CHANGE_WORSE] = HUE_BAD,
};

enum change change_find(const char *name)
{
    for (unsigned i = 0; i < CHANGE_COUNT; i++)
        if (strcmp(name, change_name[i]) == 0)
            return (enum change)i;
    return CHANGE_CHANGED;
}
