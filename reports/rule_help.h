// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a rule's row of oracle/judge/rules.def does not hold, since nothing is judged
// by it: why the rule matters, what to do when it is broken, and a bug in the
// field of that kind.

#ifndef STORESCOPE_RULE_HELP_H
#define STORESCOPE_RULE_HELP_H

#include "judge/rules.h"

struct rule_help {
    const char *why;   // one sentence
    const char *fix;   // one sentence
    const char *field; // NULL: none that we know in public
};

const struct rule_help *rule_help(enum rule_id id);

#endif
