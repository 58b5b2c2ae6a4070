// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Between the two parts of explaining a broken rule: witness.c finds the accesses
// to blame, picture_sentence.c puts them into words.

#ifndef STORESCOPE_BLAME_H
#define STORESCOPE_BLAME_H

#include "judge/access_bytes.h"
#include "judge/rules.h"

// What there is to tell: up to two accesses and a byte of the side.
struct blame {
    uint32_t access[2];
    size_t count;
    uint64_t off;  // offset of a byte, where the rule is about one
    uint32_t size; // bytes of a torn element
};

// Empty for a rule that is not broken, and for one whose breach no access
// explains. Of split-store and split-load, rule_witness tells all accesses.
struct blame blame_of(enum rule_id id, const struct shadow *s, const struct rule_params *p);

// Does the access touch the bytes that VIEW is about?
bool blame_touches(struct shadow_view view, const struct access *a);

#endif
