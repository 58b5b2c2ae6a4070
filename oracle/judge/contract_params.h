// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The parameters of a contract's lines: `max=4`, `order=last`.

#ifndef STORESCOPE_CONTRACT_PARAMS_H
#define STORESCOPE_CONTRACT_PARAMS_H

#include "base/lines.h"
#include "judge/rules.h"

// Those that take none hold in every contract, and no line is for them.
bool contract_rule_takes_params(enum rule_id rule);

// Reads WORD, `NAME=VALUE`, which it changes, into OUT. SEEN: the parameters that the
// line had before, by their bits. False, with the line's error, when it is none of RULE's.
bool contract_param_parse(const struct text_lines *lines, enum rule_id rule, char *word,
                          unsigned *seen, struct rule_params *out);

#endif
