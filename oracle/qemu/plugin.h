// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of the plugin share. It knows one guest thread: a routine that
// starts another makes a system call, which ends its case.

#ifndef STORESCOPE_QEMU_PLUGIN_H
#define STORESCOPE_QEMU_PLUGIN_H

#include "plugin_abi.h"
#include "shared.h"

#define NOT_PUBLISHED UINT32_MAX
enum { INSN_SLOTS = 1 << 14 };

// An instruction that was translated.
struct insn {
    struct insn *next; // in its slot of the table
    uint32_t number;   // of its site, once it has made an access
    struct qemu_site site;
};

struct plugin {
    struct qemu_shared *shared;
    bool recording;         // between the runner's marks
    bool running, resizing; // what the runner was told to do last
    bool loads, values;
    uint32_t record_count;
    uint64_t executions; // instructions since the case began
    uint64_t dst_lane_bytes, src_lane_bytes;
    struct insn *insns[INSN_SLOTS];
};

extern struct plugin plugin;

// Room for a record of an access by an instruction. The caller fills in flags
// and value, and counts it.
struct qemu_record *plugin_record(struct insn *in, uint64_t addr, unsigned width);

#endif
