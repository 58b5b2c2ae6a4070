// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One copy on the memory that is probed: a process of its own maps it, fills it, calls the
// routine as it is, and reads back. The routine may have written over what that process
// says; numbers in it are used for nothing but to be judged and shown.

#ifndef STORESCOPE_PROBE_RUN_H
#define STORESCOPE_PROBE_RUN_H

#include "probe/map.h"
#include "probe/physical.h"
#include "sweep/sweep_options.h"

enum { PROBE_FILL = 0x11 }; // what the destination holds before, as periph's TestCopy has it

struct probe_request {
    const struct map *map;           // open
    uint64_t offset, size;           // of the destination in it, bytes, with its holes
    uint64_t hole;                   // bytes at both of its ends that are not copied to
    uint32_t src_off;                // of the source in its page
    uint64_t seed;                   // of what the source holds
    unsigned width;                  // the widest access of the probe's own: 1, 2, 4 or 8 bytes
    uint64_t counter;                // offset in the map of a counter of writes, a multiple of
    unsigned counter_width;          // this: 1, 2, 4 or 8 bytes; 0: there is none
    const struct sweep_options *run; // recorder, timeout
};

static inline uint64_t probe_copied(const struct probe_request *r)
{
    return r->size - 2 * r->hole;
}

// The offsets in the map that are touched: the destination with its holes, the counter.
static inline struct span probe_reach(const struct probe_request *r)
{
    struct span reach = {r->offset, r->offset + r->size};
    if (r->counter_width > 0 && r->counter < reach.lo)
        reach.lo = r->counter;
    if (r->counter_width > 0 && r->counter + r->counter_width > reach.hi)
        reach.hi = r->counter + r->counter_width;
    return reach;
}

enum probe_stage { STAGE_MAP, STAGE_LOAD, STAGE_FILL, STAGE_CALL, STAGE_CHECK, STAGE_DONE };

// A signal, or the time that was up.
struct probe_fault {
    int32_t signal; // 0: none
    uint32_t timed_out;
    uint32_t stores;     // where there is an address: 1 a store, 0 a load
    uint32_t no_address; // it is of no access to memory, or its address is not known
    uint64_t address, pc;
    uint8_t code[15]; // at pc, as far as they can be read
    uint8_t code_bytes;
};

// In memory shared with the process that fills it.
struct probe_answer {
    _Atomic uint32_t stage;     // enum probe_stage: that was begun last
    _Atomic uint32_t forbidden; // system call that ended the process; see confine.h
    struct probe_fault fault;   // of the routine
    uint64_t mapped, lo;        // address of offset LO of the map
    uint64_t mapped_bytes;
    uint64_t dst, src; // as the routine was given them
    uint64_t returned, returns, returns_mask;
    uint64_t counter[2]; // before and after
    struct physical physical;
    uint64_t read_back; // 1: the bytes below are what memory held in the end
    char skipped[256];  // why the routine cannot be run here; "": it can
    char trouble[512];  // why nothing can be said; "": there is no reason
    uint8_t bytes[];    // SIZE of the destination, then those copied of the source
};

struct probe_run {
    struct probe_answer *answer;
    size_t answer_bytes;
    struct recording fault; // one access, whose site is the instruction at fault; or empty
    char forbidden[128];    // that it made a system call it may not; "": it did not
    bool hung;              // killed since it neither ended nor used its time up
    char died[128];         // how the process ended otherwise than it should; "": it did not
};

// False and one line in ERROR for the system's failures alone. probe_run_free is to follow.
bool probe_run(const struct backend *backend, const struct probe_request *request,
               struct probe_run *out, struct error *error);
void probe_run_free(struct probe_run *run);

#endif
