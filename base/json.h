// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the reports that are JSON share: members of cJSON objects that any
// reader takes as they were meant, and objects printed one at a time, so that
// no report is ever held in memory whole.

#ifndef STORESCOPE_JSON_H
#define STORESCOPE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

cJSON *json_object(void);

// TEXT may hold any bytes; what is no UTF-8 becomes '?'.
void json_add_text(cJSON *o, const char *key, const char *text);
void json_add_text_or_null(cJSON *o, const char *key, const char *text);

// Numbers above 2^53 become strings in hex: most readers keep numbers as doubles.
void json_add_count(cJSON *o, const char *key, uint64_t value);
void json_add_offset(cJSON *o, const char *key, int64_t value);
void json_add_hex(cJSON *o, const char *key, uint64_t value);

// The member of that name as it was written by the above. False, or NULL, when there is
// none, or it is something else; O may be NULL.
const char *json_text(const cJSON *o, const char *key);
bool json_count(const cJSON *o, const char *key, uint64_t *out);
bool json_offset(const cJSON *o, const char *key, int64_t *out);
bool json_bool(const cJSON *o, const char *key, bool *out);

// Prints O on one line and frees it.
void json_print(cJSON *o, FILE *out);

// Prints the members of O and frees it, the closing brace left to the caller,
// so that an array can follow that is printed item by item.
void json_print_members(cJSON *o, FILE *out);

#endif
