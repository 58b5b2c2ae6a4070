// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a recorder wrote down of a case, before it is made into accesses. Most cases of a
// sweep leave the words of one before, but for pointers that moved with the destination
// or the source. Where it is known which words those are, and that each access moves with
// its own side, comparing the words is comparing the accesses.

#ifndef STORESCOPE_LOG_H
#define STORESCOPE_LOG_H

#include "case/arena.h"

// A word as memory holds it, whatever was written there.
typedef uint64_t __attribute__((may_alias)) log_word;

struct trace_log {
    const log_word *words; // NULL: there is none. Valid until the recorder's next run
    size_t count;
    uint64_t code;           // equal words of the same code stand for the same accesses
    const uint8_t *captured; // bytes that stores put down, where not in the words
    size_t captured_bytes;
};

// What is taken off a word, of one case and of another, before they are compared.
enum log_base { LOG_NUMBER, LOG_DST, LOG_SRC, LOG_DST_TO_SRC, LOG_SRC_TO_DST, LOG_BASES };

static inline void log_bases(const struct layout *l, uint64_t bases[LOG_BASES])
{
    uint64_t dst = (uintptr_t)l->dst, src = (uintptr_t)l->src;
    bases[LOG_NUMBER] = 0;
    bases[LOG_DST] = dst;
    bases[LOG_SRC] = src;
    bases[LOG_DST_TO_SRC] = src - dst;
    bases[LOG_SRC_TO_DST] = dst - src;
}

// How a word is compared: what is taken off it, and which of its bits count then.
enum log_bits { LOG_NO_BITS, LOG_ALL_BITS, LOG_FIRST_FOUR_BYTES, LOG_DIRECTION_FLAG };
struct log_expects {
    uint8_t base; // enum log_base
    uint8_t bits; // enum log_bits
};

// Where the bytes lie that an access stored: an offset into the words, in bytes, or into
// what was captured; or TRACE_NO_VALUE.
#define LOG_CAPTURED (UINT32_C(1) << 31)

struct log_relation {
    struct log_expects *words; // one a word
    uint32_t *values;          // one an access
};

#endif
