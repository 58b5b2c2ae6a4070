// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_PLAN_DEFAULT_H
#define STORESCOPE_PLAN_DEFAULT_H

#include "case/plan.h"

// Appends the planes of the sweep that is made where no range was asked for. False:
// more cases than can be counted.
bool plan_add_default(struct plan *plan, const struct backend *b,
                      const struct plan_request *request);

#endif
