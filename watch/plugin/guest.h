// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the plugin knows of the watched program: its instructions and threads, and what
// they come to in the ring that the reader made. It never changes the guest's memory.
//
// One process has one plugin; a fork copies it. Callbacks run in the thread that
// made the access.

#ifndef STORESCOPE_WATCH_GUEST_H
#define STORESCOPE_WATCH_GUEST_H

#include "base/qemu_plugin.h"
#include "watch/machine.h"
#include "watch/ring.h"

enum { CALLS_MAX = 256 };

// An instruction of the guest at one address, kept for as long as the process
// lives. Code that changes gives another one.
struct guest_insn {
    struct guest_insn *next;
    uint64_t pc;
    const uint8_t *host; // its bytes in this process; NULL: unknown
    uint8_t bytes[RING_INSN_MAX];
    uint8_t length;
    uint8_t flow; // enum insn_flow
    bool is_unreported;
    bool is_fence;         // it orders the accesses around it
    uint8_t rmw;           // enum rmw_kind bits
    _Atomic bool is_named; // of an unreported one: it was told
    _Atomic uint32_t site; // 0: no record names it yet
    char text[64];         // by QEMU, where the machine says so
};

// What a thread of the guest is at.
struct guest_thread {
    uint32_t pid, tid;
    uint64_t instance;                   // counts blocks of code run
    uint32_t depth, low;                 // see ring_access
    struct guest_insn *calls[CALLS_MAX]; // by depth
    // Was FILE accessed since the barrier of that site? 0: since any.
    bool has_accessed;
    uint32_t fence;
    // An unreported instruction under way, or one that compares, and what FILE held
    // before; NULL: none.
    struct guest_insn *blind;
    bool compared, stored;          // whether it stored is known; it did
    bool trapped;                   // its accesses of FILE raise signals
    uint64_t trap_load, trap_store; // the first addresses, where `trap_hits` says so
    unsigned trap_hits;             // bit 0: it loaded, bit 1: it stored
    uint8_t *before;
    size_t before_capacity;
    // A system call under way that changes mappings.
    bool maps;
    uint64_t map_addr, map_bytes, map_old, map_old_bytes, map_offset;
    bool map_matches, map_private, map_keeps_old, map_protects;
    uint8_t map_protection;
};

struct plugin {
    struct ring *ring;
    const struct machine *machine;
    uint64_t address_mask; // of an address that a callback gives
    uint64_t base;         // host address of the guest's address 0
    _Atomic bool begun;    // the first instruction was seen
    _Atomic bool closed;   // nobody reads any more
    _Atomic unsigned threads;
    bool traps;                  // unreported_install could
    char program[RING_PATH_MAX]; // that the guest runs
};
extern struct plugin plugin;

// Once, before any thread is asked for.
void thread_begin(void);
struct guest_thread *thread_self(void);

// Takes its numbers from the system again: after a fork.
void thread_set_ids(struct guest_thread *t);

// Fills in whose record it is, and writes it.
void plugin_write(struct ring_record *record, const char *text);

// What is known of an instruction. NULL without memory.
struct guest_insn *insn_of(const struct qemu_plugin_insn *insn);

// A number for the instruction that records can give; says what it is before.
uint32_t site_of(struct guest_insn *insn);

// A mapping of FILE in this process.
struct watched {
    uint64_t addr, bytes, offset;
    bool is_private;
    uint8_t protection; // PROT_READ, ...
};

// Writes down an access that lies in the mapping W. FLAGS: RING_STORE, ... VALUE: what
// was stored, or NULL where QEMU does not tell.
void plugin_access(struct guest_insn *insn, uint16_t flags, uint64_t addr, unsigned width,
                   const struct watched *w, const uint8_t *value);

// Writes down a store of an instruction that no callback told of.
void plugin_store(struct guest_insn *insn, uint64_t addr, unsigned width, const struct watched *w);

// Copies what the guest has at ADDR. False where it is not mapped.
bool watched_read(uint64_t addr, void *out, size_t bytes);

// A word of the guest's, and a text.
uint64_t guest_word(uint64_t addr, unsigned index);
char *guest_text(uint64_t addr);

#endif
