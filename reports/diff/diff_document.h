// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the views of a diff share: reading its document, which must be one of
// diff_make, and the words for what changed.

#ifndef STORESCOPE_DIFF_DOCUMENT_H
#define STORESCOPE_DIFF_DOCUMENT_H

#include "reports/diff/diff.h"

enum { DIFF_SENTENCE_MAX = 2048, DIFF_CONTRACTS_MAX = 1024, DIFF_PICTURES_MAX = 3 };

const cJSON *diff_member(const cJSON *o, const char *key);
const char *diff_text(const cJSON *o, const char *key); // "" where there is none
uint64_t diff_count(const cJSON *o, const char *key);   // likewise 0

// In which order contracts and rules are told: rules newly broken, what else got worse, what
// got better, the rest, and last what is the same.
enum { DIFF_RANK_LAST = 4 };
int diff_rank(const cJSON *item);

// "worse" and "better" have a hue; so have their signs, which do without colour.
enum hue diff_hue(const char *change);
const char *diff_sign(const char *change); // "▲", "▽", "~", "="

// What an anchor says of a side's routine: the op, where that is not its own; else NULL.
const char *diff_as_op(const cJSON *routine);

// "2026-11-24 06:30 UTC by storescope 0.1 on AMD EPYC" of a side; what is not known is left
// out. Gives TEXT.
enum { DIFF_ORIGIN_MAX = 256 };
char *diff_origin(const cJSON *side, char text[DIFF_ORIGIN_MAX]);

// "conforms -> violates", "violates in both".
void diff_verdicts(const cJSON *contract, char text[128]);

// Is the rule to be told here, and with which contracts? Not one that is the same
// on both sides, nor one that was told with a contract before.
bool diff_tells(const cJSON *pair, const cJSON *contract, const cJSON *rule,
                char contracts[DIFF_CONTRACTS_MAX]);

// What changed about a rule, in words; instructions between back quotes.
void diff_sentence(const cJSON *rule, char text[DIFF_SENTENCE_MAX]);

// The case of which a rule's pictures are: one that breaks it on the side where it is
// broken more, so that the sides differ.
const char *diff_case(const cJSON *rule);

// Is that case the smallest on both sides, with the same accesses to blame? One picture
// shows both then.
bool diff_is_alike(const cJSON *rule);

// Is a picture of this case still to be drawn? Several rules share a case.
struct diff_drawn {
    const char *cases[DIFF_PICTURES_MAX];
    size_t count;
};
bool diff_is_new(struct diff_drawn *drawn, const char *case_text);

// A side's picture as text.
void diff_print_side(const struct diff_view *view, int side, const cJSON *pair, const cJSON *rule);

// As much of it as a saved report has: the accesses to blame.
void diff_print_saved(const struct diff_view *view, const cJSON *broken);

#endif
