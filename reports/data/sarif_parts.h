// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What every report that is SARIF has: the tool with all rules, and locations.

#ifndef STORESCOPE_SARIF_PARTS_H
#define STORESCOPE_SARIF_PARTS_H

#include "reports/where.h"

#include <cjson/cJSON.h>

#define SARIF_SCHEMA_URI \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

cJSON *sarif_add_object(cJSON *o, const char *key);
void sarif_add_message(cJSON *o, const char *key, const char *text);

// "tool", with a rule object for each rule, by its number.
void sarif_add_tool(cJSON *run);

// PATH as a URI: relative as it is, so that it is found in a checkout.
void sarif_add_physical(cJSON *location, const char *path, int line);
// SYMBOL: the name as the file has it.
void sarif_add_logical(cJSON *location, const char *name, const char *full_name,
                       const char *symbol);

// A line that an instruction was made of, which is there.
cJSON *sarif_line_location(const struct source_line *line, const struct where *where);

#endif
