// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Boots a machine that runs routines itself: its CPU, emulated by QEMU, calls them, many a
// boot, with one buffer in a device's memory. Takes a program that has the routine, gives
// each call's accesses to devices, by instruction, with what arrived of each.

#ifndef STORESCOPE_BOARD_GUEST_H
#define STORESCOPE_BOARD_GUEST_H

#include "board/board.h"
#include "board/guest/image.h"

// One access to a device by an instruction of the routine.
struct guest_access {
    uint64_t pc, addr; // addr: physical
    unsigned width;    // bytes
    bool write;
    size_t first, count; // of the arrivals
};

// What one call did.
struct guest_log {
    struct guest_access *accesses; // in program order; owned
    size_t count, capacity;
    struct arrivals told;
    size_t rest; // of these, the first that no access took: a fault came instead
    bool ended;  // it returned, or faulted
    bool faulted;
    uint64_t fault_pc; // FAULTED: the instruction
};

// What a machine's guest did, and what the machine is.
struct guest_run {
    char version[128], path[256];
    struct flat_view view;
    struct guest_log *logs; // one a call
    size_t log_count;
    char *console; // as board_console
    size_t console_bytes;
};

// MODEL: the CPU that is emulated, unless the machine's command line says which; NULL: what
// CPU has. TIMEOUT_MS: for all calls together, once they run. False and one line in ERROR when the
// machine cannot be had, or does not do all the calls. To be freed in any case.
bool guest_run(const char *machine, const struct guest_cpu *cpu, const char *model,
               const struct image_program *program, const struct image_call *calls,
               size_t call_count, unsigned timeout_ms, struct guest_run *out, struct error *error);
void guest_run_free(struct guest_run *r);

#endif
