// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which instructions of a routine some case reached, of those that the recorder
// knows: all that direct jumps lead to from where control ever went. Only those
// of the routine's own file count. Places are offsets from its entry, so what
// several processes saw adds up.

#ifndef STORESCOPE_COVERAGE_H
#define STORESCOPE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COVERED_TEXT_MAX = 80 };

struct covered_insn {
    int64_t offset; // bytes from the routine's entry
    uint8_t bytes[15];
    uint8_t length;
    bool reached;                // by at least one case
    bool memory;                 // it is a site: it touches memory
    bool unreachable;            // no input leads there, as is proved
    char text[COVERED_TEXT_MAX]; // of another CPU's; "": it is x86-64's
};

// Zeroed: nothing is known.
struct coverage {
    struct covered_insn *insns; // sorted by offset, each once; owned
    size_t count, capacity;
    uint64_t unreachable_lo, unreachable_hi; // sizes of those inputs, where any is unreachable
    size_t unplaced; // reached, too, but where is not known: a report gives their number alone
};

// Adds COUNT instructions in any order. Aborts only when memory runs out.
void coverage_add(struct coverage *c, const struct covered_insn *insns, size_t count);
size_t coverage_known(const struct coverage *c); // instructions
size_t coverage_reached(const struct coverage *c);
size_t coverage_unreachable(const struct coverage *c);
void coverage_free(struct coverage *c);

// Its text, with the routine's entry at 0, x86-64's in Intel syntax; TEXT holds
// COVERED_TEXT_MAX bytes.
void covered_insn_text(const struct covered_insn *insn, char *text);

#endif
