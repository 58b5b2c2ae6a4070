// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The board: a file in which the processes of a fuzzing campaign, whatever
// engine drives them, write what they have done, for whoever shows it. It is
// mapped shared, has a fixed size, and is mostly holes. STORESCOPE_BOARD names
// it; the first process to come makes it. Processes only ever add, with atomic
// operations, so one that dies in the middle leaves a board that can be read.
//
// A reader trusts nothing in it: counts are clamped, names are cut. It lives as
// long as the campaign; nothing in it outlasts a change of BOARD_MAGIC.

#ifndef STORESCOPE_SCOREBOARD_H
#define STORESCOPE_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_MAGIC UINT64_C(0x316472616f427373) // "ssBoard1"

enum {
    BOARD_BACKENDS_MAX = 256,
    BOARD_NAME_MAX = 112,   // with its end
    BOARD_RULES_MAX = 64,   // rule ids, as in oracle/judge/rules.def
    BOARD_INSNS_MAX = 4096, // of one backend, a power of two
    BOARD_DEADLY_MAX = 1024,
};

// One instruction of a backend that the recorder knows: reached by a jump whose
// target is known, if it was not reached itself.
struct board_insn {
    _Atomic uint64_t key;  // 0: free; else its address less the routine's entry,
                           // plus 2^63
    _Atomic uint8_t flags; // enum board_insn_flag
    uint8_t length;
    uint8_t bytes[15];
    uint8_t unused[7];
};

enum board_insn_flag {
    BOARD_INSN_WRITTEN = 1, // length and bytes hold
    BOARD_INSN_REACHED = 2, // some case executed it
    BOARD_INSN_MEMORY = 4,  // a site: it touches memory
};

struct board_backend {
    _Atomic uint32_t state; // 0: free, 1: being named, 2: in use
    char name[BOARD_NAME_MAX];
    _Atomic uint32_t known, reached;             // instructions
    _Atomic uint32_t sites_known, sites_reached; // those of them that touch memory
    _Atomic uint64_t executions;                 // cases run
    _Atomic uint64_t skipped, broken;            // of these, not judged
    _Atomic uint64_t findings[BOARD_RULES_MAX];  // by rule: new ones, each backend, rule
                                                 // and pair of sites once
    _Atomic uint64_t expected[BOARD_RULES_MAX];  // likewise, those that were expected
    struct board_insn insns[BOARD_INSNS_MAX];    // by hash of the key, the next free
};

struct board {
    _Atomic uint64_t magic; // BOARD_MAGIC once the file has its size
    _Atomic uint64_t executions;
    _Atomic uint64_t processes; // that have ever opened it
    // Cases (hashes of backend and case, 0: free) after which a process had to
    // end, because the routine may have written over it: not run again.
    _Atomic uint64_t deadly[BOARD_DEADLY_MAX];
    struct board_backend backends[BOARD_BACKENDS_MAX];
};

// Maps the board at PATH, making it when it is not there. NULL and one line in
// ERROR: it cannot be opened, or is something else.
struct board *board_open(const char *path, char *error, size_t error_size);
// To look at, without making one.
const struct board *board_look(const char *path, char *error, size_t error_size);
void board_close(const struct board *board);

// The backend's row, taken if it has none; NULL when all are.
struct board_backend *board_row(struct board *board, const char *name);

// Notes an instruction at OFFSET from the routine's entry; the counts follow.
// Does nothing when there is no room.
struct board_note {
    int64_t offset;
    uint8_t length, bytes[15];
    bool reached, memory;
};
void board_note_insn(struct board_backend *row, const struct board_note *note);

// The row's instructions, sorted by offset, at most CAPACITY; gives their number.
size_t board_insns(const struct board_backend *row, struct board_note *out, size_t capacity);

// Was the case found deadly, or notes that it is.
bool board_is_deadly(const struct board *board, uint64_t hash);
void board_note_deadly(struct board *board, uint64_t hash);

#endif
