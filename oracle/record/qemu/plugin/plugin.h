// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of the plugin share. It knows one guest thread: a routine that
// starts another makes a system call, which ends its case.

#ifndef STORESCOPE_QEMU_PLUGIN_H
#define STORESCOPE_QEMU_PLUGIN_H

#include "base/qemu_plugin.h"
#include "record/qemu/shared.h"

#define NOT_PUBLISHED UINT32_MAX
enum { INSN_SLOTS = 1 << 14 };

// Guest programs are linked below, and have their lanes there; QEMU, which is
// position independent, lies above.
#define GUEST_END (UINT64_C(1) << 32)

// An instruction that was translated.
struct insn {
    struct insn *next; // in its slot of the table
    uint32_t number;   // of its site, once it has made an access
    uint8_t silent;    // enum silent_kind bits
    struct qemu_site site;
};

enum silent_kind {
    SILENT_STORES = 1,
    SILENT_LOADS = 2,     // which no memmove of QEMU's tells, unless it does one
    SILENT_MOVES = 4,     // loads what it stores
    SILENT_SCATTERS = 8,  // stores its elements where and as often as it likes
    SILENT_KINDS = 15,    // of which QEMU tells nothing; of the others, not all:
    SILENT_COMPARES = 16, // whether it stores: enum rmw_kind
    SILENT_RESERVES = 32,
};

struct plugin {
    struct qemu_shared *shared;
    bool recording;         // between the runner's marks
    bool running, resizing; // what the runner was told to do last
    bool loads, values;
    uint32_t record_count;
    uint64_t executions;            // instructions since the case began
    uint64_t low_bytes, high_bytes; // of the lanes that are accessible
    struct insn *insns[INSN_SLOTS];
};

extern struct plugin plugin;

// Room for a record of an access by an instruction. The caller fills in flags
// and value, and counts it.
struct qemu_record *plugin_record(struct insn *in, uint64_t addr, unsigned width);

// Counts the record that plugin_record has given.
void plugin_count(void);

// ---- effect.c ----

enum effect { EFFECT_NONE, EFFECT_FENCE, EFFECT_FLUSH };

// Of an instruction's bytes.
enum effect effect_of(const struct qemu_shared *s, const uint8_t *bytes, size_t length);

// ---- unreported.c ----

// Of an instruction's bytes.
uint8_t silent_kind(const struct qemu_shared *s, const uint8_t *bytes, size_t length);

// A case begins, and ends. False without memory. Where none of the CPU's
// instructions is silent, it begins with the first that compares.
bool silent_begin(const struct qemu_shared *s);
void silent_end(void);

// Before the instruction is executed, and after it: before the next one.
void silent_before(struct insn *in);
void silent_after(void);

// Of an instruction that compares, and that QEMU has just told of: did it store?
bool silent_stored(const struct insn *in);

// memmove and memset, as QEMU calls them.
void *silent_move(void *dst, const void *src, size_t length);
void *silent_fill(void *dst, int byte, size_t length);

// ---- memcpy_hooks.c ----

// From now on QEMU's calls of memmove and memset come to these two, unless QEMU's
// memory cannot be told from the guest's.
void calls_take(void);

#endif
