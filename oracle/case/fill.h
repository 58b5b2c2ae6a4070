// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Pools of bytes that follow from constants alone: what sources hold, what
// destinations held before (another byte at every index), canaries, and, for
// overlapping cases, buffers in which bytes a given distance apart differ.
// Nothing is computed for a case: its fill picks where in a pool its bytes
// begin. Pools grow on demand up to what the largest case needs. They are
// read-only, so no routine can bend what it is judged by; those of distances,
// which a user of the arena never sees live, are plain memory.

#ifndef STORESCOPE_FILL_H
#define STORESCOPE_FILL_H

#include "case/case.h"

struct fills;

// NULL with errno set when address space runs out.
struct fills *fills_new(void);
// Makes what the next fills_new gives; in processes forked from this one as well, which
// share its memory. Where memory runs out, fills_new makes its own.
void fills_prepare(void);
void fills_free(struct fills *p);

// The largest buffer that an overlapping case can need, in whole pages.
#define FILLS_BUFFER_MAX (2 * CASE_SIZE_MAX + CASE_GAP_MAX + 2 * PAGE_BYTES)

// BYTES source bytes and old destination bytes of a fill; the same ones when
// the fill is 0. Valid for the life of P. False when memory runs out.
bool fills_data(struct fills *p, uint64_t fill, size_t bytes, const uint8_t **source,
                const uint8_t **old);

// Says that fills_data will be asked for these, so that they are near by then.
void fills_expect(const struct fills *p, uint64_t fill, size_t bytes);

// BYTES bytes of a fill, of which any two DISTANCE apart differ (fill 0: are
// the same). Valid until the next call. NULL when memory runs out.
const uint8_t *fills_spaced(struct fills *p, uint64_t distance, uint64_t fill, size_t bytes);

// The same for data that is one byte everywhere, not DATA_OF_SEED.
bool fills_plain(struct fills *p, enum case_data data, size_t bytes, const uint8_t **source,
                 const uint8_t **old);
// ... and for both in one buffer, BYTES each and DISTANCE apart; UP: the source is the
// lower one. Valid for the life of P. NULL when memory runs out.
const uint8_t *fills_plain_spaced(struct fills *p, enum case_data data, uint64_t distance, bool up,
                                  size_t bytes);

// What setting BYTES bytes is about: the value, as memset takes it (some of those from
// 0x80 on are negative, as those of a signed char are), the bytes it leaves, and old
// bytes that are all others; the same where the data say so. Valid until the next call.
// False when memory runs out.
bool fills_set(struct fills *p, const struct copy_case *c, int *value, const uint8_t **expected,
               const uint8_t **old);

// At least BYTES canaries, always at the same address; at most FILLS_BUFFER_MAX
// and two pages. NULL when memory runs out.
const uint8_t *fills_canaries(struct fills *p, size_t bytes);

#endif
