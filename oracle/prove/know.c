// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/know.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct bound_entry {
    const struct atom *atom;
    struct bounds b;
};
struct fact_entry {
    const struct form *direction;
    struct bounds b;
};
// Bit r: the direction may be r modulo 64.
struct residue_entry {
    const struct form *direction;
    uint64_t may;
};

enum { RESIDUES = 64, RESIDUE_BITS = 6, GROUP_MAX = 8 };
#define ALL_RESIDUES UINT64_MAX
#define FAR          ((wide)1 << 80)

static wide floor_div(wide a, wide b)
{
    wide q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static wide ceil_div(wide a, wide b)
{
    return -floor_div(-a, b);
}

static wide modulo(wide a, wide m)
{
    wide r = a % m;
    return r < 0 ? r + m : r;
}

// ---- life ----

void known_init(struct known *k, struct pool *pool)
{
    *k = (struct known){.pool = pool};
}

static void *copied(const void *from, size_t count, size_t bytes)
{
    if (count == 0)
        return NULL;
    void *to = must(malloc(count * bytes));
    memcpy(to, from, count * bytes);
    return to;
}

void known_copy(struct known *to, const struct known *from)
{
    *to = *from;
    to->bounds = copied(from->bounds, from->bound_count, sizeof *from->bounds);
    to->facts = copied(from->facts, from->fact_count, sizeof *from->facts);
    to->residues = copied(from->residues, from->residue_count, sizeof *from->residues);
    to->unequal = copied(from->unequal, from->unequal_count, sizeof *from->unequal);
    to->bound_capacity = from->bound_count;
    to->fact_capacity = from->fact_count;
    to->residue_capacity = from->residue_count;
    to->unequal_capacity = from->unequal_count;
}

void known_free(struct known *k)
{
    free(k->bounds);
    free(k->facts);
    free(k->residues);
    free((void *)k->unequal);
    *k = (struct known){.pool = k->pool, .dead = true};
}

// Room for one more.
static void *grown(void *items, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 8;
    return must(realloc(items, *capacity * bytes));
}

// ---- what is kept ----

static struct bound_entry *find_bound(const struct known *k, const struct atom *a)
{
    for (size_t i = k->bound_count; i-- > 0;)
        if (k->bounds[i].atom == a)
            return &k->bounds[i];
    return NULL;
}

static struct bounds bounds_of(const struct known *k, const struct atom *a)
{
    const struct bound_entry *e = find_bound(k, a);
    return e ? e->b : (struct bounds){a->lo, a->hi};
}

static struct fact_entry *find_fact(const struct known *k, const struct form *direction)
{
    for (size_t i = k->fact_count; i-- > 0;)
        if (k->facts[i].direction == direction)
            return &k->facts[i];
    return NULL;
}

static uint64_t residues_of(const struct known *k, const struct form *direction)
{
    for (size_t i = 0; i < k->residue_count; i++)
        if (k->residues[i].direction == direction)
            return k->residues[i].may;
    return ALL_RESIDUES;
}

static void set_residues(struct known *k, const struct form *direction, uint64_t may)
{
    for (size_t i = 0; i < k->residue_count; i++) {
        if (k->residues[i].direction == direction) {
            k->residues[i].may = may;
            return;
        }
    }
    k->residues = grown(k->residues, k->residue_count, &k->residue_capacity, sizeof *k->residues);
    k->residues[k->residue_count++] = (struct residue_entry){direction, may};
}

// ---- groups: terms whose value follows from one direction modulo 64 ----

// Of a LOW atom: times * ((sign * r + c) mod 2^k); of an input of few values, the
// lowest of which is c: times * (c + (r - c) mod 64).
struct member {
    int64_t times;
    wide c;
    int8_t sign; // 0: an input
    uint8_t k;
};

struct group {
    const struct form *direction;
    struct member members[GROUP_MAX];
    size_t count;
};

static wide group_value(const struct group *g, int r)
{
    wide v = 0;
    for (size_t i = 0; i < g->count; i++) {
        const struct member *m = &g->members[i];
        if (m->sign == 0)
            v += m->times * (m->c + modulo(r - m->c, RESIDUES));
        else
            v += m->times * modulo(m->sign * r + m->c, (wide)1 << m->k);
    }
    return v;
}

static bool is_small_low(const struct atom *a)
{
    return a->kind == ATOM_LOW && a->k <= RESIDUE_BITS;
}

// A LOW atom's argument is a direction times 1 or -1, or it is in no group.
static bool low_member(const struct known *k, const struct term *t, const struct form **direction,
                       struct member *out)
{
    int64_t by;
    const struct form *d = form_direction(k->pool, t->atom->arg, &by);
    if (by != 1 && by != -1)
        return false;
    *direction = d;
    *out = (struct member){t->times, t->atom->arg->c, (int8_t)by, t->atom->k};
    return true;
}

// An input of few values follows from its residue.
static bool input_member(const struct known *k, const struct term *t, struct member *out)
{
    struct bounds b = bounds_of(k, t->atom);
    *out = (struct member){t->times, b.lo, 0, 0};
    return b.hi - b.lo < RESIDUES;
}

static struct bounds group_bounds(const struct known *k, const struct group *g)
{
    uint64_t may = residues_of(k, g->direction);
    struct bounds b = {FAR, -FAR};
    for (; may; may &= may - 1) {
        wide v = group_value(g, __builtin_ctzll(may));
        b.lo = v < b.lo ? v : b.lo;
        b.hi = v > b.hi ? v : b.hi;
    }
    return b.lo > b.hi ? (struct bounds){0, 0} : b;
}

enum { GROUPS_MAX = 4 };

// A form, taken apart into groups and the bounds of what is in none.
struct parts {
    struct group groups[GROUPS_MAX];
    size_t count;
    struct bounds rest;
    size_t alone; // terms in no group
};

static struct group *group_of(struct parts *parts, const struct form *direction)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->groups[i].direction == direction)
            return &parts->groups[i];
    return NULL;
}

static bool join(struct parts *parts, const struct form *direction, struct member m)
{
    struct group *g = group_of(parts, direction);
    if (!g && parts->count < GROUPS_MAX) {
        g = &parts->groups[parts->count++];
        g->direction = direction;
        g->count = 0;
    }
    if (!g || g->count == GROUP_MAX)
        return false;
    g->members[g->count++] = m;
    return true;
}

static void add_bounds(struct bounds *sum, struct bounds b, int64_t times)
{
    sum->lo += times * (times > 0 ? b.lo : b.hi);
    sum->hi += times * (times > 0 ? b.hi : b.lo);
}

static bool join_low(const struct known *k, const struct term *t, struct parts *parts)
{
    const struct form *direction;
    struct member m;
    return is_small_low(t->atom) && low_member(k, t, &direction, &m) && join(parts, direction, m);
}

static bool join_input(const struct known *k, const struct term *t, struct parts *parts)
{
    struct member m;
    if (parts->count == 0 || !input_member(k, t, &m))
        return false;
    const struct form *direction = form_term(k->pool, t->atom);
    return group_of(parts, direction) && join(parts, direction, m);
}

static void take_apart(const struct known *k, const struct form *f, struct parts *parts)
{
    bool joined[32] = {false};
    parts->count = parts->alone = 0;
    parts->rest = (struct bounds){f->c, f->c};
    for (uint32_t i = 0; i < f->count; i++)
        joined[i] = join_low(k, &f->terms[i], parts);
    for (uint32_t i = 0; i < f->count; i++) {
        if (joined[i] || join_input(k, &f->terms[i], parts))
            continue;
        add_bounds(&parts->rest, bounds_of(k, f->terms[i].atom), f->terms[i].times);
        parts->alone++;
    }
}

// ---- bounds ----

static struct bounds cut(struct bounds a, struct bounds b)
{
    return (struct bounds){a.lo > b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi};
}

static struct bounds plain_bounds(const struct known *k, const struct form *f)
{
    struct bounds b = {f->c, f->c};
    for (uint32_t i = 0; i < f->count; i++)
        add_bounds(&b, bounds_of(k, f->terms[i].atom), f->terms[i].times);
    return b;
}

static struct bounds scaled(struct bounds b, int64_t by, struct bounds more)
{
    wide lo = by > 0 ? b.lo : b.hi, hi = by > 0 ? b.hi : b.lo;
    return (struct bounds){lo == FAR || lo == -FAR ? -FAR : by * lo + more.lo,
                           hi == FAR || hi == -FAR ? FAR : by * hi + more.hi};
}

// By one fact about some of the terms, and the bounds of the others.
static struct bounds fact_bounds(const struct known *k, const struct form *f,
                                 const struct fact_entry *fact)
{
    const struct term *first = &fact->direction->terms[0];
    int64_t times = form_times(f, first->atom);
    if (times == 0 || times % first->times != 0)
        return (struct bounds){-FAR, FAR};
    int64_t by = times / first->times;
    const struct form *rest = form_add_scaled(k->pool, f, fact->direction, -by);
    if (rest->count >= f->count)
        return (struct bounds){-FAR, FAR};
    return scaled(fact->b, by, plain_bounds(k, rest));
}

static struct bounds by_facts(const struct known *k, const struct form *f, struct bounds b)
{
    int64_t by;
    const struct fact_entry *own = find_fact(k, form_direction(k->pool, f, &by));
    if (own)
        return cut(b, scaled(own->b, by, (struct bounds){f->c, f->c}));
    for (size_t i = 0; i < k->fact_count && b.lo < b.hi; i++)
        b = cut(b, fact_bounds(k, f, &k->facts[i]));
    return b;
}

// What is a constant modulo 2^k is only some of the numbers between its bounds.
static struct bounds by_stride(const struct known *k, const struct form *f, struct bounds b)
{
    unsigned most = 0;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->terms[i].atom->kind == ATOM_LOW && f->terms[i].atom->k > most)
            most = f->terms[i].atom->k;
    if (most == 0 || b.lo >= b.hi)
        return b;
    const struct form *r = form_modulo(k->pool, f, most);
    if (r->count != 0)
        return b;
    wide m = (wide)1 << most;
    b.lo += modulo(r->c - b.lo, m);
    b.hi -= modulo(b.hi - r->c, m);
    return b;
}

struct bounds known_bounds(const struct known *k, const struct form *f)
{
    if (f->count == 0)
        return (struct bounds){f->c, f->c};
    struct parts parts;
    take_apart(k, f, &parts);
    struct bounds b = parts.rest;
    for (size_t i = 0; i < parts.count; i++)
        add_bounds(&b, group_bounds(k, &parts.groups[i]), 1);
    if (f->count == 1)
        return b;
    b = by_facts(k, f, b);
    return by_stride(k, f, b);
}

// ---- what follows ----

static void take_residues(struct known *k, const struct form *direction);

static void changed(struct known *k, const struct atom *a)
{
    if (a->kind == ATOM_HIGH) {
        struct bounds b = bounds_of(k, a);
        const struct form *r = a->arg;
        const wide m = (wide)1 << a->k, most = (wide)1 << 66;
        if (b.hi > most / m || b.lo < -most / m)
            return;
        known_learn(k, at_most(form_plus(k->pool, form_scale(k->pool, r, -1), b.lo * m)));
        known_learn(k, at_most(form_plus(k->pool, r, -(b.hi * m + m - 1))));
    } else if (a->kind != ATOM_LOW) {
        take_residues(k, form_term(k->pool, a));
    }
}

static void set_bounds(struct known *k, const struct atom *a, struct bounds b)
{
    struct bound_entry *e = find_bound(k, a);
    if (!e) {
        k->bounds = grown(k->bounds, k->bound_count, &k->bound_capacity, sizeof *k->bounds);
        e = &k->bounds[k->bound_count++];
        e->atom = a;
    }
    e->b = b;
}

static bool is_excluded(const struct known *k, const struct atom *a, wide v)
{
    for (size_t i = 0; i < k->unequal_count; i++) {
        const struct form *f = k->unequal[i];
        if (f->count == 1 && f->terms[0].atom == a && f->terms[0].times * v + f->c == 0)
            return true;
    }
    return false;
}

// Without the values at either end that it is known not to have.
static struct bounds without_excluded(const struct known *k, const struct atom *a, struct bounds b)
{
    while (b.lo <= b.hi && is_excluded(k, a, b.lo))
        b.lo++;
    while (b.lo <= b.hi && is_excluded(k, a, b.hi))
        b.hi--;
    return b;
}

void known_bound(struct known *k, const struct atom *a, struct bounds b)
{
    struct bounds now = bounds_of(k, a), new = without_excluded(k, a, cut(now, b));
    if (new.lo > new.hi)
        k->dead = true;
    else if (new.lo != now.lo || new.hi != now.hi) {
        set_bounds(k, a, new);
        changed(k, a);
    }
}

// Bounds and residues of one input tell of each other.
static void take_residues(struct known *k, const struct form *direction)
{
    const struct atom *a = form_atom(direction);
    if (!a || k->dead)
        return;
    struct bounds b = bounds_of(k, a);
    uint64_t may = residues_of(k, direction);
    if (b.hi - b.lo < RESIDUES) {
        uint64_t within = 0;
        for (wide v = b.lo; v <= b.hi; v++)
            within |= UINT64_C(1) << modulo(v, RESIDUES);
        if ((may & within) != may)
            set_residues(k, direction, may &= within);
    }
    while (b.lo <= b.hi && !(may >> modulo(b.lo, RESIDUES) & 1))
        b.lo++;
    while (b.lo <= b.hi && !(may >> modulo(b.hi, RESIDUES) & 1))
        b.hi--;
    b = without_excluded(k, a, b);
    if (may == 0 || b.lo > b.hi)
        k->dead = true;
    else
        set_bounds(k, a, b);
}

// For some value of the rest.
static bool may_hold(enum relation relation, wide value, struct bounds rest)
{
    wide lo = value + rest.lo, hi = value + rest.hi;
    return relation == AT_MOST ? lo <= 0
           : relation == EQUAL ? lo <= 0 && hi >= 0
                               : lo != 0 || hi != 0;
}

static void learn_residues(struct known *k, struct claim c)
{
    struct parts parts;
    take_apart(k, c.form, &parts);
    if (parts.count == 0 && c.form->count == 1) { // of few values, or none of it is known
        struct member m;
        if (c.form->terms[0].atom->kind == ATOM_LOW || !input_member(k, &c.form->terms[0], &m))
            return;
        parts = (struct parts){.count = 1, .rest = {c.form->c, c.form->c}};
        parts.groups[0] = (struct group){form_term(k->pool, c.form->terms[0].atom), {m}, 1};
    }
    if (parts.count != 1)
        return;
    const struct group *g = &parts.groups[0];
    uint64_t may = residues_of(k, g->direction), left = 0;
    for (uint64_t bits = may; bits; bits &= bits - 1) {
        int r = __builtin_ctzll(bits);
        if (may_hold(c.relation, group_value(g, r), parts.rest))
            left |= UINT64_C(1) << r;
    }
    if (left == 0)
        k->dead = true;
    if (left == may || left == 0)
        return;
    set_residues(k, g->direction, left);
    take_residues(k, g->direction);
}

// Bounds of each atom of a form that is at most zero.
static void learn_atoms(struct known *k, const struct form *f)
{
    for (uint32_t i = 0; i < f->count && !k->dead; i++) {
        struct bounds rest = {f->c, f->c};
        for (uint32_t j = 0; j < f->count; j++)
            if (j != i)
                add_bounds(&rest, bounds_of(k, f->terms[j].atom), f->terms[j].times);
        int64_t times = f->terms[i].times;
        struct bounds b = {-FAR, FAR};
        if (times > 0)
            b.hi = floor_div(-rest.lo, times);
        else
            b.lo = ceil_div(rest.lo, -(wide)times);
        known_bound(k, f->terms[i].atom, b);
    }
}

static void keep_fact(struct known *k, const struct form *direction, struct bounds b)
{
    struct fact_entry *e = find_fact(k, direction);
    if (!e) {
        k->facts = grown(k->facts, k->fact_count, &k->fact_capacity, sizeof *k->facts);
        e = &k->facts[k->fact_count++];
        *e = (struct fact_entry){direction, {-FAR, FAR}};
    }
    e->b = cut(e->b, b);
    if (e->b.lo > e->b.hi)
        k->dead = true;
}

static void learn_at_most(struct known *k, const struct form *f)
{
    struct bounds now = known_bounds(k, f);
    if (now.lo > 0)
        k->dead = true;
    if (now.lo > 0 || now.hi <= 0)
        return;
    int64_t by; // by * direction + c <= 0
    const struct form *direction = form_direction(k->pool, f, &by);
    struct bounds b = {-FAR, FAR};
    if (by > 0)
        b.hi = floor_div(-f->c, by);
    else
        b.lo = ceil_div(f->c, -(wide)by);
    if (f->count == 1)
        known_bound(k, f->terms[0].atom, b);
    else {
        keep_fact(k, direction, b);
        learn_atoms(k, f);
    }
}

static const struct form *zero_when(struct known *k, const struct form *f)
{
    int64_t by;
    const struct form *direction = form_direction(k->pool, f, &by);
    if (f->c % by != 0)
        return NULL;
    return form_plus(k->pool, direction, f->c / by);
}

static bool is_unequal_known(const struct known *k, const struct form *f)
{
    if (k->unequal_count == 0)
        return false;
    const struct form *key = zero_when((struct known *)(uintptr_t)k, f);
    for (size_t i = 0; i < k->unequal_count; i++)
        if (k->unequal[i] == key)
            return true;
    return false;
}

static void learn_unequal(struct known *k, const struct form *f)
{
    struct bounds b = known_bounds(k, f);
    if (b.lo == 0 && b.hi == 0)
        k->dead = true;
    else if (b.lo == 0)
        learn_at_most(k, form_plus(k->pool, form_scale(k->pool, f, -1), 1));
    else if (b.hi == 0)
        learn_at_most(k, form_plus(k->pool, f, 1));
    else if (b.lo < 0 && b.hi > 0) {
        const struct form *key = zero_when(k, f);
        if (!key)
            return;
        k->unequal =
            grown((void *)k->unequal, k->unequal_count, &k->unequal_capacity, sizeof *k->unequal);
        k->unequal[k->unequal_count++] = key;
    }
}

void known_learn(struct known *k, struct claim c)
{
    if (k->dead)
        return;
    if (c.form->count == 0) {
        k->dead |= !claim_holds(c.relation, c.form->c);
        return;
    }
    if (c.relation == UNEQUAL)
        learn_unequal(k, c.form);
    else
        learn_at_most(k, c.form);
    if (c.relation == EQUAL && !k->dead)
        learn_at_most(k, form_scale(k->pool, c.form, -1));
    if (!k->dead)
        learn_residues(k, c);
}

void known_refresh(struct known *k)
{
    for (size_t i = 0; i < k->fact_count && !k->dead; i++) {
        const struct fact_entry e = k->facts[i];
        if (e.b.hi != FAR)
            learn_residues(k, at_most(form_plus(k->pool, e.direction, -e.b.hi)));
        const struct form *down = form_scale(k->pool, e.direction, -1);
        if (e.b.lo != -FAR && !k->dead)
            learn_residues(k, at_most(form_plus(k->pool, down, e.b.lo)));
    }
}

static void give(struct known *k, const struct claim *any, size_t count)
{
    struct clause *clause = pool_alloc(k->pool, sizeof *clause + count * sizeof *any);
    clause->count = count;
    memcpy(clause->any, any, count * sizeof *any);
    struct given *g = pool_alloc(k->pool, sizeof *g);
    *g = (struct given){k->given, k->given ? k->given->depth + 1 : 1, clause};
    k->given = g;
}

void known_assume(struct known *k, struct claim c)
{
    give(k, &c, 1);
    known_learn(k, c);
}

void known_assume_any(struct known *k, const struct claim *any, size_t count)
{
    struct claim left[8];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        enum answer a = known_quick(k, any[i]);
        if (a == YES)
            return;
        if (a == OPEN && n < sizeof left / sizeof *left)
            left[n++] = any[i];
    }
    give(k, any, count);
    if (n == 0)
        k->dead = true;
    else if (n == 1 && count <= sizeof left / sizeof *left)
        known_learn(k, left[0]);
}

// ---- questions ----

// In one group: is zero among its values, is it the only one?
static enum answer zero_by_residues(const struct known *k, const struct form *f)
{
    struct parts parts;
    take_apart(k, f, &parts);
    if (parts.count != 1 || parts.alone != 0)
        return OPEN;
    uint64_t may = residues_of(k, parts.groups[0].direction);
    bool zero = false, other = false;
    for (; may; may &= may - 1) {
        wide v = f->c + group_value(&parts.groups[0], __builtin_ctzll(may));
        zero |= v == 0;
        other |= v != 0;
    }
    return !zero ? NO : !other ? YES : OPEN;
}

static enum answer is_zero(const struct known *k, const struct form *f)
{
    struct bounds b = known_bounds(k, f);
    if (b.lo == 0 && b.hi == 0)
        return YES;
    if (b.lo > 0 || b.hi < 0)
        return NO;
    int64_t by;
    form_direction(k->pool, f, &by);
    if (f->c % by != 0 || is_unequal_known(k, f))
        return NO;
    return zero_by_residues(k, f);
}

enum answer known_quick(const struct known *k, struct claim c)
{
    if (k->dead)
        return NO;
    if (c.relation == AT_MOST) {
        struct bounds b = known_bounds(k, c.form);
        return b.hi <= 0 ? YES : b.lo > 0 ? NO : OPEN;
    }
    enum answer zero = is_zero(k, c.form);
    if (c.relation == EQUAL || zero == OPEN)
        return zero;
    return zero == YES ? NO : YES;
}

// ---- simpler forms ----

// By what is known F lies between two neighbouring multiples of 2^k.
static bool in_one(struct bounds b, unsigned bits)
{
    return b.lo >> bits == b.hi >> bits;
}

static const struct form *without(struct pool *p, const struct form *f, wide high, unsigned bits)
{
    return form_plus(p, f, -(high * ((wide)1 << bits)));
}

const struct form *known_low(struct known *k, const struct form *f, unsigned bits)
{
    struct bounds b = known_bounds(k, f);
    if (in_one(b, bits))
        return without(k->pool, f, b.lo >> bits, bits);
    const struct form *r = form_modulo(k->pool, f, bits);
    b = known_bounds(k, r);
    if (in_one(b, bits))
        return without(k->pool, r, b.lo >> bits, bits);
    const struct form *x = form_low(k->pool, r, bits);
    b = known_bounds(k, x);
    return b.lo == b.hi ? form_constant(k->pool, b.lo) : x;
}

const struct form *known_high(struct known *k, const struct form *f, unsigned bits)
{
    if (bits == 0)
        return f;
    const wide m = (wide)1 << bits;
    const struct form *whole = form_constant(k->pool, f->c >> bits);
    const struct form *rest = form_constant(k->pool, modulo(f->c, m));
    for (uint32_t i = 0; i < f->count; i++) {
        bool divides = f->terms[i].times % m == 0;
        const struct form *t = form_term(k->pool, f->terms[i].atom);
        if (divides)
            whole = form_add_scaled(k->pool, whole, t, f->terms[i].times / m);
        else
            rest = form_add_scaled(k->pool, rest, t, f->terms[i].times);
    }
    struct bounds b = known_bounds(k, rest);
    if (in_one(b, bits))
        return form_plus(k->pool, whole, b.lo >> bits);
    const struct form *high = form_high(k->pool, rest, bits);
    known_bound(k, form_atom(high), (struct bounds){b.lo >> bits, b.hi >> bits});
    return form_add(k->pool, whole, high);
}
