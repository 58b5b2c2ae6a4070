// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/rule_help.h"

static const struct rule_help help[RULE_COUNT] = {
#define HELP(id, why, fix, field) [id] = {why, fix, field},
#include "reports/rule_help.def"
#undef HELP
};

const struct rule_help *rule_help(enum rule_id id)
{
    return &help[id];
}
