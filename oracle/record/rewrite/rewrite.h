// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The rewrite recorder, inside: the routine is decoded as far as jumps lead
// (program.c), cut into segments (segment.c), and written out again with a log
// record before each segment (translate.c). The copy runs on the real CPU
// (run.c, run_end.c, outside_stores.c); what the log holds becomes a trace (expand.c).
//
// The copy never runs code that was not rewritten. Where control goes to an
// address not met before, the run ends, the code there is added, and the case
// is laid out and run again from its start. What the first run left beyond the
// arena stays: a routine that knows by it that it runs again may do without
// those stores the second time, so they are kept for the trace.

#ifndef STORESCOPE_REWRITE_H
#define STORESCOPE_REWRITE_H

#include "record/fifo.h"
#include "record/native.h"
#include "record/recorder.h"
#include "record/rewrite/cpu.h"
#include "record/rewrite/segment.h"
#include "record/tunables.h"

// Open-addressing map from a routine's address to a number; 0 is no address.
struct address_map {
    uint64_t *keys;
    uint64_t *values;
    size_t count, capacity;
};
void address_map_init(struct address_map *m);
void address_map_free(struct address_map *m);
void address_map_clear(struct address_map *m);
void address_map_put(struct address_map *m, uint64_t key, uint64_t value);
bool address_map_get(const struct address_map *m, uint64_t key, uint64_t *value);

// The routine's instructions, as far as they are known.
struct program {
    struct insn *insns;
    uint32_t *sites;  // per instruction, index into site_table
    uint8_t *reached; // per instruction: some case executed it
    size_t insn_count, insn_capacity;
    struct address_map at;      // address -> index into insns
    struct address_map leaders; // addresses where a block begins
    struct site *site_table;
    size_t site_count, site_capacity;
    gpr_set named;  // general registers that any of them names
    uint8_t traits; // enum insn_trait
    const struct routine *routine;
    struct span images[TRACE_IMAGES_MAX]; // modules that hold them
    size_t image_count;
};

void program_init(struct program *p, const struct routine *routine);
void program_free(struct program *p);

enum program_status {
    PROGRAM_OK,
    PROGRAM_NO_CODE, // nothing executable there: running it would fault
    PROGRAM_REFUSED, // executable, but not to be recorded; reason filled in
};

// Adds all instructions reachable from ENTRY by direct jumps (not calls).
enum program_status program_discover(struct program *p, uint64_t entry, char *reason);

// Memory that both the recorder and the rewritten code address by constants; on
// x86-64 in the low 2 GiB.
struct context {
    uint64_t host_sp;
    uint64_t log;                           // end of the log on exit; its write position all the
                                            // time when no register is free
    uint64_t target;                        // of an indirect jump, in the routine's addresses
    uint64_t jumped;                        // index of that jump in program.insns
    uint64_t exit;                          // enum context_exit; written on other exits only
    uint64_t refused;                       // CONTEXT_REFUSED: index into program.insns
    uint64_t spill[4];                      // scratch registers
    uint64_t jump[4];                       // scratch of the dispatcher
    uint64_t helper_return;                 // host address after a call out
    uint64_t helper_segment, helper_record; // ... segment, and its record
    uint64_t save[GPR_MOST + 2];            // ... general registers and flags; or, with
                                            // CONTEXT_CLOBBERED, those it came back with
    struct cpu_left left;
};

enum context_exit {
    CONTEXT_RETURNED,
    CONTEXT_CLOBBERED, // returned, with a callee-saved register or rsp changed
    CONTEXT_UNKNOWN_TARGET,
    CONTEXT_REFUSED,
    CONTEXT_ABORTED
};

// Where a rewritten instruction stands, for reading the log after a fault.
struct host_insn {
    const uint8_t *begin, *end;
    uint32_t insn;
    uint32_t segment, done; // see struct segment_step
    uint32_t pending;       // bytes of the log written beyond the log pointer
};

struct patch {
    uint8_t *end;
    uint64_t target;
};

// Chains of checks for targets of indirect jumps, by low byte of the address.
enum { INDIRECT_CHAINS = 256 };

// One rewritten copy of the program.
struct translation {
    struct segment_rules rules;
    struct segment_table table;
    uint8_t *code; // code_bytes, or NULL when not made yet
    size_t code_bytes;
    struct emitter emit;
    gpr_set free;              // general registers the program never names
    gpr_set named;             // registers and traits of the program, as the entry was
    uint8_t traits;            // written for
    uint8_t log_reg;           // one more of these, or GPR_NONE
    uint8_t scratch[2];        // AArch64: two more, to work in
    struct address_map blocks; // address -> host address
    struct address_map stubs;  // address -> host address of a jump to it
    struct host_insn *map;
    size_t map_count, map_capacity;
    struct patch *patches;
    size_t patch_count, patch_capacity;
    struct block_insn *block; // scratch of the block being written
    size_t block_capacity;
    uint8_t **indirect; // INDIRECT_CHAINS addresses of code; aligned to what they take
    struct address_map indirect_known;
    uint8_t *enter, *leave, *returned, *unknown, *refused, *dispatch, *helper;
    const uint8_t *entry; // of the routine's first block, or NULL
    uint8_t *entry_call;  // end of the call to it
    uint64_t code_number; // of this copy, of all that this recorder made from scratch
    bool stale;           // to be made again from scratch
    bool far;             // AArch64: some conditional branches do not reach, and all are made to
    const char *misfit;   // why it cannot be had, made from scratch; or NULL
};

struct recorder {
    const struct routine *routine;
    struct recorder_options options;
    uint64_t arg4;
    struct context *context;
    struct program program;
    struct translation plain, valued;
    struct native native;
    uint8_t *log;       // reserved LOG_RESERVED bytes
    uint8_t *log_begin; // where records start
    size_t log_usable;  // bytes accessible so far
    size_t log_limit;   // bytes this case may use
    uint8_t *capture;   // captured values of the running case
    size_t capture_used;
    // Stores of this case beyond the arena and the stack, in runs that ended
    // where code was not known yet; and scratch to gather them.
    struct trace outside_stores, attempt;
    void *vectors;  // value mode: vector state around a capture
    uint8_t *edges; // see recorder.h, count_edges; NULL: not counted
    uint32_t edge_mask;
    uint64_t codes;          // copies made from scratch
    uint64_t cases, drop_at; // cases run; and when cover_drop_known acts
    bool made_room, quiet;   // of the case at hand; see cover_make_room
    struct fifo fifo;        // of the running case
    // Of the running case, for the signal handlers.
    struct translation *running; // the last one entered
    volatile uint64_t serial;    // number of runs so far
    uint64_t tick_serial;
    uint64_t abort_serial; // the last run that a signal handler ended
    unsigned ticks;
    int fault_signal;
    uint64_t fault_addr;
    bool timed_out, log_full;
    const struct host_insn *abort_where; // instruction at which the run was ended
    uint64_t abort_counter;              // x86: rcx then
    uint64_t abort_masks[8];             // ... k0 to k7
    struct tunables tunables;
};

// A block's records may reach this far beyond the log pointer.
enum { LOG_SPARE_BYTES = 64 << 10 };
#define CAPTURE_RESERVED (UINT64_C(4) << 30) // address space of recorder.capture

// Makes, or extends, a translation so that ENTRY can be run. False when the
// code does not fit; REASON says so.
bool translation_make(struct recorder *r, struct translation *t, uint64_t entry, char *reason);
void translation_free(struct translation *t);
const struct host_insn *translation_where(const struct translation *t, const uint8_t *pc);
bool translation_holds(const struct translation *t, const uint8_t *pc);

// The copy's entry. It starts a new log each time it is called. For the bench, after the
// recorder has run the same case: what recording alone costs.
rewrite_function *rewrite_entry(struct recorder *r);

// The log's end; NULL when the routine wrote over the pointer to it.
const uint8_t *rewrite_log_end(const struct recorder *r);

// Adds the outside stores of a run that is about to be made again, unless it only repeated
// those before it. False when the log does not hold together.
bool outside_stores_keep(struct recorder *r, const struct translation *t, const struct layout *l);
// Puts the kept ones before a trace that does not have them itself.
void outside_stores_add(struct recorder *r, const struct layout *l, struct trace *trace);

// Notes the blocks that a log has entered, in its order, while it is expanded.
struct cover_walk {
    struct recorder *r;
    struct segment *last; // NULL: none yet
    uint8_t *edges;       // NULL: they are not counted
    uint32_t mask, from;
};
static inline struct cover_walk cover_begin(struct recorder *r)
{
    return (struct cover_walk){.r = r, .edges = r->edges, .mask = r->edge_mask};
}
static inline void cover_block(struct cover_walk *walk, struct segment *s)
{
    if (walk->last)
        walk->last->reached = true;
    walk->last = s;
    if (!walk->edges)
        return;
    uint8_t *edge = &walk->edges[(walk->from >> 1 ^ s->block) & walk->mask];
    *edge = (uint8_t)(*edge + (*edge != UINT8_MAX));
    walk->from = s->block;
}
// ENDED: where control was taken away, or NULL.
void cover_end(struct cover_walk *walk, const struct host_insn *ended);
// Before a translation's segments are forgotten: keeps what they reached.
void cover_keep(struct program *p, struct translation *t);
// Is every instruction of the block at ADDRESS known to have run?
bool cover_has_block(const struct program *p, uint64_t address);
// Before a case: now and then has the code made again without the records of blocks
// that are known to have run.
void cover_drop_known(struct recorder *r);
// When the records of blocks, which a loop without accesses writes, too, have filled
// the log: makes the code again without those of blocks that have run by now, and
// if that was done already, without any. The log must have been expanded. False:
// nothing can be left out.
bool cover_make_room(struct recorder *r);
// After a case.
void cover_end_case(struct recorder *r);
void rewrite_cover(struct recorder *r, struct coverage *coverage);
void rewrite_count_edges(struct recorder *r, uint8_t *edges, size_t count);

// After an instruction whose record asks for it, called by rewritten code.
void rewrite_call_out(struct recorder *r);

// Turns log [LOG, END) into accesses. LAST: the fault's place, or NULL when
// every record counts whole. False: the log does not hold together.
bool expand_log(struct recorder *r, const struct translation *t, const uint8_t *log,
                const uint8_t *end, const struct host_insn *last, struct trace *trace);

// See recorder.h.
bool rewrite_relate(const struct recorder *r, const struct layout *layout,
                    const struct trace *trace, const uint8_t *bases, struct log_relation *out);

// Accesses of one descriptor from its record: writes them to OUT (room for
// EXPAND_MOST) and gives their number.
enum { EXPAND_MOST = CPU_ACCESSES_MOST };
size_t expand_descriptor(const struct descriptor *d, const uint64_t *record, struct access *out);

#endif
