// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the recorder `qemu` and its plugin, which runs inside the qemu process,
// have in common: one block of shared memory with the case to run, how it ended,
// and what it did to memory, instruction by instruction. The guest's lanes are
// another file, which all three map. Foreign code runs in the qemu process and
// may write over all of this: the recorder takes nothing here on trust.

#ifndef STORESCOPE_QEMU_SHARED_H
#define STORESCOPE_QEMU_SHARED_H

#include "record/qemu/guest/mailbox.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    QEMU_RECORDS_MAX = 1 << 20,
    QEMU_FIFO_MAX = 1 << 20, // bytes of a case
    QEMU_FIFO_BYTES = 8,     // at once
    QEMU_SITES_MAX = 1 << 15,
    QEMU_SITE_BYTES_MAX = 15,
    QEMU_SITE_TEXT_MAX = 80,
    QEMU_PIECE_MAX = 16, // bytes of one record
    QEMU_POKES_MAX = 8,
    QEMU_LOOKED_AT_MAX = 64, // flushing instructions whose addresses are found out
    QEMU_CODE_MAX = 1 << 16, // bytes of a routine of which it is told what was reached
    // A batch: cases that the guest runs without a stop between them.
    QEMU_BATCH_MAX = 64,
    QEMU_BATCH_RECORDS = 1 << 18,
    QEMU_BATCH_LANE_MAX = 1 << 16, // bytes of each of their lanes
    QEMU_BATCH_BYTES = 1 << 19,    // of all their windows
};

// Whose turn it is: each side waits for the other by futex.
enum qemu_turn {
    TURN_GUEST,    // the guest runs, from its start on
    TURN_RECORDER, // the guest waits for a case
};

enum qemu_end {
    QEMU_END_NONE,     // has not ended
    QEMU_END_RETURNED, // `result`
    QEMU_END_FAULTED,  // `signal`, `fault_addr`, `fault_pc`
    QEMU_END_SYSCALL,  // `syscall`; the process ends
    QEMU_END_FLUSHED,  // met a flush whose address a new process will find out; it ends
    QEMU_END_FLOODED,  // more accesses than there is room for; the process ends
};

enum qemu_record_flag {
    RECORD_STORE = 1,
    RECORD_FOUND = 2, // by comparing memory: QEMU did not report it
    RECORD_FENCE = 4, // no access, but a barrier that orders stores
    RECORD_FLUSH = 8, // of a cache line that is not told but with
    RECORD_LINE = 16, // this, when `addr` lies in it
};

// One piece of an access, as QEMU reports it.
struct qemu_record {
    uint64_t addr;   // in the guest
    uint32_t serial; // of the instruction's execution: pieces of one share it
    uint32_t site;
    uint16_t width; // bytes
    uint8_t flags;  // enum qemu_record_flag
    uint8_t reserved[5];
    uint8_t value[QEMU_PIECE_MAX]; // as memory holds it; only when asked for
};

struct qemu_site {
    uint64_t addr;
    uint8_t length;
    uint8_t bytes[QEMU_SITE_BYTES_MAX];
    char text[QEMU_SITE_TEXT_MAX]; // QEMU's disassembly, or ""
};

// Instructions whose accesses QEMU 7.2 does not report, or not all: where to look
// for what they did to memory.
enum qemu_unreported {
    UNREPORTED_NONE,
    UNREPORTED_S390X,   // those that move storage to storage, such as mvc
    UNREPORTED_AARCH64, // SVE's, DC ZVA, the memory copy instructions
};

// An instruction that flushes the line of an address in a register. QEMU 7.2 tells a
// plugin no registers, but of loads the address: so where such an instruction is, a
// process that is started later has a load from there that keeps no value.
struct qemu_looked_at {
    uint64_t addr; // in the guest
    uint32_t word; // the instruction
};

// What is not to be found out of an unreported instruction's stores.
enum qemu_unseen {
    UNSEEN_NOTHING,
    UNSEEN_SAME,   // those that change nothing
    UNSEEN_ORDER,  // of its elements, and whether one was stored over
    UNSEEN_KERNEL, // all that the kernel does in a helper of its own; no site
};

struct qemu_range {
    uint64_t lo, hi;
};

struct qemu_case {
    uint64_t routine; // index into the runner's table
    uint64_t dst, src, size;
    uint32_t how; // enum guest_how
    uint64_t words[GUEST_WORDS_MAX];
    struct qemu_range dst_lane, src_lane; // src_lane is empty when the two share one
    uint32_t loads, values;
    uint32_t sets;  // `src` is no source but a value to set
    uint32_t plays; // `src` is a FIFO that gives qemu_shared.fifo
    struct qemu_poke {
        uint64_t addr, value;
        uint32_t width;      // bytes; 0: none
    } pokes[QEMU_POKES_MAX]; // variables of the libc to set before
};

// The bytes of a lane that one case takes up, and some on both sides of them.
struct qemu_window {
    uint64_t lo; // in the guest
    uint32_t bytes;
    uint32_t at; // of these in qemu_batch.bytes: as laid out, and after the case as left
};

// A case of a batch, and what became of it. It is kept when it returned and stored
// nothing in the lanes but to its windows; else it has to be run again, alone.
struct qemu_batched {
    struct qemu_case now;
    struct qemu_window windows[2]; // the second is empty where there is one lane
    struct qemu_batched_end {
        uint32_t kept;
        uint32_t first, count; // of qemu_batch.records
        uint32_t loads_unseen, stores_unseen, clobbered;
        struct qemu_site unseen_site;
        uint64_t result;
    } ended;
};

// Lanes hold canaries where no case lies. That they still do is looked at once for many
// cases, and where they do not, none of the batch counts.
struct qemu_batch {
    uint32_t count;                 // 0: there is none, the case is qemu_shared.now
    uint32_t order[QEMU_BATCH_MAX]; // in which they are run
    _Atomic uint32_t done;          // grows while they run
    uint32_t unclean;
    uint8_t canaries[2][QEMU_BATCH_LANE_MAX]; // of the destination's lane, and the source's
    struct qemu_batched cases[QEMU_BATCH_MAX];
    uint8_t bytes[QEMU_BATCH_BYTES];
    struct qemu_record records[QEMU_BATCH_RECORDS];
};

struct qemu_shared {
    // Set before the guest starts.
    uint64_t guest_base;
    uint32_t machine;                     // EM_*, of ELF headers
    uint32_t big_endian, unreported;      // unreported: enum qemu_unreported
    uint32_t wants_text;                  // QEMU's disassembly of each site
    struct qemu_range marks[GUEST_MARKS]; // the runner's own code, not recorded
    uint64_t mailbox_addr;
    struct qemu_range code; // the routine's; empty: not known
    uint32_t uncounted;     // nonzero: what cases reach is not noted

    uint32_t looked_at_count; // grows while processes of one program come and go
    struct qemu_looked_at looked_at[QEMU_LOOKED_AT_MAX];

    _Atomic uint32_t turn;
    _Atomic uint32_t asleep; // bit 0: the guest waits, bit 1: the recorder
    struct qemu_case now;

    uint32_t atomic_bytes; // as in the mailbox

    // Of the case that has ended.
    _Atomic uint32_t end; // enum qemu_end
    uint32_t loads_unseen;
    uint32_t stores_unseen; // enum qemu_unseen: by `unseen_site`
    struct qemu_site unseen_site;
    uint32_t clobbered;
    uint64_t result;
    uint64_t signal, fault_at, fault_pc; // signal: enum guest_signal
    struct qemu_site fault_site;         // the instruction there; no length: not known
    uint64_t stack;                      // an address in the caller's frame
    struct qemu_range tls;               // the thread's own data
    int64_t syscall;
    uint32_t forbidden; // see confine.h
    _Atomic uint32_t record_count, site_count;
    uint8_t fifo[QEMU_FIFO_MAX + QEMU_FIFO_BYTES]; // what comes out of it, and some more
    uint8_t reached[QEMU_CODE_MAX]; // of `code`, by the cases of all processes: an instruction
                                    // whose first byte is set was executed
    struct qemu_site sites[QEMU_SITES_MAX];
    struct qemu_batch batch;
    struct qemu_record records[QEMU_RECORDS_MAX];
};

#endif
