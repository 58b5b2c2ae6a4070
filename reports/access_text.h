// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One access, one outcome, as the words and numbers that every
// report shows alike.

#ifndef STORESCOPE_ACCESS_TEXT_H
#define STORESCOPE_ACCESS_TEXT_H

#include "base/text.h"
#include "reports/where.h"

extern const char *const access_kind_name[];

// The bytes of an access in ascending order, whatever its direction. A masked
// access runs from its first to its last byte that is touched.
struct extent {
    enum region region;
    int64_t lo;       // offset of its lowest byte in the region; OTHER: address
    uint64_t bytes;   // 0: it touches nothing
    uint64_t skipped; // bytes of a masked access below lo
};
struct extent extent_of(const struct recording *r, const struct access *a);

// Does the access touch byte K of its extent?
bool extent_touches(const struct extent *e, const struct access *a, uint64_t k);

// Was the value of this store captured?
bool extent_has_value(const struct trace *t, const struct access *a);

// Byte K of the extent of a store whose value was captured.
uint8_t extent_value(const struct extent *e, const struct trace *t, const struct access *a,
                     uint64_t k);

// "7", "0..31", "dst 0..31", "other 0x7f.."; the region is left out when it is
// PLAIN. TEXT holds EXTENT_TEXT_MAX bytes.
enum { EXTENT_TEXT_MAX = 64 };
void extent_print(const struct extent *e, enum region plain, char *text);

// "8", or "4 x 1000" for a string op, likewise.
void width_print(const struct access *a, char *text);

// The instruction, and what of the access it does not show.
void instruction_print(const struct recording *r, const struct access *a, char *text,
                       size_t text_size);

// "returned"; "faulted: SIGSEGV at ..."; "refused: REASON". TEXT has room for
// OUTCOME_TEXT_MAX bytes.
enum { OUTCOME_TEXT_MAX = TRACE_REASON_MAX + WHERE_TEXT_MAX + 160 };
extern const char *const outcome_name[];
void outcome_print(const struct recording *r, char *text, size_t text_size);

#endif
