// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What `prove` came to, a routine and contract at a time.

#ifndef STORESCOPE_PROVE_REPORT_H
#define STORESCOPE_PROVE_REPORT_H

#include "prove/prove.h"

#include <stdio.h>

void prove_text(const struct proof *p, FILE *out);

// One object: its beginning, an item a proof, its end.
void prove_json_begin(FILE *out);
void prove_json_add(const struct proof *p, bool first, FILE *out);
void prove_json_end(FILE *out);

#endif
