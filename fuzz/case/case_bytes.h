// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A fuzzer's bytes as a case, and back. Any bytes give a valid case: what is
// missing at the end is zero, what is too much is not looked at, and no field
// refuses a value. Fields are little-endian, at fixed places, and each has a
// byte before it that says how it is meant, so that sizes lie where copy routines
// branch: near powers of two, page ends, a libc's thresholds.
//
// An input is a line of cases: a first one, and neighbours of it at equal steps along
// one axis, since one execution costs an engine more than a case costs its target.
// Without the last fields a line is its first case alone.
// This file alone makes the mutators, so it knows nothing of the rest.

#ifndef STORESCOPE_FUZZ_CASE_BYTES_H
#define STORESCOPE_FUZZ_CASE_BYTES_H

#include "case/case.h"

enum {
    CASE_BYTES = 44,
    CASE_BYTES_SIZE_MAX = 0x50000, // bytes of the largest copy that they describe
    CASE_BYTES_FILLS = 1 << 16,    // any first two bytes of the data, see fill.h
    CASE_BYTES_SMALL = 160,
    CASE_LINE_MIN = 8, // cases of a line that is one, where they are small
    CASE_LINE_MAX = 64,
};

// Where each field lies.
enum case_byte {
    AT_BACKEND,           // which of several
    AT_OP,                // modulo 3
    AT_FLAGS,             // enum case_byte_flag
    AT_SIZE_KIND,         // enum case_size_kind, modulo 16
    AT_SIZE = 4,          // 4 bytes
    AT_DST = 8,           // 2 bytes, see case_bytes.c
    AT_SRC = 10,          // 2
    AT_OVERLAP_KIND = 12, // enum case_overlap_kind, modulo
    AT_TUNABLES = 13,     // a bit each that is set
    AT_OVERLAP = 14,      // 4, signed
    AT_FILL = 18,         // 2
    AT_TUNABLE = 20,      // 4 each
    AT_AXIS = 40,         // enum case_axis, modulo
    AT_STEPS = 41,        // how many cases
    AT_STRIDE = 42,       // 1, signed; and one that is not looked at
};

enum case_byte_flag {
    FLAG_OVERLAPPING = 1,
    FLAG_EQUAL_DATA = 2,
    FLAG_DST_BELOW = 4,
    FLAG_DATA_SHIFT = 4, // the upper 4 bits: enum case_data; DATA_OF_SEED beyond the last
};

// How a size is meant, by the byte's low 4 bits: mostly small, since that is where
// routines branch most and cases take least time.
enum case_size_kind {
    SIZE_SMALL = 0,     // 0..159; up to SIZE_NEAR_EDGE
    SIZE_NEAR_EDGE = 9, // up to 16 below or above a power of two, a sum of two, a page
    SIZE_MIDDLE = 13,   // 0..1151
    SIZE_PAGES = 14,    // 0..8447
    SIZE_EXACT = 15,    // up to CASE_BYTES_SIZE_MAX; a value above it: 0..1151
    SIZE_KINDS = 16,
};

enum case_overlap_kind {
    OVERLAP_NEAR,    // -64..63
    OVERLAP_OF_SIZE, // within 8 of the size, either way, or half of it
    OVERLAP_EXACT,
    OVERLAP_KINDS,
};

// What differs between the cases of a line.
enum case_axis {
    AXIS_NONE,
    AXIS_SIZE,
    AXIS_DST,
    AXIS_SRC,
    AXIS_BOTH, // both offsets alike
    AXIS_OVERLAP,
    AXIS_FILL,
    AXIS_COUNT,
};

struct case_line {
    uint8_t bytes[CASE_BYTES]; // of the first case
    unsigned count;            // 1..CASE_LINE_MAX
};

// BACKEND: the byte that picks one, when several are to be had.
void case_from_bytes(const uint8_t *data, size_t size, struct copy_case *out, uint8_t *backend);

// The line of an input, whose first case is that of case_from_bytes.
void case_line_from_bytes(const uint8_t *data, size_t size, struct case_line *out);
// Its case I, of as many as it has; BACKEND as above.
void case_line_at(const struct case_line *line, unsigned i, struct copy_case *out,
                  uint8_t *backend);
// A hash of what the line has beside its first case; 0 where it has nothing.
uint64_t case_line_hash(const struct case_line *line);

// The same for equal cases.
uint64_t case_hash(const struct copy_case *c, uint8_t backend);

// Changes a field or several, or all, of the SIZE bytes of DATA, which has room
// for CAPACITY; gives the new size. The same for the same SEED.
size_t case_mutate(uint8_t *data, size_t size, size_t capacity, unsigned seed);

// Makes of most large copies small ones, in the SIZE bytes of DATA.
void case_tame(uint8_t *data, size_t size, unsigned seed);

// A child of two inputs, field by field and mostly changed then, to OUT; gives its
// size.
size_t case_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
                  size_t capacity, unsigned seed);

#endif
