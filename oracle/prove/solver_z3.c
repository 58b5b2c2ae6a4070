// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// All use of z3 is in this file. The conditions of a path are pushed one by one and stay
// while the next questions are about paths that share them. An atom is a constant of z3;
// what it is a function of is asserted with the first condition that has it, in the same
// scope. Of XOR and AND, of data and of what is not known, z3 is told the bounds alone:
// "none" is then still right.

#include "prove/solver.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <z3.h>

struct solver {
    struct pool *pool;
    unsigned timeout_ms, effort;
    Z3_context z3; // NULL: nothing was asked
    Z3_solver solver;
    Z3_sort integer;
    Z3_ast *atoms;      // by number; NULL: none yet
    uint32_t *scope_of; // in which it is defined, from 1; 0: in none
    size_t atom_count;
    const struct given **stack; // pushed, lowest first
    uint32_t depth, capacity;
    uint32_t scopes;
    uint64_t asked;
};

static void ignore_error(Z3_context c, Z3_error_code e)
{
    (void)c;
    (void)e; // seen as an answer that is not known
}

const char *solver_name(void)
{
    static char name[32];
    unsigned major, minor, build, revision;
    Z3_get_version(&major, &minor, &build, &revision);
    snprintf(name, sizeof name, "z3 %u.%u.%u", major, minor, build);
    return name;
}

struct solver *solver_new(struct pool *pool, unsigned timeout_ms, unsigned effort)
{
    struct solver *s = must(calloc(1, sizeof *s));
    s->pool = pool;
    s->timeout_ms = timeout_ms;
    s->effort = effort;
    return s;
}

// Only when there is a question, since it takes as long as many of them.
static void begin(struct solver *s)
{
    if (s->z3)
        return;
    Z3_config config = Z3_mk_config();
    s->z3 = Z3_mk_context(config);
    Z3_del_config(config);
    Z3_set_error_handler(s->z3, ignore_error);
    s->solver = Z3_mk_solver(s->z3);
    Z3_solver_inc_ref(s->z3, s->solver);
    Z3_params params = Z3_mk_params(s->z3);
    Z3_params_inc_ref(s->z3, params);
    Z3_params_set_uint(s->z3, params, Z3_mk_string_symbol(s->z3, "timeout"), s->timeout_ms);
    Z3_params_set_uint(s->z3, params, Z3_mk_string_symbol(s->z3, "rlimit"), s->effort);
    Z3_solver_set_params(s->z3, s->solver, params);
    Z3_params_dec_ref(s->z3, params);
    s->integer = Z3_mk_int_sort(s->z3);
}

void solver_free(struct solver *s)
{
    if (!s)
        return;
    if (s->z3) {
        Z3_solver_dec_ref(s->z3, s->solver);
        Z3_del_context(s->z3);
    }
    free(s->atoms);
    free(s->scope_of);
    free((void *)s->stack);
    free(s);
}

static Z3_ast number(struct solver *s, wide v)
{
    char text[48], *p = text + sizeof text;
    bool negative = v < 0;
    unsigned __int128 u = negative ? -(unsigned __int128)v : (unsigned __int128)v;
    *--p = '\0';
    do
        *--p = (char)('0' + (int)(u % 10));
    while ((u /= 10) != 0);
    if (negative)
        *--p = '-';
    return Z3_mk_numeral(s->z3, p, s->integer);
}

static void assert_between(struct solver *s, Z3_ast x, wide lo, wide hi)
{
    Z3_solver_assert(s->z3, s->solver, Z3_mk_ge(s->z3, x, number(s, lo)));
    Z3_solver_assert(s->z3, s->solver, Z3_mk_le(s->z3, x, number(s, hi)));
}

static Z3_ast sum(struct solver *s, const struct form *f);

enum { SHARED_BITS = 6, SHARED = 1 << SHARED_BITS };

// F modulo 64, by what its atoms are modulo 64, each of which is told of once. Of sums of
// addresses that have no bounds to speak of z3 would look for a solution without an end.
static const struct form *by_rests(struct solver *s, const struct form *f)
{
    if (f->count == 1 && f->terms[0].times == 1)
        return f;
    const struct form *all = form_constant(s->pool, f->c % SHARED);
    for (uint32_t i = 0; i < f->count; i++) {
        const struct form *atom = form_term(s->pool, f->terms[i].atom);
        const struct form *rest = form_low(s->pool, atom, SHARED_BITS);
        all = form_add_scaled(s->pool, all, rest, f->terms[i].times % SHARED);
    }
    return all;
}

// What a LOW atom is the lowest bits of: where these are few, of the direction modulo 64 in
// place of the direction, so that all atoms of one direction are told of each other.
static const struct form *low_argument(struct solver *s, const struct atom *a)
{
    int64_t by;
    if (a->kind != ATOM_LOW || a->k > SHARED_BITS)
        return a->arg;
    const struct form *direction = form_direction(s->pool, a->arg, &by);
    const struct form *shared = form_low(s->pool, direction, SHARED_BITS);
    const struct atom *atom = form_atom(shared);
    if ((by != 1 && by != -1) || !atom || atom == a || atom->arg != direction)
        return by_rests(s, a->arg);
    return form_plus(s->pool, form_scale(s->pool, shared, by), a->arg->c);
}

// arg == 2^k * high + low, 0 <= low < 2^k
static void define(struct solver *s, const struct atom *a, Z3_ast x)
{
    if (a->kind != ATOM_LOW && a->kind != ATOM_HIGH) {
        assert_between(s, x, a->lo, a->hi);
        return;
    }
    const wide m = (wide)1 << a->k;
    Z3_ast other = Z3_mk_fresh_const(s->z3, "p", s->integer), arg = sum(s, low_argument(s, a));
    Z3_ast high = a->kind == ATOM_HIGH ? x : other, low = a->kind == ATOM_LOW ? x : other;
    Z3_ast product[2] = {number(s, m), high};
    Z3_ast parts[2] = {Z3_mk_mul(s->z3, 2, product), low};
    Z3_solver_assert(s->z3, s->solver, Z3_mk_eq(s->z3, arg, Z3_mk_add(s->z3, 2, parts)));
    assert_between(s, low, 0, m - 1);
}

static void make_room(struct solver *s)
{
    size_t count = pool_atoms(s->pool);
    if (count <= s->atom_count)
        return;
    count += count / 2;
    s->atoms = must(realloc(s->atoms, count * sizeof *s->atoms));
    s->scope_of = must(realloc(s->scope_of, count * sizeof *s->scope_of));
    for (size_t i = s->atom_count; i < count; i++) {
        s->atoms[i] = NULL;
        s->scope_of[i] = 0;
    }
    s->atom_count = count;
}

static Z3_ast constant_of(struct solver *s, const struct atom *a)
{
    make_room(s);
    if (!s->atoms[a->id])
        s->atoms[a->id] = Z3_mk_const(s->z3, Z3_mk_int_symbol(s->z3, (int)a->id), s->integer);
    if (s->scope_of[a->id] == 0 || s->scope_of[a->id] > s->scopes) {
        s->scope_of[a->id] = s->scopes;
        define(s, a, s->atoms[a->id]);
    }
    return s->atoms[a->id];
}

static Z3_ast sum(struct solver *s, const struct form *f)
{
    Z3_ast parts[32];
    unsigned count = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        Z3_ast x = constant_of(s, f->terms[i].atom);
        Z3_ast product[2] = {number(s, f->terms[i].times), x};
        parts[count++] = f->terms[i].times == 1 ? x : Z3_mk_mul(s->z3, 2, product);
    }
    if (f->c != 0 || count == 0)
        parts[count++] = number(s, f->c);
    return count == 1 ? parts[0] : Z3_mk_add(s->z3, count, parts);
}

static Z3_ast claim_of(struct solver *s, struct claim c)
{
    Z3_ast f = sum(s, c.form), zero = number(s, 0);
    if (c.relation == AT_MOST)
        return Z3_mk_le(s->z3, f, zero);
    Z3_ast equal = Z3_mk_eq(s->z3, f, zero);
    return c.relation == EQUAL ? equal : Z3_mk_not(s->z3, equal);
}

static void push(struct solver *s)
{
    Z3_solver_push(s->z3, s->solver);
    s->scopes++;
}

// What was defined in scopes that are gone is not defined.
static void pop(struct solver *s, uint32_t count)
{
    if (count == 0)
        return;
    Z3_solver_pop(s->z3, s->solver, count);
    s->scopes -= count;
    for (size_t i = 0; i < s->atom_count; i++)
        if (s->scope_of[i] > s->scopes)
            s->scope_of[i] = 0;
}

static void push_clause(struct solver *s, const struct claim *any, size_t count)
{
    Z3_ast all[16];
    push(s);
    if (count > sizeof all / sizeof *all)
        return; // fewer conditions: "none" is still right
    for (size_t i = 0; i < count; i++)
        all[i] = claim_of(s, any[i]);
    Z3_solver_assert(s->z3, s->solver, count == 1 ? all[0] : Z3_mk_or(s->z3, (unsigned)count, all));
}

static void push_given(struct solver *s, const struct given *g)
{
    if (!g || (g->depth <= s->depth && s->stack[g->depth - 1] == g)) {
        uint32_t keep = g ? g->depth : 0;
        pop(s, s->depth - keep);
        s->depth = keep;
        return;
    }
    push_given(s, g->before);
    if (s->depth == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 64;
        s->stack = must(realloc((void *)s->stack, s->capacity * sizeof *s->stack));
    }
    push_clause(s, g->clause->any, g->clause->count);
    s->stack[s->depth++] = g;
}

static void read_value(struct solver *s, Z3_model model, const struct atom *a, struct point *point)
{
    Z3_ast value;
    if (!s->atoms[a->id] || s->scope_of[a->id] == 0 ||
        !Z3_model_eval(s->z3, model, s->atoms[a->id], true, &value))
        return;
    const char *text = Z3_get_numeral_string(s->z3, value);
    wide v = 0;
    bool negative = text && *text == '-';
    for (const char *p = text ? text + negative : ""; *p; p++) {
        if (*p < '0' || *p > '9')
            return;
        v = v * 10 + (*p - '0');
    }
    point_set(point, a, negative ? -v : v);
}

static void read_point(struct solver *s, struct point *point)
{
    Z3_model model = Z3_solver_get_model(s->z3, s->solver);
    if (!model)
        return;
    Z3_model_inc_ref(s->z3, model);
    for (uint32_t i = 0; i < pool_atoms(s->pool) && i < s->atom_count; i++) {
        const struct atom *a = pool_atom(s->pool, i);
        if (a->kind == ATOM_INPUT || a->kind == ATOM_TURNS || a->kind == ATOM_INDEX ||
            a->kind == ATOM_DATA)
            read_value(s, model, a, point);
    }
    Z3_model_dec_ref(s->z3, model);
}

enum solved solver_ask(struct solver *s, const struct known *k, const struct claim *more,
                       size_t count, struct point *point)
{
    if (!s)
        return SOLVED_UNKNOWN;
    s->asked++;
    begin(s);
    push_given(s, k->given);
    for (size_t i = 0; i < count; i++)
        push_clause(s, &more[i], 1);
    Z3_lbool answer = Z3_solver_check(s->z3, s->solver);
    if (answer == Z3_L_TRUE && point)
        read_point(s, point);
    pop(s, (uint32_t)count);
    return answer == Z3_L_TRUE ? SOLVED_SOME : answer == Z3_L_FALSE ? SOLVED_NONE : SOLVED_UNKNOWN;
}

uint64_t solver_asked(const struct solver *s)
{
    return s ? s->asked : 0;
}
