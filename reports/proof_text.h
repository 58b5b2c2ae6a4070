// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What was proved beside a sweep, in a sentence.

#ifndef STORESCOPE_PROOF_TEXT_H
#define STORESCOPE_PROOF_TEXT_H

#include "sweep/proof_note.h"

#include <stdio.h>

enum { PROOF_TEXT_MAX = 1024 };

// "proved for every address and alignment and every size: 199 paths; ...", or why it is not
// to who asked for it. "": there is nothing to say. TEXT holds PROOF_TEXT_MAX bytes.
char *proof_note_print(const struct proof_note *p, char *text);

// "every size", or "sizes 0 to 192".
void proof_sizes_print(uint64_t lo, uint64_t hi, FILE *out);

#endif
