// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The words of reports that are no rules, contracts or observers, a sentence or two each.

#ifndef STORESCOPE_GLOSSARY_H
#define STORESCOPE_GLOSSARY_H

#include <stddef.h>

struct glossary_word {
    const char *word;
    const char *meaning;
};
extern const struct glossary_word glossary[];
extern const size_t glossary_count;

#endif
