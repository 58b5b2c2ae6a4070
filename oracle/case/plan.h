// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A plan is the list of cases of a sweep, as a few planes: products of ranges.
// Case k of a plan follows from k alone, so workers share a plan by index.

#ifndef STORESCOPE_PLAN_H
#define STORESCOPE_PLAN_H

#include "base/error.h"
#include "case/case.h"
#include "case/shard.h"

// lo, lo+step, ... up to hi. Text: N, LO..HI, LO..HI:STEP, LO 0 when left out; numbers decimal or
// 0x hex. range_parse takes HI below LO; such a range is empty, which plan_build
// reports.
struct range {
    int64_t lo, hi, step;
};
bool range_parse(const char *text, struct range *out);
uint64_t range_count(const struct range *r);

enum plane_overlap {
    PLANE_DISJOINT,
    PLANE_DISTANCE, // `overlap` is dst - src in bytes
    PLANE_OF_SIZE,  // `overlap` indexes the size's own distances:
                    // -n-1, -n, 1-n, -n/2, n/2, n-1, n, n+1
};

// Which of two buffers lies lower in a plane of disjoint cases.
enum plane_order {
    ORDER_EITHER, // one of the two in each case, both at each size: next to a place
                  // where it is the one, it is the other
    ORDER_BOTH,   // each case twice
    ORDER_SRC,
    ORDER_DST,
};

// What the buffers hold.
struct plane_fill {
    bool fixed; // `data` and `fill` in every case; else a seed that follows from
                // the case's number
    enum case_data data;
    uint64_t fill;
};

// Sizes of a light plan in ascending order, each once: where a routine's branches go
// another way, see sweep/boundaries.h.
enum { PLAN_SIZES_MAX = 768 };
struct plan_sizes {
    uint32_t count;
    uint32_t at[PLAN_SIZES_MAX];
};
// Nothing where there is no room any more. False then.
bool plan_sizes_add(struct plan_sizes *sizes, uint64_t size);

struct plane {
    struct range size, dst, src, overlap;
    bool listed; // `size` is of indices into the plan's list of sizes
    enum plane_overlap kind;
    enum plane_order order;
    struct plane_fill fill;
    uint64_t tunable[TUNABLE_COUNT];
    uint64_t first, count; // indices of this plane in the plan
    // Values in each range; a source of an overlapping case follows from the
    // rest, so src_count is 1 there. order_count is 2 when each case comes twice.
    uint32_t size_count, dst_count, src_count, overlap_count, order_count;
};

enum { PLANES_MAX = 64 };

// A field of the source and the values that it takes; range.lo is of the case's.
struct plan_field {
    struct case_field field;
    struct range values;
};

// Reads "u32@4=0..64". False and what was expected in ERROR.
bool plan_field_parse(const char *text, struct plan_field *out, struct error *error);

// Has the op a source for them, and lies none over another? COUNT is at most
// CASE_FIELDS_MAX.
bool plan_fields_are_sound(enum copy_op op, const struct plan_field *fields, size_t count,
                           struct error *error);

struct plan {
    enum copy_op op;
    uint64_t align;          // of the backend, bytes; its minimum and unit of the
                             // size are in the planes' ranges already
    const struct call *call; // of the backend, or NULL: sizes that it cannot make are no cases
    struct plane planes[PLANES_MAX];
    size_t plane_count;
    uint64_t cases;
    struct plan_sizes sizes; // of the planes that are listed; none in a plan that is not light
    struct shard shard;      // that its cases are of; all zero: all shards'
    // Each of the planes' cases comes with all values of all fields: `field_cases` times.
    struct plan_field fields[CASE_FIELDS_MAX];
    uint32_t field_count;
    uint64_t field_cases;
    // A plan of one case that was given, not of planes.
    bool only;
    struct copy_case only_case;
};

// What the user said; a range that was not given has step 0.
struct plan_request {
    struct range size, dst, src, overlap;
    bool has_tunables;
    uint64_t tunable[TUNABLE_COUNT];
    bool has_lower; // `order` holds in every disjoint case: --lower
    enum plane_order order;
    bool has_fill; // `fill` holds in every case: --fill
    struct plane_fill fill;
    struct plan_field fields[CASE_FIELDS_MAX]; // --data
    uint32_t field_count;
    const struct plan_sizes
        *light; // the default sweep at these sizes instead of every one; or NULL
};

// Were any ranges given, or anything else that makes it no default sweep?
bool plan_request_is_default(const struct plan_request *request);

// Is the case one that was asked for? What was not given admits all. Where data was given it
// admits no case, since which data mattered to one is not known.
bool plan_request_admits(const struct plan_request *request, const struct copy_case *c);

// Builds the plan for a backend and op. No range given: the default sweep, some
// 1.2 to 1.8 million cases in planes that are listed in plan.c, or some 70,000
// for another CPU's routine, which is emulated; and with sizes for a light plan, a tenth
// of that. Else the product
// of the ranges given, where
//   size       is 0..256 unless given,
//   dst, src   are each 0..63 unless given, and thinned to 16, 4 or 1 offsets
//              when the sweep would copy more than 16 GiB,
//   overlap    is none unless given; but memmove without a given source also
//              gets the distances -16..16 and the size's own ones.
// Both orders of the buffers belong to it: each case in both where there are few
// offsets, else one of the two, both at each size. And unless a fill was given, the
// first and the last of the offsets come again with each kind of data that routines
// look for: equal, zeros and ones on one side or both.
// Fields of the source multiply it by their values; a size that they do not fit into is no
// case of it. Sizes and offsets that the backend does not take are left out. False and one
// line in ERROR for an empty or impossible plan.
bool plan_build(const struct backend *b, enum copy_op op, const struct plan_request *request,
                struct plan *out, struct error *error);

// Leaves the cases of a shard, as long as nothing was left out before; each stays what it
// is, its data as well. There may be none.
void plan_take_shard(struct plan *plan, struct shard shard);

// The plan of one case, as it is. False and one line in ERROR when the backend
// does not take it.
bool plan_of_case(const struct backend *b, const struct copy_case *c, struct plan *out,
                  struct error *error);

// Case number INDEX < plan->cases. Its fill is the plane's where that is fixed, 1 at
// offsets 0 (in an overlapping case, dst 0), else one of 65,536 that follows
// from the index. False when the plane leaves it out (a distance twice, too far
// or misaligned); it is then no case of the sweep.
bool plan_case(const struct plan *plan, uint64_t index, struct copy_case *out);

#endif
