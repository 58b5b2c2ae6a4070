// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Memory at fixed addresses for routines made up by a fuzzer, and a way to run
// such a routine natively: in this process, but so that a fault ends it alone.
//
// Below 2 GiB lie the code, data, a stack and a frame (where the routine keeps
// what it found and leaves what it ends with); far above them the same code
// again and more data, out of reach of what a recorder writes near its own
// code. Each region lies between inaccessible pages.

#ifndef STORESCOPE_FUZZ_SANDBOX_H
#define STORESCOPE_FUZZ_SANDBOX_H

#include "trace/trace.h"

#define SANDBOX_CODE_NEAR UINT64_C(0x20000000)
#define SANDBOX_LOW       UINT64_C(0x20008000)
#define SANDBOX_STACK     UINT64_C(0x20010000)
#define SANDBOX_FRAME     UINT64_C(0x20018000)
#define SANDBOX_CODE_FAR  UINT64_C(0x123400000000)
#define SANDBOX_HIGH      UINT64_C(0x123400008000)
// Not in the first page of LOW, so that gs: offsets take either sign.
#define SANDBOX_GS_BASE (SANDBOX_LOW + 0x1230)

enum {
    SANDBOX_CODE_BYTES = 4 * PAGE_BYTES,
    SANDBOX_DATA_BYTES = 3 * PAGE_BYTES,
    SANDBOX_STACK_BYTES = 2 * PAGE_BYTES,
    SANDBOX_FRAME_BYTES = 3 * PAGE_BYTES,
};

// What lies where in the frame.
enum {
    FRAME_RSP = 0,       // the caller's stack pointer
    FRAME_SAVED = 8,     // the caller's rbx, rbp, r12 to r15
    FRAME_RUNS = 0x40,   // how often the routine was entered
    FRAME_GPRS = 0x80,   // what it ends with: general registers,
    FRAME_FLAGS = 0x100, // flags,
    FRAME_MXCSR = 0x108,
    FRAME_MASKS = 0x110,   // k0 to k7
    FRAME_FXSAVE = 0x180,  // x87 and MMX
    FRAME_VECTORS = 0x380, // 64 bytes each
    FRAME_DUMP_END = 0xb80,
    FRAME_FIRST_VECTORS = 0x1000, // what it starts with
    FRAME_FIRST_MASKS = 0x1800,
    FRAME_FIRST_X87 = 0x1900,
    FRAME_OTHER_STACK = 0x2800, // a second stack grows down from here
};

// The regions that a routine may write, in this order.
enum sandbox_region { SANDBOX_IN_LOW, SANDBOX_IN_HIGH, SANDBOX_IN_STACK, SANDBOX_IN_FRAME };
enum { SANDBOX_REGIONS = 4 };
extern const struct span sandbox_regions[SANDBOX_REGIONS];

// Maps all of it, once, and sets the gs base. Exits when the addresses are taken.
void sandbox_open(void);

// Puts CODE at both of its places.
void sandbox_load(const uint8_t *code, size_t bytes);

// Fills the regions with what follows from SEED.
void sandbox_fill(uint64_t seed);

struct sandbox_end {
    int signal;                    // 0: it returned
    uint64_t fault_addr, fault_pc; // after a breakpoint: behind it
    bool off_stack;                // at the fault, rsp was no address
    uint64_t result;
};

// Calls the code at ENTRY as a copy routine. Takes over the handlers of the
// signals that it may raise, and leaves the CPU's state as C expects it.
void sandbox_run(uint64_t entry, const struct layout *layout, struct sandbox_end *end);

// One line in WHAT and true when the CPU's state is not as C expects it; sets it
// right.
bool sandbox_state_is_off(char *what, size_t size);

// A state of this generator gives the next; any seed will do.
uint64_t sandbox_random(uint64_t *state);

#endif
