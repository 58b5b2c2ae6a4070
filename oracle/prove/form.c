// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/form.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 20, TERMS_MAX = 12 };
// Beyond these the sums of bounds could overflow.
#define TIMES_MAX    ((wide)1 << 48)
#define CONSTANT_MAX ((wide)1 << 70)

struct chunk {
    struct chunk *next;
    size_t bytes, used;
};

struct pool {
    struct chunk *chunks;
    size_t bytes, limit;
    const char *trouble;
    const struct atom **atoms;
    size_t atom_count, atom_capacity;
    const struct form **forms; // hash table, open addressing
    size_t form_count, form_capacity;
    const struct atom **interned; // hash table of atoms that are functions
    size_t interned_count, interned_capacity;
};

// A form in the making.
struct sum {
    struct pool *pool;
    wide c;
    uint32_t count;
    struct term terms[TERMS_MAX + 1];
};

struct pool *pool_new(size_t limit)
{
    struct pool *p = must(calloc(1, sizeof *p));
    p->limit = limit;
    p->form_capacity = p->interned_capacity = 1 << 12;
    p->forms = must(calloc(p->form_capacity, sizeof(void *)));
    p->interned = must(calloc(p->interned_capacity, sizeof(void *)));
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    while (p->chunks) {
        struct chunk *next = p->chunks->next;
        free(p->chunks);
        p->chunks = next;
    }
    free((void *)p->atoms);
    free((void *)p->forms);
    free((void *)p->interned);
    free(p);
}

const char *pool_trouble(const struct pool *p)
{
    return p->trouble;
}

void pool_set_trouble(struct pool *p, const char *why)
{
    if (!p->trouble)
        p->trouble = why;
}

size_t pool_atoms(const struct pool *p)
{
    return p->atom_count;
}

size_t pool_bytes(const struct pool *p)
{
    return p->bytes;
}

const struct atom *pool_atom(const struct pool *p, uint32_t id)
{
    return p->atoms[id];
}

static void add_chunk(struct pool *p, size_t least)
{
    size_t bytes = least > CHUNK_BYTES ? least : CHUNK_BYTES;
    struct chunk *c = must(calloc(1, sizeof *c + 16 + bytes));
    c->bytes = bytes;
    c->next = p->chunks;
    p->chunks = c;
    p->bytes += bytes;
    if (p->bytes > p->limit)
        pool_set_trouble(p, "it takes more memory than it may");
}

void *pool_alloc(struct pool *p, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (!p->chunks || p->chunks->bytes - p->chunks->used < bytes)
        add_chunk(p, bytes);
    uintptr_t start = ((uintptr_t)(p->chunks + 1) + 15) & ~(uintptr_t)15;
    void *memory = (void *)(start + p->chunks->used);
    p->chunks->used += bytes;
    return memory;
}

// ---- hash tables ----

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t hash_form(wide c, const struct term *terms, uint32_t count)
{
    uint64_t h = mix(mix(count, (uint64_t)c), (uint64_t)(c >> 64));
    for (uint32_t i = 0; i < count; i++)
        h = mix(mix(h, terms[i].atom->id), (uint64_t)terms[i].times);
    return h;
}

static bool is_form(const struct form *f, wide c, const struct term *terms, uint32_t count)
{
    if (f->c != c || f->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (f->terms[i].atom != terms[i].atom || f->terms[i].times != terms[i].times)
            return false;
    return true;
}

static const struct form **form_slot(struct pool *p, wide c, const struct term *terms,
                                     uint32_t count)
{
    size_t at = hash_form(c, terms, count) & (p->form_capacity - 1);
    while (p->forms[at] && !is_form(p->forms[at], c, terms, count))
        at = (at + 1) & (p->form_capacity - 1);
    return &p->forms[at];
}

static void grow_forms(struct pool *p)
{
    const struct form **old = p->forms;
    size_t capacity = p->form_capacity;
    p->form_capacity *= 2;
    p->bytes += capacity * sizeof(void *);
    p->forms = must(calloc(p->form_capacity, sizeof(void *)));
    for (size_t i = 0; i < capacity; i++)
        if (old[i])
            *form_slot(p, old[i]->c, old[i]->terms, old[i]->count) = old[i];
    free((void *)old);
}

static const struct form *intern(struct pool *p, wide c, const struct term *terms, uint32_t count)
{
    if (c > CONSTANT_MAX || c < -CONSTANT_MAX)
        pool_set_trouble(p, "a number in it is too large to be followed");
    if (2 * p->form_count > p->form_capacity)
        grow_forms(p);
    const struct form **slot = form_slot(p, c, terms, count);
    if (*slot)
        return *slot;
    struct form *f = pool_alloc(p, sizeof *f + count * sizeof *terms);
    f->c = c;
    f->count = count;
    f->id = (uint32_t)p->form_count++;
    for (size_t i = 0; i < count; i++)
        f->terms[i] = terms[i];
    *slot = f;
    return f;
}

static struct atom *add_atom(struct pool *p, struct atom like)
{
    if (p->atom_count == p->atom_capacity) {
        p->atom_capacity = p->atom_capacity ? 2 * p->atom_capacity : 256;
        p->atoms = must(realloc((void *)p->atoms, p->atom_capacity * sizeof(void *)));
    }
    struct atom *a = pool_alloc(p, sizeof *a);
    *a = like;
    a->id = (uint32_t)p->atom_count;
    p->atoms[p->atom_count++] = a;
    return a;
}

static uint64_t hash_atom(const struct atom *a)
{
    uint64_t h = mix(mix(a->kind, a->k), (uintptr_t)a->arg);
    return mix(h, (uintptr_t)a->other);
}

static bool is_atom(const struct atom *a, const struct atom *b)
{
    return a->kind == b->kind && a->k == b->k && a->arg == b->arg && a->other == b->other;
}

static const struct atom **atom_slot(struct pool *p, const struct atom *like)
{
    size_t at = hash_atom(like) & (p->interned_capacity - 1);
    while (p->interned[at] && !is_atom(p->interned[at], like))
        at = (at + 1) & (p->interned_capacity - 1);
    return &p->interned[at];
}

static void grow_interned(struct pool *p)
{
    const struct atom **old = p->interned;
    size_t capacity = p->interned_capacity;
    p->interned_capacity *= 2;
    p->interned = must(calloc(p->interned_capacity, sizeof(void *)));
    for (size_t i = 0; i < capacity; i++)
        if (old[i])
            *atom_slot(p, old[i]) = old[i];
    free((void *)old);
}

const struct form *form_term(struct pool *p, const struct atom *a)
{
    return intern(p, 0, &(struct term){a, 1}, 1);
}

static const struct form *function_of(struct pool *p, struct atom like)
{
    if (2 * p->interned_count > p->interned_capacity)
        grow_interned(p);
    const struct atom **slot = atom_slot(p, &like);
    if (!*slot) {
        p->interned_count++;
        *slot = add_atom(p, like);
    }
    return form_term(p, *slot);
}

// ---- sums ----

static struct sum sum_of(struct pool *p, const struct form *f)
{
    struct sum s = {.pool = p, .c = f->c, .count = f->count};
    memcpy(s.terms, f->terms, f->count * sizeof *f->terms);
    return s;
}

static bool fits(struct pool *p, wide times)
{
    if (times <= TIMES_MAX && times >= -TIMES_MAX)
        return true;
    pool_set_trouble(p, "a number in it is multiplied too often to be followed");
    return false;
}

static void remove_term(struct sum *s, uint32_t i)
{
    memmove(&s->terms[i], &s->terms[i + 1], (s->count - i - 1) * sizeof *s->terms);
    s->count--;
}

static void sum_add_atom(struct sum *s, const struct atom *a, wide times)
{
    uint32_t i = 0;
    while (i < s->count && s->terms[i].atom->id < a->id)
        i++;
    bool same = i < s->count && s->terms[i].atom == a;
    times += same ? s->terms[i].times : 0;
    if (!fits(s->pool, times))
        return;
    if (same && times == 0) {
        remove_term(s, i);
    } else if (same) {
        s->terms[i].times = (int64_t)times;
    } else if (times != 0 && s->count == TERMS_MAX) {
        pool_set_trouble(s->pool, "a sum in it has too many terms to be followed");
    } else if (times != 0) {
        memmove(&s->terms[i + 1], &s->terms[i], (s->count - i) * sizeof *s->terms);
        s->terms[i] = (struct term){a, (int64_t)times};
        s->count++;
    }
}

static void sum_add(struct sum *s, const struct form *f, wide times)
{
    s->c += f->c * times;
    for (uint32_t i = 0; i < f->count; i++)
        sum_add_atom(s, f->terms[i].atom, f->terms[i].times * times);
}

// 2^k * m * (f / 2^k) is m * (f - f % 2^k).
static bool sum_undo_high(struct sum *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct atom *a = s->terms[i].atom;
        int64_t times = s->terms[i].times;
        if (a->kind != ATOM_HIGH || times % (INT64_C(1) << a->k) != 0)
            continue;
        remove_term(s, i);
        int64_t m = times / (INT64_C(1) << a->k);
        sum_add(s, a->arg, m);
        sum_add(s, form_low(s->pool, form_modulo(s->pool, a->arg, a->k), a->k), -m);
        return true;
    }
    return false;
}

static const struct form *sum_end(struct sum *s)
{
    while (!s->pool->trouble && sum_undo_high(s))
        ;
    return intern(s->pool, s->c, s->terms, s->count);
}

const struct form *form_constant(struct pool *p, wide c)
{
    return intern(p, c, NULL, 0);
}

static bool is_data_kind(enum atom_kind kind)
{
    return kind == ATOM_DATA || kind == ATOM_UNKNOWN || kind == ATOM_INITIAL;
}

const struct form *form_input(struct pool *p, enum atom_kind kind, const char *name, wide lo,
                              wide hi)
{
    struct atom like = {.kind = (uint8_t)kind, .lo = lo, .hi = hi, .data = is_data_kind(kind)};
    snprintf(like.name, sizeof like.name, "%s", name);
    return form_term(p, add_atom(p, like));
}

const struct form *form_data(struct pool *p, const struct form *address, unsigned bytes)
{
    return function_of(p, (struct atom){.kind = ATOM_DATA,
                                        .k = (uint8_t)bytes,
                                        .arg = address,
                                        .data = true,
                                        .hi = ((wide)1 << (8 * bytes)) - 1});
}

const struct form *form_index(struct pool *p, unsigned first, const struct form *turns, wide most)
{
    struct atom like = {
        .kind = ATOM_INDEX, .k = (uint8_t)first, .arg = turns, .lo = first, .hi = most};
    snprintf(like.name, sizeof like.name, "turn");
    return form_term(p, add_atom(p, like));
}

const struct form *form_add_scaled(struct pool *p, const struct form *a, const struct form *b,
                                   wide times)
{
    if (!fits(p, times))
        return a;
    if (b->count == 0)
        return form_plus(p, a, b->c * times);
    struct sum s = sum_of(p, a);
    sum_add(&s, b, times);
    return sum_end(&s);
}

const struct form *form_add(struct pool *p, const struct form *a, const struct form *b)
{
    return form_add_scaled(p, a, b, 1);
}

const struct form *form_sub(struct pool *p, const struct form *a, const struct form *b)
{
    return form_add_scaled(p, a, b, -1);
}

const struct form *form_plus(struct pool *p, const struct form *a, wide c)
{
    return c == 0 ? a : intern(p, a->c + c, a->terms, a->count);
}

const struct form *form_scale(struct pool *p, const struct form *a, wide times)
{
    if (times == 1)
        return a;
    return form_add_scaled(p, form_constant(p, 0), a, times);
}

static wide to_signed64(wide v)
{
    return (int64_t)(uint64_t)v;
}

const struct form *form_reduce(struct pool *p, const struct form *a)
{
    if (a->c == to_signed64(a->c))
        return a; // the terms are far from 2^64: see TIMES_MAX
    return intern(p, to_signed64(a->c), a->terms, a->count);
}

static void modulo_add(struct sum *s, const struct form *f, wide times, unsigned k)
{
    const wide m = (wide)1 << k;
    s->c = (s->c + f->c % m * times) % m;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct atom *a = f->terms[i].atom;
        wide t = (f->terms[i].times * times) % m;
        t = t > m / 2 ? t - m : t < -m / 2 ? t + m : t;
        if (a->kind == ATOM_LOW && a->k >= k)
            modulo_add(s, a->arg, t, k);
        else if (t != 0)
            sum_add_atom(s, a, t);
    }
}

const struct form *form_modulo(struct pool *p, const struct form *a, unsigned k)
{
    const wide m = (wide)1 << k;
    struct sum s = {.pool = p};
    modulo_add(&s, a, 1, k);
    for (uint32_t i = s.count; i-- > 0;) {
        wide t = s.terms[i].times % m;
        t = t > m / 2 ? t - m : t <= -m / 2 ? t + m : t;
        s.terms[i].times = (int64_t)t;
        if (t == 0)
            remove_term(&s, i);
    }
    s.c = (s.c % m + m) % m;
    return intern(p, s.c, s.terms, s.count);
}

const struct form *form_low(struct pool *p, const struct form *a, unsigned k)
{
    const struct form *arg = form_modulo(p, a, k);
    if (arg->count == 0)
        return arg;
    return function_of(p, (struct atom){.kind = ATOM_LOW,
                                        .k = (uint8_t)k,
                                        .arg = arg,
                                        .data = form_is_data(arg),
                                        .hi = ((wide)1 << k) - 1});
}

const struct form *form_high(struct pool *p, const struct form *a, unsigned k)
{
    const wide most = (wide)1 << 66;
    return function_of(p, (struct atom){.kind = ATOM_HIGH,
                                        .k = (uint8_t)k,
                                        .arg = a,
                                        .data = form_is_data(a),
                                        .lo = -most,
                                        .hi = most});
}

const struct form *form_bits(struct pool *p, enum atom_kind kind, const struct form *a,
                             const struct form *b, unsigned k)
{
    bool swap = a->id > b->id; // both orders are one
    return function_of(p, (struct atom){.kind = (uint8_t)kind,
                                        .k = (uint8_t)k,
                                        .arg = swap ? b : a,
                                        .other = swap ? a : b,
                                        .data = form_is_data(a) || form_is_data(b),
                                        .hi = ((wide)1 << k) - 1});
}

int64_t form_times(const struct form *f, const struct atom *a)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->terms[i].atom == a)
            return f->terms[i].times;
    return 0;
}

static bool atom_has(const struct atom *of, const struct atom *a)
{
    return of == a || (of->id > a->id && ((of->arg && form_has(of->arg, a)) ||
                                          (of->other && form_has(of->other, a))));
}

bool form_has(const struct form *f, const struct atom *a)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (atom_has(f->terms[i].atom, a))
            return true;
    return false;
}

bool form_is_data(const struct form *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->terms[i].atom->data)
            return true;
    return false;
}

// The atom's function of other arguments.
static const struct form *again(struct pool *p, const struct atom *a, const struct form *arg,
                                const struct form *other)
{
    switch ((enum atom_kind)a->kind) {
    case ATOM_LOW:
        return form_low(p, arg, a->k);
    case ATOM_HIGH:
        return form_high(p, arg, a->k);
    case ATOM_XOR:
    case ATOM_AND:
        return form_bits(p, (enum atom_kind)a->kind, arg, other, a->k);
    case ATOM_DATA:
        return form_data(p, arg, a->k);
    default:
        return form_term(p, a);
    }
}

const struct form *form_substitute(struct pool *p, const struct form *f, const struct atom *of,
                                   const struct form *by)
{
    if (!form_has(f, of))
        return f;
    struct sum s = {.pool = p, .c = f->c};
    for (uint32_t i = 0; i < f->count; i++) {
        const struct atom *a = f->terms[i].atom;
        if (a == of)
            sum_add(&s, by, f->terms[i].times);
        else if (!atom_has(a, of))
            sum_add_atom(&s, a, f->terms[i].times);
        else
            sum_add(&s,
                    again(p, a, form_substitute(p, a->arg, of, by),
                          a->other ? form_substitute(p, a->other, of, by) : NULL),
                    f->terms[i].times);
    }
    return sum_end(&s);
}

static int64_t common(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a < 0 ? -a : a;
}

const struct form *form_direction(struct pool *p, const struct form *f, int64_t *by)
{
    int64_t g = 0;
    for (uint32_t i = 0; i < f->count && g != 1; i++)
        g = common(g, f->terms[i].times);
    g = f->count == 0 ? 1 : f->terms[0].times < 0 ? -g : g;
    *by = g;
    struct sum s = sum_of(p, f);
    s.c = 0;
    for (uint32_t i = 0; i < s.count; i++)
        s.terms[i].times /= g;
    return intern(p, 0, s.terms, s.count);
}

// ---- at a point ----

void point_init(struct point *at, const struct pool *p)
{
    *at = (struct point){.pool = p, .count = pool_atoms(p)};
    at->value = must(calloc(at->count + 1, sizeof *at->value));
    at->state = must(calloc(at->count + 1, sizeof *at->state));
}

void point_free(struct point *at)
{
    free(at->value);
    free(at->state);
}

void point_clear(struct point *at)
{
    if (at->count > 0)
        memset(at->state, 0, at->count);
}

void point_set(struct point *at, const struct atom *a, wide value)
{
    if (a->id >= at->count)
        return;
    at->value[a->id] = value;
    at->state[a->id] = POINT_SET;
}

void point_unset(struct point *at, const struct atom *a)
{
    if (a->id < at->count)
        at->state[a->id] = POINT_OPEN;
}

bool point_is_set(const struct point *at, const struct atom *a)
{
    return a->id < at->count && at->state[a->id] == POINT_SET;
}

void point_forget(struct point *at)
{
    for (size_t i = 0; i < at->count; i++)
        if (at->state[i] != POINT_SET)
            at->state[i] = POINT_OPEN;
}

static bool data_at(const struct atom *a, wide address, struct point *at, wide *out)
{
    wide v = 0;
    for (unsigned i = 0; i < a->k; i++) {
        int byte = at->byte ? at->byte(at->context, (uint64_t)address + i) : -1;
        if (byte < 0)
            return false;
        v |= (wide)byte << (8 * i);
    }
    *out = v;
    return true;
}

static wide picked_turn(const struct atom *a, wide turns, const struct point *at)
{
    wide last = turns - 1 > a->k ? turns - 1 : a->k;
    return at->pick == PICK_LAST ? last : at->pick == PICK_MIDDLE ? (a->k + last) / 2 : a->k;
}

static wide floor_high(wide v, unsigned k)
{
    return v >> k;
}

static bool atom_at(const struct atom *a, struct point *at, wide *out)
{
    wide x = 0, y = 0;
    if (!a->arg || !form_at(a->arg, at, &x) || (a->other && !form_at(a->other, at, &y)))
        return false;
    switch ((enum atom_kind)a->kind) {
    case ATOM_LOW:
        *out = x & (((wide)1 << a->k) - 1);
        return true;
    case ATOM_HIGH:
        *out = floor_high(x, a->k);
        return true;
    case ATOM_XOR:
        *out = x ^ y;
        return true;
    case ATOM_AND:
        *out = x & y;
        return true;
    case ATOM_DATA:
        return data_at(a, x, at, out);
    case ATOM_INDEX:
        *out = picked_turn(a, x, at);
        return true;
    default:
        return false;
    }
}

static bool known_at(const struct atom *a, struct point *at, wide *out)
{
    if (a->id >= at->count)
        return atom_at(a, at, out);
    if (at->state[a->id] == POINT_OPEN)
        at->state[a->id] = atom_at(a, at, &at->value[a->id]) ? POINT_KNOWN : POINT_UNKNOWN;
    *out = at->value[a->id];
    return at->state[a->id] == POINT_KNOWN || at->state[a->id] == POINT_SET;
}

bool form_at(const struct form *f, struct point *at, wide *out)
{
    return form_at_without(f, NULL, at, out);
}

bool form_at_without(const struct form *f, const struct atom *a, struct point *at, wide *out)
{
    wide v = f->c;
    for (uint32_t i = 0; i < f->count; i++) {
        wide x;
        if (f->terms[i].atom == a)
            continue;
        if (!known_at(f->terms[i].atom, at, &x))
            return false;
        v += x * f->terms[i].times;
    }
    *out = v;
    return true;
}
