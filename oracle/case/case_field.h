// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Fields of a source that hold values of their own, where a routine looks at what it
// reads before it copies. In texts WIDTH@OFFSET=VALUE: u32@4=64 is a 32-bit number at
// byte 4, in the byte order of the CPU that the routine is for.

#ifndef STORESCOPE_CASE_FIELD_H
#define STORESCOPE_CASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct case_field {
    uint64_t value;
    uint32_t off;  // bytes from the start of the source
    uint8_t width; // bytes: 1, 2, 4 or 8
};

enum { CASE_FIELDS_MAX = 4, CASE_FIELD_TEXT_MAX = 48 };

// Reads "u32@4=" at the start of TEXT; REST is what follows. False on anything else.
bool case_field_parse(const char *text, struct case_field *out, const char **rest);

// Writes "u32@4=64".
void case_field_print(const struct case_field *f, char *text);

// Does its value fit into its width?
bool case_field_holds(const struct case_field *f, uint64_t value);

// Do they lie in the first SIZE bytes, each apart from the others?
bool case_fields_fit(const struct case_field *fields, size_t count, uint64_t size);

// Puts the value where it belongs in a source at SOURCE.
void case_field_put(const struct case_field *f, bool big_endian, uint8_t *source);

#endif
