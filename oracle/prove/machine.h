// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The state of a CPU on one path, and what an instruction may ask of it. A state is
// copied as it is: what it points to is the pool's, and never changes.
//
// An instruction asks by `decide`. Where both answers can be, the execution is to be split
// there: the question is noted, and whatever the instruction does from then on is thrown
// away; it runs again on either side. So nothing that it computes then matters, as long as
// it comes to an end.

#ifndef STORESCOPE_PROVE_MACHINE_H
#define STORESCOPE_PROVE_MACHINE_H

#include "prove/bytes.h"
#include "prove/cpu.h"
#include "prove/know.h"

enum { GPRS = 32, VECTORS = 32, MASKS = 8 };
enum { VECTOR_BYTES = 64 };

enum value_kind { VALUE_NUMBER, VALUE_BYTES, VALUE_RUN };

// A number is right modulo 2^64. A run has the bits from lo to hi - 1 set.
struct value {
    enum value_kind kind;
    const struct form *number; // or lo
    const struct form *hi;
    const struct bytes *bytes; // as many as the register, or the operand, has
};

enum flags_kind {
    FLAGS_UNKNOWN,
    FLAGS_SUM,        // of a + b
    FLAGS_DIFFERENCE, // of a - b
    FLAGS_LOGIC,      // of a
    FLAGS_COUNTED,    // of a + b, but the carry is `older`'s
    FLAGS_COUNTED_DOWN,
    FLAGS_PARTS, // what the `has_` say
    FLAGS_FIXED, // of AArch64: `bits` are N, Z, C and V, from bit 3 down
};

struct flags {
    enum flags_kind kind;
    unsigned bits; // of the operands
    const struct form *a, *b;
    const struct flags *older;
    bool has_zero, has_carry, has_sign; // FLAGS_PARTS; zero and sign are a's
    enum answer carry;                  // OPEN: `carry_if` holds
    struct claim carry_if;
};

// What was stored to the stack, the latest first.
struct stacked {
    const struct stacked *before;
    int64_t at; // from rsp at entry
    const struct bytes *bytes;
};

enum event_place { PLACE_DST, PLACE_SRC, PLACE_EITHER, PLACE_STACK, PLACE_IMAGE, PLACE_NONE };

struct event;

// The accesses of a loop that was gone through any number of times. Each turn makes the same
// ones, at addresses that the turn's number is in as it is: `index`, from 0 to turns - 1.
struct family {
    const struct atom *index;
    const struct form *turns;    // at least 1
    const struct event **events; // of one turn, in program order
    size_t count;
};

// An access in program order, the latest first. With a family it is all of the family's of
// its kind and place, together: lo to hi is all that they touch.
struct event {
    const struct event *before;
    uint32_t index;
    enum access_kind kind;
    enum event_place place;
    const struct step *step;
    const struct form *address; // of the access; a string's first element
    const struct form *lo, *hi; // bytes touched
    unsigned width;             // of an element
    const struct form *count;   // elements; NULL: one
    bool down;                  // a string's elements lie below one another
    bool masked;
    const struct bytes *bytes; // stored; NULL for a string: bytes from `from` on
    const struct form *from;
    const struct family *family;
    bool leads;      // the first of its family's events
    bool continues;  // made by the execution that made one of its kind before it
    bool exact;      // each byte from lo to hi is touched by one access, and no other
    int64_t step_by; // from turn to turn
    const struct event *first, *last; // accesses, in program order
};

struct machine {
    uint64_t pc;
    struct value regs[GPRS];
    const struct bytes *vectors[VECTORS];
    const struct bytes *none;  // what a vector register holds at first
    struct value masks[MASKS]; // runs; number NULL: not known
    struct flags flags;
    bool down; // the direction flag
    const struct stacked *stack;
    const struct event *events;
};

enum execution_end {
    EXECUTION_NEXT,
    EXECUTION_SPLIT,
    EXECUTION_UNKNOWN, // not modelled: `why`
    EXECUTION_CRASH,   // faults: `why`
    EXECUTION_RETURN
};

// What the call was given, and the memory that there is.
struct setting {
    const struct prove_cpu *cpu;
    enum event_place overlap; // PLACE_NONE: the two buffers lie apart
    const struct form *dst, *src, *n;
    const struct atom *dst_atom, *src_atom; // that addresses are recognised by
    const struct form *rsp;
    const struct atom *rsp_atom;
    const struct form *caller; // where it is to return to, which may be anywhere
    struct value initial[GPRS];
};

// An instruction that is being executed.
struct execution {
    struct pool *pool;
    struct known *known;
    struct machine *m;
    const struct code *program;
    const struct setting *setting;
    const struct step *step;
    enum execution_end end;
    struct claim split;
    const char *why;
    bool continues;         // it has made an access already, and the next is of its kind
    bool assumed_constants; // a writable variable was taken as it was loaded
    uint64_t assumed_at[8];
    unsigned assumed_count;
    struct claim decided[16]; // what it asked for, as it is; the first few
    unsigned decided_count;
};

void execution_unknown(struct execution *x, const char *why);
void execution_crash(struct execution *x, const char *why);

bool decide(struct execution *x, struct claim c);
// The number's value, by splitting over all that it may have; at most MOST of them.
wide decide_value(struct execution *x, const struct form *f, unsigned most);
// F modulo 2^bits, as a number from 0 to 2^bits - 1.
const struct form *norm(struct execution *x, const struct form *f, unsigned bits);
// The same as a signed number.
const struct form *norm_signed(struct execution *x, const struct form *f, unsigned bits);
bool is_negative(struct execution *x, const struct form *f, unsigned bits);
bool is_zero_number(struct execution *x, const struct form *f, unsigned bits);

// A jump through what is computed: one path for each place.
const struct form *settle(struct execution *x, const struct form *to);
void go_to(struct execution *x, const struct form *to);

struct value value_number(const struct form *f);
struct value value_bytes(const struct bytes *b);
// As a number, right modulo 2^(8 * bytes).
const struct form *value_to_number(struct execution *x, struct value v);
const struct bytes *value_to_bytes(struct execution *x, struct value v, unsigned count);

// A general register by its number; OFFSET is 1 for ah and its like. Widths are in bytes.
struct value reg_value(struct execution *x, unsigned reg, unsigned offset, unsigned width);
const struct form *reg_number(struct execution *x, unsigned reg, unsigned offset, unsigned width);
void reg_set(struct execution *x, unsigned reg, unsigned offset, unsigned width, struct value v);

// Flags of the instruction before, as the condition codes' low nibble has them.
bool condition_code(struct execution *x, unsigned code);
bool carry_flag(struct execution *x);

// WIDTH bytes at ADDRESS. ALIGNED: it faults where that is no multiple of it; 0: never. MASK
// is NULL or a run of bytes that are touched.
struct value memory_load(struct execution *x, const struct form *address, unsigned width,
                         unsigned aligned, const struct value *mask);
void memory_store(struct execution *x, const struct form *address, unsigned width, unsigned aligned,
                  const struct value *mask, const struct bytes *bytes);
// COUNT elements, moved one by one from FROM to TO.
void memory_move(struct execution *x, const struct form *to, const struct form *from,
                 unsigned width, const struct form *count);
// A fence, or a flush of a line.
void memory_event(struct execution *x, enum access_kind kind, const struct form *address);

#endif
