// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The scoreboard: a file in which the processes of a fuzzing campaign, whatever
// engine drives them, write what they have done, for whoever shows it. It is
// mapped shared, has a fixed size, and is mostly holes. STORESCOPE_BOARD names
// it; the first process to come makes it. Processes only ever add, with atomic
// operations, so one that dies in the middle leaves a scoreboard that can be read.
//
// A reader trusts nothing in it: counts are clamped, names are cut. It lives as
// long as the campaign; nothing in it outlasts a change of SCOREBOARD_MAGIC.

#ifndef STORESCOPE_SCOREBOARD_H
#define STORESCOPE_SCOREBOARD_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCOREBOARD_MAGIC UINT64_C(0x316472616f427373) // "ssBoard1"

enum {
    SCOREBOARD_BACKENDS_MAX = 256,
    SCOREBOARD_NAME_MAX = 112,   // with its end
    SCOREBOARD_RULES_MAX = 64,   // rule ids, as in oracle/judge/rules.def
    SCOREBOARD_INSNS_MAX = 4096, // of one backend, a power of two
    SCOREBOARD_DEADLY_MAX = 1024,
};

// One instruction of a backend that the recorder knows: reached by a jump whose
// target is known, if it was not reached itself.
struct scoreboard_insn {
    _Atomic uint64_t key;  // 0: free; else its address less the routine's entry,
                           // plus 2^63
    _Atomic uint8_t flags; // enum scoreboard_insn_flag
    uint8_t length;
    uint8_t bytes[15];
    uint8_t unused[7];
};

enum scoreboard_insn_flag {
    SCOREBOARD_INSN_WRITTEN = 1, // length and bytes hold
    SCOREBOARD_INSN_REACHED = 2, // some case executed it
    SCOREBOARD_INSN_MEMORY = 4,  // a site: it touches memory
};

struct scoreboard_backend {
    _Atomic uint32_t state; // 0: free, 1: being named, 2: in use
    char name[SCOREBOARD_NAME_MAX];
    _Atomic uint32_t known, reached;                    // instructions
    _Atomic uint32_t sites_known, sites_reached;        // those of them that touch memory
    _Atomic uint64_t executions;                        // cases run
    _Atomic uint64_t skipped, broken;                   // of these, not judged
    _Atomic uint64_t findings[SCOREBOARD_RULES_MAX];    // by rule: new ones, each backend, rule
                                                        // and pair of sites once
    _Atomic uint64_t expected[SCOREBOARD_RULES_MAX];    // likewise, those that were expected
    struct scoreboard_insn insns[SCOREBOARD_INSNS_MAX]; // by hash of the key, the next free
};

struct scoreboard {
    _Atomic uint64_t magic; // SCOREBOARD_MAGIC once the file has its size
    _Atomic uint64_t executions;
    _Atomic uint64_t processes; // that have ever opened it
    // Cases (hashes of backend and case, 0: free) after which a process had to
    // end, because the routine may have written over it: not run again.
    _Atomic uint64_t deadly[SCOREBOARD_DEADLY_MAX];
    struct scoreboard_backend backends[SCOREBOARD_BACKENDS_MAX];
};

// Maps the scoreboard at PATH, making it when it is not there. NULL and one line in
// ERROR: it cannot be opened, or is something else.
struct scoreboard *scoreboard_open(const char *path, struct error *error);
// To look at, without making one.
const struct scoreboard *scoreboard_look(const char *path, struct error *error);
void scoreboard_close(const struct scoreboard *scoreboard);

// The backend's row, taken if it has none; NULL when all are.
struct scoreboard_backend *scoreboard_row(struct scoreboard *scoreboard, const char *name);

// Notes an instruction at OFFSET from the routine's entry; the counts follow.
// Does nothing when there is no room.
struct scoreboard_note {
    int64_t offset;
    uint8_t length, bytes[15];
    bool reached, memory;
};
void scoreboard_note_insn(struct scoreboard_backend *row, const struct scoreboard_note *note);

// The row's instructions, sorted by offset, at most CAPACITY; gives their number.
size_t scoreboard_insns(const struct scoreboard_backend *row, struct scoreboard_note *out,
                        size_t capacity);

// Was the case found deadly, or notes that it is.
bool scoreboard_is_deadly(const struct scoreboard *scoreboard, uint64_t hash);
void scoreboard_note_deadly(struct scoreboard *scoreboard, uint64_t hash);

#endif
