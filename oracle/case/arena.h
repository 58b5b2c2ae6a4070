// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The arena holds the memory a case copies from and to. Source and destination
// each lie in a lane of their own: whole pages filled with canary bytes,
// between two inaccessible guard pages, with exactly as many pages as the case
// needs, so that one byte past the last page, or before the first, faults. An
// overlapping case lies in one lane. A case's pages are those of 4 KiB that code is made
// for (case.h). Where the CPU's are larger, a lane ends at the end of one, and in front
// of it there may be bytes that do not fault; they are canaries as well.
//
// The bytes of a case follow from its fields alone, and so does where it lies: all
// lanes there may ever be are laid out at once, at an address of the arena's own.
// The same case gives the same memory in every process, whatever ran before it;
// nothing of an earlier case is left over. Only where that address is taken (a
// second arena in a process, a small address space) the lanes lie elsewhere, in the
// same order and at the same distances.

#ifndef STORESCOPE_ARENA_H
#define STORESCOPE_ARENA_H

#include "case/case.h"

struct arena;

// Where a case was laid out. Pointers are into the arena and valid until the
// next arena_lay.
struct layout {
    uint8_t *dst, *src;             // src: NULL where there is no source (set)
    uint64_t size;                  // bytes of the request
    uint64_t dst_size, src_size;    // bytes of each side: `size`, but of a FIFO LAYOUT_FIFO_BYTES,
                                    // and 0 where there is no source
    const uint8_t *expected;        // `size` bytes: what dst must hold after the copy, or a
                                    // FIFO there must have been given. What comes out of a FIFO:
                                    // LAYOUT_FIFO_BYTES more, which are not asked for
    const uint8_t *old;             // `dst_size` bytes: what dst held before
    struct span dst_lane, src_lane; // accessible pages; equal when overlapping, empty when there
                                    // is no source
    bool dst_is_fifo;
    int value; // of set, as memset takes it: converted to unsigned char it
               // is the byte
    // Of a routine with a call of its own (call.h): the records that its arguments
    // point to, and what it has to return in the bits of the mask. Empty and 0 else.
    struct span record;
    uint64_t returns, returns_mask;
};

// What a FIFO takes or gives at once, at most: the widest that a bus moves at one address.
enum { LAYOUT_FIFO_BYTES = 8 };

// The argument between the destination and the size: the source, or what to set.
static inline uint64_t layout_second(const struct layout *l)
{
    return l->src ? (uintptr_t)l->src : (uint64_t)(int64_t)l->value;
}

struct call;
struct call_place;

// What a call's `value` is: what is to be set, as memset takes it; of a copy the first bytes
// that the destination is to hold, up to 8, as a number of the routine's CPU.
uint64_t layout_value(const struct layout *l, bool big_endian);
// Notes where the records are, and what is to be returned; of PLACE the addresses are of
// this process, the word that of the routine's CPU.
void layout_take_call(struct layout *l, const struct call *call, const struct call_place *place,
                      size_t record_bytes);

// NULL with errno set when address space runs out.
struct arena *arena_new(void);
// As on a CPU whose pages have PAGE bytes, a multiple of this one's, up to 64 KiB.
struct arena *arena_new_on(size_t page);
// Makes what takes longest of the next arena_new beforehand, for each process that is forked
// from this one: a worker that is replaced after every case would spend a third of its time
// with it.
void arena_prepare(void);
void arena_free(struct arena *arena);

// In which order the CPU that cases are for has the bytes of a number: a field's; little
// endian unless said.
void arena_set_order(struct arena *arena, bool big_endian);

// Lays out a valid case: canaries, old destination bytes, source bytes. Cheap
// to call again for the same or the next case (cost goes with the case's size,
// not the lane's). False when memory for it could not be had.
bool arena_lay(struct arena *arena, const struct copy_case *c, struct layout *out);

// Where a call's records lie, CALL_RECORD_MAX bytes at the end of a page that only the
// routine uses. NULL without memory.
uint8_t *arena_record(struct arena *arena);

// After a run: puts the canary bytes back where the case lay, so the lane is
// as arena_lay expects it. Call once per arena_lay that was followed by a run.
// `wide`: the routine stored outside the destination, so restore whole lanes.
void arena_clear(struct arena *arena, const struct layout *layout, bool wide);

// The same, not wide, but the bytes are put back by what next looks at the arena or lays out
// a case: those that the next case covers need not be.
void arena_leave(struct arena *arena, const struct layout *layout);

// Says which case will be laid out next but one, so that its bytes are near by then.
void arena_expect(struct arena *arena, const struct copy_case *c);

// Bytes that the copy left wrong outside of the destination, near it (64 bytes
// on both sides, and the source): true when none. Cheap; for every case.
bool arena_is_clean_near(const struct arena *arena, const struct layout *layout);

// Whole lanes against what they must hold after arena_clear: true when no byte
// differs.
bool arena_is_clean(const struct arena *arena, const struct layout *layout);

// The same of all lanes in which a case lay since this was last asked; for every so
// many cases, each of them cleared.
bool arena_was_clean(struct arena *arena);

#endif
