// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A case is one call of a copy routine: what is asked of it, and where. Its
// one-line text form is the currency of the tool: every finding names one, and
// `storescope trace` takes one.
//
//   memmove size=920 dst=0 src=0 fill=1
//   memmove size=64 dst=16 src=0 overlap=16 fill=1
//   memcpy size=32768 dst=0 src=0 fill=1 nt=0x4040
//   memcpy size=64 dst=0 src=0 lower=dst fill=zeros
//   set size=64 dst=3 fill=1
//   to-fifo size=64 dst=0 src=3 fill=1
//   memcpy size=16 dst=0 src=0 fill=1 u32@4=64
//
// Parsing what was printed gives the same case again. Fields that are as they
// always were are not printed, so that texts people keep stay what they are.

#ifndef STORESCOPE_CASE_H
#define STORESCOPE_CASE_H

#include "backends/backend.h"
#include "base/error.h"
#include "case/case_field.h"

enum { PAGE_BYTES = 4096 };
#define CASE_SIZE_MAX (UINT64_C(64) << 20)
// In one buffer, the two may lie this many bytes apart beyond their size.
enum { CASE_GAP_MAX = 2 * PAGE_BYTES };

// A libc's thresholds that a case may set: name in the case's text, variable
// in the library. Zero leaves the library's own value.
#define CASE_TUNABLES(X)                                                \
    X(TUNABLE_NT, "nt", "__x86_shared_non_temporal_threshold")          \
    X(TUNABLE_REP, "rep", "__x86_rep_movsb_threshold")                  \
    X(TUNABLE_REP_STOP, "rep-stop", "__x86_rep_movsb_stop_threshold")   \
    X(TUNABLE_HALF_CACHE, "half-cache", "__x86_shared_cache_size_half") \
    X(TUNABLE_STRING, "string", "__x86_string_control")

enum case_tunable {
#define X(id, name, symbol) id,
    CASE_TUNABLES(X)
#undef X
        TUNABLE_COUNT
};

struct case_tunable_row {
    const char *name, *symbol;
};
extern const struct case_tunable_row case_tunables[TUNABLE_COUNT];

// What the two buffers hold before the copy: a seed's bytes, or the same byte
// everywhere. Routines look at their data: some store nothing over what is there
// already, skip zeros, or spare memory that is erased to ones. Name in the case's
// text, what the source holds, does the destination hold the same or the inverse.
// Where the two overlap, the source's bytes are the ones that lie there.
#define CASE_DATA(X)                               \
    X(DATA_ZEROS, "zeros", 0x00, false)            \
    X(DATA_ONES, "ones", 0xff, false)              \
    X(DATA_EQUAL_ZEROS, "equal-zeros", 0x00, true) \
    X(DATA_EQUAL_ONES, "equal-ones", 0xff, true)

enum case_data {
    DATA_OF_SEED, // of `fill`
#define X(id, name, source, equal) id,
    CASE_DATA(X)
#undef X
        DATA_COUNT
};

// `case` is a keyword of C, hence the longer name.
struct copy_case {
    enum copy_op op;
    uint64_t size;    // bytes, 0..CASE_SIZE_MAX
    uint32_t dst_off; // bytes from a page start, 0..PAGE_BYTES-1
    uint32_t src_off; // likewise; 0 where there is no source (set); in an
                      // overlapping case it follows from dst_off and overlap
    bool overlapping; // both in one buffer, `overlap` bytes apart
    int64_t overlap;  // dst - src, bytes, at most size + CASE_GAP_MAX either
                      // way; 0 is a move onto itself. Below size only for
                      // memmove: the others leave it undefined
    bool dst_below;   // the destination's buffer is the lower one; false in an
                      // overlapping case, whose overlap says which is
    enum case_data data;
    uint64_t fill;                   // seed of the data; 0: source and destination hold the
                                     // same bytes before the copy, else never the same
                                     // byte at the same place. 1 unless DATA_OF_SEED
    uint64_t tunable[TUNABLE_COUNT]; // 0: the library's own
    uint32_t field_count;
    struct case_field fields[CASE_FIELDS_MAX]; // of the source, over what `fill` has there;
                                               // each wholly inside, and none over another
};

enum { CASE_TEXT_MAX = 512 };

// Writes the text form, NUL-terminated; TEXT holds CASE_TEXT_MAX bytes.
void case_print(const struct copy_case *c, char *text);

// Reads the text form: the op first, then fields in any order; size is
// required, the others default to 0, fill to 1 and lower to src: the destination
// lies above the source. False and one line in ERROR (which field, what was
// expected) on anything else.
bool case_parse(const char *text, struct copy_case *out, struct error *error);

// Reads a fill as it stands in a case's text: a seed; "different" (seed 1),
// "equal" (seed 0), or a name of CASE_DATA. False on anything else.
bool case_parse_fill(const char *text, struct copy_case *out);
// What was expected, for messages.
extern const char case_fill_expected[];
// A fill's text: a number, or a name of CASE_DATA.
enum { CASE_FILL_TEXT_MAX = 24 };
void case_print_fill(const struct copy_case *c, char *text);

// Reads "dst" or "src": which buffer is the lower one.
bool case_parse_lower(const char *text, bool *dst_below);
// "dst" or "src", or NULL where neither is: a move onto itself.
const char *case_lower(const struct copy_case *c);

// Drops what the op has no use for: a source, an overlap.
static inline void case_fit_op(struct copy_case *c)
{
    if (!op_is_copy(c->op)) {
        c->overlapping = false;
        c->overlap = 0;
    }
    if (!op_has_source(c->op)) {
        c->src_off = 0;
        c->dst_below = false;
        c->field_count = 0;
    }
}

// Is every field within its range, and are the fields consistent?
bool case_is_valid(const struct copy_case *c);

// The source's offset in its page in an overlapping case.
static inline uint32_t case_src_off(uint32_t dst_off, int64_t overlap)
{
    return (uint32_t)(dst_off - (uint64_t)overlap) % PAGE_BYTES;
}

// Total order in which "the smallest case" is meant: size, then disjoint
// before overlapping, |overlap|, dst, src, source lower before destination lower,
// tunables, fields, data of a seed before other data, fill (equal data, 0, after all
// others); what is left (the sign of the overlap, the op) breaks ties.
// <0, 0, >0.
int case_compare(const struct copy_case *a, const struct copy_case *b);

#endif
