// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which rules say nothing of an op.

#include "judge/rules.h"

#define BIT(id) (UINT64_C(1) << (id))

// Of a source: those about loads from the destination, or beyond, stay.
#define SOURCE_RULES                                                                               \
    (BIT(RULE_REPEATED_LOAD) | BIT(RULE_SPLIT_LOAD) | BIT(RULE_TORN_LOAD) |                        \
     BIT(RULE_REORDERED_LOAD) | BIT(RULE_UNORDERED_LOAD) | BIT(RULE_MISALIGNED_LOAD) |             \
     BIT(RULE_WIDE_LOAD) | BIT(RULE_NARROW_LOAD) | BIT(RULE_VECTOR_LOAD) | BIT(RULE_STRING_LOAD) | \
     BIT(RULE_ATOMIC_LOAD) | BIT(RULE_PAIRED_LOAD) | BIT(RULE_WRITEBACK_LOAD) |                    \
     BIT(RULE_X87_LOAD))

// What is stored at one address, again and again, is judged by what it adds up to:
// wrong-data.
static const struct {
    uint64_t rules;
    const char *why;
} not_asked[OP_COUNT] = {
    [OP_SET] = {SOURCE_RULES, "which has no source"},
    [OP_TO_FIFO] =
        {BIT(RULE_WRONG_RETURN) | BIT(RULE_DUPLICATE_STORE) | BIT(RULE_OVERLAPPING_STORE) |
             BIT(RULE_TRANSIENT_VALUE) | BIT(RULE_SPLIT_STORE) | BIT(RULE_TORN_ELEMENT) |
             BIT(RULE_REORDERED_STORE) | BIT(RULE_UNORDERED_STORE) | BIT(RULE_LAST_BYTE_NOT_LAST) |
             BIT(RULE_BROKEN_BURST) | BIT(RULE_UNFLUSHED_STORE),
         "whose stores all go to one address (wrong-data is about their order), and which returns "
         "what it likes"},
    [OP_FROM_FIFO] =
        {BIT(RULE_WRONG_RETURN) | BIT(RULE_REPEATED_LOAD) | BIT(RULE_SPLIT_LOAD) |
             BIT(RULE_TORN_LOAD) | BIT(RULE_REORDERED_LOAD) | BIT(RULE_UNORDERED_LOAD),
         "whose loads all come from one address (wrong-data is about their order), and which "
         "returns what it likes"},
};

uint64_t rules_not_asked(enum copy_op op)
{
    return not_asked[op].rules;
}

const char *rules_not_asked_why(enum copy_op op)
{
    return not_asked[op].why;
}
