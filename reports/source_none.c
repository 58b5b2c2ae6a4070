// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// source.h where libdw is not installed.

#include "reports/source.h"

bool source_find(const struct backend *b, struct source_place *out)
{
    (void)b, (void)out;
    return false;
}
