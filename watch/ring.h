// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the plugin inside of QEMU and the program that started it share: memory
// with a head that says what to watch, and a ring of records. Any number of
// threads and processes write records, in one order; one process reads them.
// Nothing is dropped: who finds the ring full waits. A writer that is killed
// loses no record but the one it was writing.

#ifndef STORESCOPE_WATCH_RING_H
#define STORESCOPE_WATCH_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RING_MAGIC = 0x53575231,
    RING_SLOTS = 1 << 16, // a power of two
    RING_TEXT_BYTES = 88,
    RING_VALUE_MAX = 32,
    RING_INSN_MAX = 16,
    RING_PATH_MAX = 4096,
    RING_ARGUMENTS_MAX = 8192,
};

enum ring_kind {
    RING_ACCESS,     // one access, or a piece of one
    RING_FENCE,      // a barrier, after an access of its thread
    RING_SITE,       // an instruction that later records name by `site`
    RING_TEXT,       // more of the text that belongs to the record before it
    RING_MAP,        // FILE is mapped
    RING_UNMAP,      // ... and no longer: here
    RING_PROCESS,    // the plugin was loaded: a program starts; its path
    RING_THREAD,     // a thread starts
    RING_FORK,       // the process `pid` is a copy of `other`
    RING_EXEC,       // the process turns into a program that is not watched; its path
    RING_UNSEEN,     // an instruction accessed FILE (STORE: stored), and no access says so
    RING_UNREPORTED, // an instruction ran whose accesses QEMU does not tell
    RING_SYSCALL,    // the kernel got an address in the mapping, or (STORE) wrote to FILE
    RING_TROUBLE,    // a line for the user
};

enum ring_flag {
    RING_STORE = 1,
    RING_VALUE = 2,   // `value` holds what is there after a store
    RING_UNSURE = 4,  // of a compare-and-swap that may have failed, and stored nothing
    RING_PRIVATE = 8, // a private mapping: stores do not reach the file
    RING_OTHERS = 16, // UNSEEN: or another thread did meanwhile
};

struct ring_access {
    uint64_t addr;     // in the guest
    uint64_t offset;   // in FILE
    uint64_t instance; // the same for all accesses of one instruction, run once
    uint32_t site;
    uint32_t caller; // site of the call instruction that entered this function; 0: unknown
    uint32_t depth;  // of calls, relative to where the thread started
    uint32_t low;    // the least depth since the thread's previous access
    uint8_t value[RING_VALUE_MAX];
};

struct ring_site {
    uint64_t pc;       // in the guest
    uint64_t file_off; // of the instruction in the file that its text names
    uint32_t site;
    uint8_t bytes[RING_INSN_MAX];
    uint8_t length;
    bool has_file;
};

struct ring_range {
    uint64_t addr, bytes, offset;
    uint32_t site; // FENCE, UNSEEN, UNREPORTED: the instruction; 0: none
    uint32_t other;
    int64_t number; // of a system call
};

struct ring_record {
    uint8_t kind;  // enum ring_kind
    uint8_t width; // bytes of an access
    uint16_t flags;
    uint32_t pid, tid;
    uint16_t texts;       // records of kind TEXT that follow
    uint16_t text_length; // bytes of a TEXT record
    union {
        struct ring_access access;
        struct ring_site site;
        struct ring_range range;
        char text[RING_TEXT_BYTES];
    };
};

struct ring_slot {
    _Atomic uint64_t turn; // number of the record, from 1, once it is whole
    struct ring_record record;
};

// What the reader says before any writer starts.
struct ring_settings {
    uint64_t dev, ino, rdev; // of FILE
    bool is_device;
    bool values;                        // read back what was stored
    bool compare;                       // look for changes that no access explains
    unsigned line;                      // bytes that dc zva clears; 0: unknown
    char path[RING_PATH_MAX];           // FILE, absolute
    char qemu[RING_PATH_MAX];           // what runs further programs
    char sysroot[RING_PATH_MAX];        // "": none
    char arguments[RING_ARGUMENTS_MAX]; // of qemu, up to the program: each ended by a zero
    unsigned argument_count;
};

struct ring {
    uint32_t magic;
    uint32_t reader; // process
    struct ring_settings settings;
    _Atomic uint32_t attached;          // plugins that were loaded
    _Atomic uint32_t sites;             // ids given
    _Atomic bool began;                 // the reader knows what FILE holds
    _Alignas(64) _Atomic uint64_t head; // records begun
    _Alignas(64) _Atomic uint64_t tail; // records read
    _Alignas(64) struct ring_slot slots[RING_SLOTS];
};

// Writes a record, and TEXT after it (NULL: none). False when nobody reads any
// more.
bool ring_write(struct ring *ring, const struct ring_record *record, const char *text);

// The next record, if there is a whole one.
bool ring_read(struct ring *ring, struct ring_record *out);

// Is there still a reader?
bool ring_is_read(const struct ring *ring);

// Records that were begun and are not yet read.
uint64_t ring_backlog(const struct ring *ring);

// Gives up on the next record, whose writer died.
void ring_skip(struct ring *ring);

#endif
