// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/glossary.h"

const struct glossary_word glossary[] = {
#define WORD(word, meaning) {word, meaning},
#include "reports/glossary.def"
#undef WORD
};
const size_t glossary_count = sizeof glossary / sizeof *glossary;
