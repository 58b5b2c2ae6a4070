// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The machine code of the routine in a guest program, instruction by instruction:
// what lies between its symbol's value and size. The binutils of its architecture
// tell instructions from constants, and their lengths; no other reader is here for
// all architectures.

#ifndef STORESCOPE_QEMU_CODE_H
#define STORESCOPE_QEMU_CODE_H

#include "record/qemu/shared.h"
#include "record/qemu/tool.h"
#include "trace/coverage.h"

struct arch;

// Zeroed: not known.
struct guest_code {
    struct qemu_range range; // as linked; lo is the routine's entry
    struct listed_insn {
        struct covered_insn insn; // as no case reached it
        bool unread;              // maybe none, but a constant or filling: counts only when
                                  // it was executed
    } * listed;
    size_t count;
};

// Reads the file `program` of FOLDER, whose LENGTH bytes are at BYTES. Leaves CODE
// zeroed where the routine's symbol has no size, or the code cannot be listed.
void guest_code_read(struct guest_code *code, const struct arch *arch,
                     const struct tool_folder *folder, uint8_t *bytes, size_t length,
                     const char *symbol);
void guest_code_free(struct guest_code *code);

#endif
