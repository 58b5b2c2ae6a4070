// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// prototype.h where libdw is not installed.

#include "reports/prototype.h"

bool prototype_find(const struct backend *b, struct prototype *out)
{
    (void)b, (void)out;
    return false;
}
