// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One record in the log stands for a whole run of instructions. A segment is
// such a run, within a basic block: every address that it touches is a sum of
// registers as they were at its start and of constants, so those registers,
// written once, are all the log needs. Descriptors tell how to get the accesses
// back. An instruction whose address cannot be had that way starts a new
// segment.
//
// A record is 8-byte words: word 0 is the segment's number, the others are its
// slots.
//
// A block of which it is to be known whether it ran begins with a segment, of which
// the first accesses are part if there are any: mostly the record that it would
// write anyway.

#ifndef STORESCOPE_REWRITE_SEGMENT_H
#define STORESCOPE_REWRITE_SEGMENT_H

#include "record/rewrite/decode.h"
#include "trace/trace.h"

enum slot_kind {
    SLOT_GPR,           // a general register
    SLOT_K,             // an opmask register
    SLOT_VECTOR,        // a vector register, 1 to 8 words
    SLOT_DF,            // flags word of which bit 10 is the direction flag
    SLOT_PREDICATE,     // an SVE predicate
    SLOT_GPR_AFTER,     // a general register after the segment's first instruction
    SLOT_STATUS_AFTER,  // of a store-exclusive, after it
    SLOT_VALUE_AFTER,   // value mode: what a store-exclusive stored, if it did
    SLOT_COUNTER_AFTER, // rcx after the instruction, for repe and repne
    SLOT_ADDRESS,       // value mode: address of the store that follows
    SLOT_VALUE,         // value mode: what it stored, 1 to 64 words
    SLOT_CALL,          // a call out of the copy, after the instruction (rewrite_call_out);
                        // value mode: where the captured bytes lie
};

struct slot {
    uint8_t kind; // enum slot_kind
    uint8_t reg;
    uint8_t word;  // first word in the record
    uint8_t bytes; // SLOT_VECTOR
    uint8_t class; // SLOT_VECTOR: enum vector_class
};

enum descriptor_shape {
    SHAPE_PLAIN,
    SHAPE_STRING,
    SHAPE_MASKED,
    SHAPE_GATHER,
    SHAPE_PART,
    SHAPE_PAIR,
    SHAPE_PREDICATED,
    SHAPE_CONDITIONAL
};

struct descriptor {
    struct access access; // all but the address, which is `addr` plus registers
    uint8_t a, b;         // addr += word[a] * a_times + word[b] * b_times
    uint8_t a_times, b_times;
    bool plain;         // one access, of which all but the address is known
    bool captured;      // value_word is a SLOT_CALL
    uint8_t value_word; // value mode: SLOT_VALUE or SLOT_CALL, else 0
    uint8_t shape;      // enum descriptor_shape
    bool addr32;
    bool aligned;          // addr is cut down to a multiple of the width
    uint64_t segment_base; // with addr32: added after the cut, else part of the address
    // SHAPE_STRING
    uint8_t count_word; // rcx before; 0: one element
    uint8_t df_word;
    uint8_t after_word; // rcx after, 0: all of count
    // SHAPE_MASKED, SHAPE_GATHER
    uint8_t mask; // enum mem_mask
    uint8_t mask_word;
    uint8_t element; // bytes
    bool whole, compressed;
    uint8_t vindex_word, vindex_bytes, vindex_times;
    uint16_t elements;
    // SHAPE_PREDICATED, see struct mem
    uint8_t lanes, structure;
    // SHAPE_CONDITIONAL: it stored if what these words hold is the same, of each the
    // low bytes; word 0: zero
    uint8_t before_word[2], stored_word[2], compared_bytes;
    // SHAPE_PART, see struct mem
    uint8_t part_word, part_bytes, part_shift, part_times;
    bool part_signed;
};

// A segment with BUSY slots takes no further instruction, so that registers are
// left to write its record with.
enum { SEGMENT_SLOTS_MAX = 24, SEGMENT_SLOTS_BUSY = 5 };

// What is asked of it for each record comes first.
struct segment {
    uint32_t first, count; // descriptors
    uint32_t words;        // length of its record
    uint32_t block;        // hash of the place of the block that it begins; 0: none
    bool plain;            // every descriptor is, and has no value
    bool reached;          // of a block: it was entered
    uint8_t slot_count;
    struct slot slots[SEGMENT_SLOTS_MAX];
    uint32_t insn;  // first of that block, index into program.insns
    uint32_t insns; // how many it has
};

struct segment_table {
    struct segment *segments; // [0] is not used: a zeroed log is no record
    size_t count, capacity;
    struct descriptor *descriptors;
    size_t descriptor_count, descriptor_capacity;
};

void segment_table_init(struct segment_table *t);
void segment_table_free(struct segment_table *t);

// A general register's value, as a sum over the registers at the segment's
// start: a + b * times + disp. GPR_NONE: no such term.
struct symbol {
    bool known;
    uint8_t a, b, times;
    int64_t disp;
};

struct segment_rules {
    bool loads;       // describe loads too
    bool values;      // value mode: each storing instruction by itself
    bool fifo;        // each loading instruction by itself, with a call after it
    bool whole_pairs; // AArch64: aligned pairs of 8 bytes are one access of 16
    uint64_t fs_base, gs_base;
};

// Builds the segments of one block, instruction by instruction.
struct segment_builder {
    struct segment_table *table;
    const struct segment_rules *rules;
    uint32_t current; // 0: none open
    bool closed;      // the next access starts a new one
    bool opens;       // the next instruction begins a segment, accesses or not
    bool monitored;   // between a load-exclusive and its store, where no record may come
    struct symbol symbols[GPR_MOST];
    uint8_t gpr_word[GPR_MOST]; // word of SLOT_GPR in the current segment
};

// Where an instruction stands with the log.
struct segment_step {
    bool starts;      // its record is written before this instruction
    uint32_t segment; // the last one started in the block, 0: none
    uint32_t done;    // that segment's descriptors that come before it
};

// NAMED: the block is to begin with a segment.
void segment_begin_block(struct segment_builder *b, struct segment_table *table,
                         const struct segment_rules *rules, bool named);

// Takes the next instruction of the block; SITE is its site's index. False when
// its accesses do not fit a record: it must then be refused.
bool segment_take(struct segment_builder *b, const struct insn *in, uint32_t site,
                  struct segment_step *out);

#endif
