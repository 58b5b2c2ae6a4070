// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The plugin that QEMU's user-mode emulation loads into the watched program:
// what its files share. It writes down every access to a mapping of FILE, in the
// ring that the reader made. It never changes the guest's memory; it reads back
// what was stored, and takes the mapping's protection away where unreported.c says.
//
// One process has one plugin; a fork copies it. Callbacks run in the thread that
// made the access.

#ifndef STORESCOPE_WATCH_PLUGIN_H
#define STORESCOPE_WATCH_PLUGIN_H

#include "watch/machine.h"
#include "base/qemu_plugin.h"
#include "watch/ring.h"

enum { CALLS_MAX = 256, WATCHED_MAX = 256 };

// An instruction of the guest at one address, kept for as long as the process
// lives. Code that changes gives another one.
struct guest_insn {
    struct guest_insn *next;
    uint64_t pc;
    const uint8_t *host; // its bytes in this process; NULL: unknown
    uint8_t bytes[RING_INSN_MAX];
    uint8_t length;
    uint8_t flow; // enum insn_flow
    bool is_blind;
    uint8_t rmw;           // enum rmw_kind bits
    _Atomic bool is_named; // blind: it was told
    _Atomic uint32_t site; // 0: no record names it yet
    char text[64];         // by QEMU, where the machine says so
};

// What a thread of the guest is at.
struct guest_thread {
    uint32_t pid, tid;
    uint64_t instance;                   // counts blocks of code run
    uint32_t depth, low;                 // see ring_access
    struct guest_insn *calls[CALLS_MAX]; // by depth
    // A blind instruction under way, or one that compares, and what FILE held
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
    bool traps;                  // blind_install could
    char program[RING_PATH_MAX]; // that the guest runs
};
extern struct plugin plugin;

struct guest_thread *thread_self(void);

// Fills in whose record it is, and writes it.
void plugin_write(struct ring_record *record, const char *text);

// A number for the instruction that records can give; says what it is before.
uint32_t site_of(struct guest_insn *insn);

// A mapping of FILE in this process.
struct watched {
    uint64_t addr, bytes, offset;
    bool is_private;
    uint8_t protection; // PROT_READ, ...
};

// The lowest watched address, and how many bytes from there may be watched.
extern _Atomic uint64_t watched_low, watched_span;

// The mapping that the byte at ADDR belongs to.
bool watched_find(uint64_t addr, struct watched *out);

// All of them; how many there are.
size_t watched_list(struct watched out[WATCHED_MAX]);

// Writes down a store of an instruction that no callback told of.
void plugin_store(struct guest_insn *insn, uint64_t addr, unsigned width, const struct watched *w);

// Copies what the guest has at ADDR. False where it is not mapped.
bool watched_read(uint64_t addr, void *out, size_t bytes);

// A word of the guest's, and a text.
uint64_t guest_word(uint64_t addr, unsigned index);
char *guest_text(uint64_t addr);

// Callbacks of system calls.
void watched_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                     uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
void watched_syscall_ret(qemu_plugin_id_t id, unsigned vcpu, int64_t number, int64_t ret);

// Around a fork, so that the child does not inherit a lock that is held.
void watched_before_fork(void);
void watched_after_fork(void);

// Runs the guest's PATH in the place of this program, under QEMU, if it is for the same
// CPU. Returns where the guest's own call is to do the rest.
void follow_exec(uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr);
void follow_execat(int folder, uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr);

// From now on instructions whose accesses are not told can be trapped.
void blind_install(void);

// Before and after an instruction whose accesses are not told, or not whether a
// comparison let it store.
void blind_before(unsigned vcpu, void *data);
void blind_after(void);

#endif
