// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a loaded routine refers to and its file does not define. A recorder asks
// before it runs an instruction, and after a fault: neither a call of such a
// symbol nor its value can be made up, so the case is refused, by name.

#ifndef STORESCOPE_UNDEFINED_H
#define STORESCOPE_UNDEFINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Half-open range of addresses.
struct span {
    uintptr_t lo, hi;
};

// An operand that holds such a symbol's address, other than a branch's target.
struct undefined_use {
    uintptr_t at; // its first byte, in an instruction
    const char *name;
};

enum {
    // Inaccessible memory of each symbol, and where in it the symbol lies: an
    // array's elements are near it.
    UNDEFINED_BYTES = 1 << 16,
    UNDEFINED_SKEW = 1 << 14,
};

struct undefined {
    struct span span;         // UNDEFINED_BYTES of each name
    const char *const *names; // in the order of their memory
    const struct undefined_use *uses;
    size_t use_count; // in the order of their addresses
};

// Name of the symbol whose memory holds ADDRESS, or NULL.
const char *undefined_at(const struct undefined *u, uint64_t address);

// Name of a symbol that the instruction in [LO, HI) has in an operand, or NULL.
const char *undefined_in(const struct undefined *u, uint64_t lo, uint64_t hi);

// Ends the name of an ifunc, which an object file does define, but not what it is.
#define UNDEFINED_IFUNC " (an ifunc)"

// Writes that the routine does that (VERB: "calls") with the symbol NAME, and what
// to do where that is known.
void undefined_tell(const char *name, const char *verb, char *text, size_t size);

// What puts accesses of its own among the routine's, and has the undefined symbol NAME
// for it: "AddressSanitizer". NULL: nothing known.
const char *instrumented_by(const char *name);
#define INSTRUMENTED_TEXT \
    "is instrumented by %s, whose accesses are not the routine's; build it without"

#endif
