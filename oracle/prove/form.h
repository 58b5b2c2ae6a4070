// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Numbers that a proof computes with: c + k1 * a1 + k2 * a2 + ..., where c and the k are
// known integers and the a are atoms: what the call was given (destination, source, size),
// bytes of the source, or a function of another form that is none of its own kind, such as
// its lowest bits. They are mathematical integers; a register holds one that is right modulo
// 2^64, and who needs the number itself asks for it (machine.h: machine_norm).
//
// A pool owns all forms and atoms of one proof. Forms are unique: equal ones have one
// address. Nothing is ever taken out; what does not fit a pool's limit, or numbers that
// grow beyond what bounds are computed in, are trouble (pool_trouble), after which every result is worth
// nothing and the proof ends.

#ifndef STORESCOPE_PROVE_FORM_H
#define STORESCOPE_PROVE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 wide;

enum atom_kind {
    ATOM_INPUT,   // of the call: each point says what it is
    ATOM_TURNS,   // how often a loop was gone through; follows from the others
    ATOM_INDEX,   // any of a loop's turns: from `k` to `arg` - 1
    ATOM_INITIAL, // what a register held that the caller need not have set
    ATOM_DATA,    // `k` bytes of the source from address `arg` on, as a number
    ATOM_UNKNOWN, // anything within its bounds
    ATOM_LOW,     // arg modulo 2^k
    ATOM_HIGH,    // arg divided by 2^k, rounded down
    ATOM_XOR,     // arg ^ other, both from 0 to 2^k - 1
    ATOM_AND,     // arg & other, likewise
};

struct form;

struct atom {
    uint32_t id;
    uint8_t kind; // enum atom_kind
    uint8_t k;
    bool data; // depends on bytes of the source, or on what is not known
    const struct form *arg, *other;
    wide lo, hi; // what it can ever be
    char name[16];
};

struct term {
    const struct atom *atom;
    int64_t times;
};

struct form {
    wide c;
    uint32_t id;
    uint32_t count;
    struct term terms[]; // in the order of their atoms' numbers, none times 0
};

struct pool;

// LIMIT: bytes that it may take.
struct pool *pool_new(size_t limit);
void pool_free(struct pool *p);
// Zeroed, aligned to 16 bytes, until the pool is freed. Never NULL: beyond the limit it is had
// all the same, and there is trouble.
void *pool_alloc(struct pool *p, size_t bytes);
// Why nothing computed from now on is to be trusted, or NULL.
const char *pool_trouble(const struct pool *p);
// For others' limits: the first one stays.
void pool_set_trouble(struct pool *p, const char *why);
size_t pool_atoms(const struct pool *p);
size_t pool_bytes(const struct pool *p);
const struct atom *pool_atom(const struct pool *p, uint32_t id);

const struct form *form_constant(struct pool *p, wide c);
// A new atom of that kind, unlike all others.
const struct form *form_input(struct pool *p, enum atom_kind kind, const char *name, wide lo,
                              wide hi);
const struct form *form_data(struct pool *p, const struct form *address, unsigned bytes);
// FIRST to TURNS - 1, where that is at most MOST. What it is below is the caller's to assume.
const struct form *form_index(struct pool *p, unsigned first, const struct form *turns, wide most);
const struct form *form_add(struct pool *p, const struct form *a, const struct form *b);
const struct form *form_sub(struct pool *p, const struct form *a, const struct form *b);
const struct form *form_plus(struct pool *p, const struct form *a, wide c);
const struct form *form_scale(struct pool *p, const struct form *a, wide times);
// a + times * b
const struct form *form_add_scaled(struct pool *p, const struct form *a, const struct form *b,
                                   wide times);
// Numbers of A as near to zero as they may be, right modulo 2^64.
const struct form *form_reduce(struct pool *p, const struct form *a);

// What A modulo 2^k depends on, as simple as may be: equal modulo 2^k.
const struct form *form_modulo(struct pool *p, const struct form *a, unsigned k);
// Atoms of it, where it is not known better (know_low, know_high).
const struct form *form_low(struct pool *p, const struct form *a, unsigned k);
const struct form *form_high(struct pool *p, const struct form *a, unsigned k);
const struct form *form_bits(struct pool *p, enum atom_kind kind, const struct form *a,
                             const struct form *b, unsigned k);

static inline bool form_is_constant(const struct form *f)
{
    return f->count == 0;
}
// The atom where the form is just that, or NULL.
static inline const struct atom *form_atom(const struct form *f)
{
    return f->count == 1 && f->c == 0 && f->terms[0].times == 1 ? f->terms[0].atom : NULL;
}
// That form of an atom.
const struct form *form_term(struct pool *p, const struct atom *a);
// How often the atom is in it, not counting what is within other atoms.
int64_t form_times(const struct form *f, const struct atom *a);
// Does it depend on the atom, through others too?
bool form_has(const struct form *f, const struct atom *a);
// ... on bytes of the source, or on what is not known or not set?
bool form_is_data(const struct form *f);
// With OF replaced by BY, through other atoms too.
const struct form *form_substitute(struct pool *p, const struct form *f, const struct atom *of,
                                   const struct form *by);
// The direction of a form: its terms alone, divided by what they have in common, the first
// positive; f = by * direction + c.
const struct form *form_direction(struct pool *p, const struct form *f, int64_t *by);

// ---- at a point ----

// Values of inputs; of all else they follow. `byte` gives the byte of the source at an
// address, or less than zero where it is not known.
struct point {
    const struct pool *pool;
    size_t count; // atoms that there is room for; others have no value
    wide *value;
    uint8_t *state; // enum point_state
    uint8_t pick;   // enum point_pick: which turn an index is that has no value
    int (*byte)(void *context, uint64_t address);
    void *context;
};
enum point_state { POINT_OPEN, POINT_KNOWN, POINT_UNKNOWN, POINT_SET };
enum point_pick { PICK_FIRST, PICK_LAST, PICK_MIDDLE, PICK_COUNT };

void point_init(struct point *at, const struct pool *p);
void point_free(struct point *at);
void point_clear(struct point *at); // of all values
void point_set(struct point *at, const struct atom *a, wide value);
// The atom has no value any more.
void point_unset(struct point *at, const struct atom *a);
bool point_is_set(const struct point *at, const struct atom *a);
// What follows from values is to be found again, as some have changed.
void point_forget(struct point *at);
// False when some atom of it has no value there.
bool form_at(const struct form *f, struct point *at, wide *out);
// ... but for its term of the atom.
bool form_at_without(const struct form *f, const struct atom *a, struct point *at, wide *out);

#endif
