// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The same call again, made by the machine's own CPU.

#ifndef STORESCOPE_BOARD_DELIVERY_CPU_H
#define STORESCOPE_BOARD_DELIVERY_CPU_H

#include "board/delivery.h"

// As delivery_by_test. That the CPU does what was recorded is checked, access by access.
bool delivery_by_cpu(const struct recording *r, const struct delivery_request *request,
                     struct delivery *out, struct error *error);

#endif
