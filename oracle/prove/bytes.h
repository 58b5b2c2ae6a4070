// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Bytes that are moved and not computed with, each with where it comes from: this is what
// vector registers, the stack and partly written registers hold. That a byte of the
// destination ends as the byte of the source that it should be is proved by it.

#ifndef STORESCOPE_PROVE_BYTES_H
#define STORESCOPE_PROVE_BYTES_H

#include "prove/form.h"

enum bytes_kind {
    BYTES_UNKNOWN,
    BYTES_ZERO,
    BYTES_LOADED, // what lay at address `of` when the routine was called
    BYTES_NUMBER, // bytes `from`... of the number `of`, which is right modulo 2^64
};

struct piece_of {
    uint8_t kind; // enum bytes_kind
    uint8_t from;
    uint8_t count;
    const struct form *of;
};

// Only bytes LO to HI - 1 are as the pieces say, the others are zero; NULL: all are.
struct bytes {
    uint8_t total; // at most 64
    uint8_t count;
    const struct form *lo, *hi;
    struct piece_of pieces[];
};

const struct bytes *bytes_of(struct pool *p, enum bytes_kind kind, const struct form *of,
                             unsigned total);
// COUNT bytes from FROM on; zeros beyond its end.
const struct bytes *bytes_slice(struct pool *p, const struct bytes *b, unsigned from,
                                unsigned count);
const struct bytes *bytes_join(struct pool *p, const struct bytes *low, const struct bytes *high);
// ALL with those of PART in the place of its own from AT on.
const struct bytes *bytes_patch(struct pool *p, const struct bytes *all, const struct bytes *part,
                                unsigned at);
const struct bytes *bytes_masked(struct pool *p, const struct bytes *b, const struct form *lo,
                                 const struct form *hi);
bool bytes_equal(const struct bytes *a, const struct bytes *b);

#endif
