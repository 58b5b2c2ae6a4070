// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the plugin knows of the routine that runs, and the records that it writes down.
// It knows one guest thread: a routine that starts another makes a system call, which
// ends its case.

#ifndef STORESCOPE_QEMU_PLUGIN_LOG_H
#define STORESCOPE_QEMU_PLUGIN_LOG_H

#include "record/qemu/shared.h"

#define NOT_PUBLISHED UINT32_MAX
enum { INSN_SLOTS = 1 << 14 };

// Guest programs are linked below, and have their lanes there; QEMU, which is
// position independent, lies above.
#define GUEST_END (UINT64_C(1) << 32)

// An instruction that was translated.
struct insn {
    struct insn *next;  // in its slot of the table
    uint32_t number;    // of its site, once it has made an access
    uint8_t unreported; // enum unreported_kind bits
    bool looked_at;     // a load stands for it, which flushes: see qemu_looked_at
    struct qemu_site site;
};

enum unreported_kind {
    UNREPORTED_STORES = 1,
    UNREPORTED_LOADS = 2,     // which no memmove of QEMU's tells, unless it does one
    UNREPORTED_MOVES = 4,     // loads what it stores
    UNREPORTED_SCATTERS = 8,  // stores its elements where and as often as it likes
    UNREPORTED_KINDS = 15,    // of which QEMU tells nothing; of the others, not all:
    UNREPORTED_COMPARES = 16, // whether it stores: enum rmw_kind
    UNREPORTED_RESERVES = 32,
};

struct plugin {
    struct qemu_shared *shared;
    bool recording;         // between the runner's marks
    bool running, resizing; // what the runner was told to do last
    bool loads, values;
    struct qemu_record *records; // of the case, RECORDS_MAX of them
    uint32_t records_max, record_count;
    struct qemu_looked_at to_look_at; // a flush that this case met; addr 0: none
    uint64_t executions;              // instructions since the case began
    uint64_t low_bytes, high_bytes;   // of the lanes that are accessible
    uint64_t fifo_bytes;              // that the case's FIFO gave so far
    struct insn *insns[INSN_SLOTS];
};

extern struct plugin plugin;

// Room for a record of an access by an instruction. The caller fills in flags
// and value, and counts it.
struct qemu_record *plugin_record(struct insn *in, uint64_t addr, unsigned width);

// Counts the record that plugin_record has given.
void plugin_count(void);

// Ends QEMU, and with it the case, for that reason.
_Noreturn void plugin_end(enum qemu_end end);

#endif
