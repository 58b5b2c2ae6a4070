// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/exploring.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

// User space, with five levels of page tables.
#define LOWEST  ((wide)PAGE_BYTES)
#define HIGHEST ((wide)1 << 56)
enum { STACK_ROWS = 4, STACK_LINE = 64, STACK_ROW = 16 };

struct stack_of_states {
    struct state **items;
    size_t count, capacity;
};

bool arrangement_is_promised(enum arrangement a, enum copy_op op)
{
    bool overlaps = a == ARRANGED_DST_INTO || a == ARRANGED_SRC_INTO || a == ARRANGED_SAME;
    return op_is_copy(op) && (!overlaps || op == OP_MEMMOVE);
}

// ---- how a call begins ----

static const struct form *input(struct pool *p, const char *name, wide lo, wide hi,
                                const struct atom **atom)
{
    const struct form *f = form_input(p, ATOM_INPUT, name, lo, hi);
    *atom = form_atom(f);
    return f;
}

static const struct form *pointer(struct pool *p, const char *name, const struct exploration *e,
                                  const struct atom **atom)
{
    return input(p, name, LOWEST, HIGHEST - 2 * (wide)e->size_hi, atom);
}

static void set_pointers(const struct exploration *e, enum arrangement a, struct setting *s,
                         struct inputs *in)
{
    struct pool *p = e->pool;
    wide most = e->size_hi > 1 ? (wide)e->size_hi - 1 : 1;
    const struct form *apart;
    s->overlap = PLACE_NONE;
    switch (a) {
    case ARRANGED_DST_INTO:
    case ARRANGED_SRC_INTO:
        s->overlap = PLACE_EITHER;
        apart = input(p, "apart", 1, most, &in->apart);
        s->dst = s->src = pointer(p, "low", e, &in->dst);
        *(a == ARRANGED_DST_INTO ? &s->src : &s->dst) = form_add(p, s->dst, apart);
        in->src = in->dst;
        break;
    case ARRANGED_SAME:
        s->overlap = PLACE_EITHER;
        s->dst = s->src = pointer(p, "dst", e, &in->dst);
        in->src = in->dst;
        break;
    default:
        s->dst = pointer(p, "dst", e, &in->dst);
        s->src = pointer(p, "src", e, &in->src);
        break;
    }
    s->dst_atom = in->dst;
    s->src_atom = in->src;
}

static void set_stack(struct pool *p, struct setting *s, struct inputs *in)
{
    const struct form *row = input(p, "stack-row", 0, STACK_ROWS - 1, &in->stack_row);
    const struct form *line = input(p, "stack", (wide)1 << 40, (wide)1 << 41, &in->stack);
    s->rsp = form_scale(p, line, STACK_LINE);
    s->rsp = form_plus(p, form_add_scaled(p, s->rsp, row, STACK_ROW), s->cpu->above);
    s->rsp_atom = in->stack;
}

static void set_registers(const struct exploration *e, struct setting *s)
{
    const struct prove_cpu *cpu = s->cpu;
    const wide most = ((wide)1 << 64) - 1;
    for (unsigned i = 0; i < GPRS; i++)
        s->initial[i] = value_number(i < cpu->registers
                                         ? form_input(e->pool, ATOM_INITIAL, cpu->names[i], 0, most)
                                         : form_constant(e->pool, 0));
    s->initial[cpu->arguments[0]] = value_number(s->dst);
    s->initial[cpu->arguments[1]] = value_number(s->src);
    s->initial[cpu->arguments[2]] = value_number(s->n);
    s->initial[cpu->arguments[3]] = value_number(form_constant(e->pool, (wide)e->backend->arg4));
    s->initial[cpu->stack] = value_number(s->rsp);
    s->caller = form_input(e->pool, ATOM_INITIAL, "caller", 0, most);
    if (cpu->link != CPU_ON_STACK)
        s->initial[cpu->link] = value_number(s->caller);
}

static void set_up(const struct exploration *e, enum arrangement a, struct setting *s,
                   struct inputs *in)
{
    memset(s, 0, sizeof *s);
    memset(in, 0, sizeof *in);
    s->cpu = e->program->cpu;
    wide lo = e->size_lo ? (wide)e->size_lo : 1;
    s->n = a == ARRANGED_EMPTY || (wide)e->size_hi < lo
               ? form_constant(e->pool, 0)
               : input(e->pool, "n", lo, (wide)e->size_hi, &in->n);
    set_pointers(e, a, s, in);
    set_stack(e->pool, s, in);
    set_registers(e, s);
}

static void assume_multiple(struct known *k, const struct form *f, uint64_t of)
{
    if (of > 1 && (of & (of - 1)) == 0)
        known_assume(k, (struct claim){EQUAL, form_low(k->pool, f, (unsigned)__builtin_ctzll(of))});
}

static void assume_arrangement(const struct exploration *e, enum arrangement a,
                               const struct setting *s, const struct inputs *in, struct known *k)
{
    struct pool *p = e->pool;
    if (a == ARRANGED_DST_BELOW || a == ARRANGED_SRC_BELOW) {
        const struct form *low = a == ARRANGED_DST_BELOW ? s->dst : s->src;
        const struct form *high = a == ARRANGED_DST_BELOW ? s->src : s->dst;
        known_assume(k, is_at_most(p, form_add(p, low, s->n), high));
        known_learn(k, is_below(p, low, high));
    }
    if (in->apart)
        known_assume(k, is_below(p, form_term(p, in->apart), s->n));
    assume_multiple(k, s->n, e->backend->size_unit);
    assume_multiple(k, s->dst, e->backend->align);
    assume_multiple(k, s->src, e->backend->align);
}

static struct state *begin(const struct exploration *e, enum arrangement a, const struct setting *s,
                           const struct inputs *in)
{
    struct state *state = must(calloc(1, sizeof *state));
    struct machine *m = &state->machine;
    known_init(&state->known, e->pool);
    assume_arrangement(e, a, s, in, &state->known);
    memcpy(m->regs, s->initial, sizeof m->regs);
    m->pc = e->program->entry;
    m->none = bytes_of(e->pool, BYTES_UNKNOWN, NULL, VECTOR_BYTES);
    if (s->cpu->link != CPU_ON_STACK)
        return state;
    struct stacked *top = pool_alloc(e->pool, sizeof *top);
    top->bytes = bytes_of(e->pool, BYTES_NUMBER, s->caller, 8);
    m->stack = top;
    return state;
}

// ---- going on ----

static void push_state(struct stack_of_states *work, struct state *s)
{
    if (work->count == work->capacity) {
        work->capacity = work->capacity ? 2 * work->capacity : 64;
        work->items = must(realloc(work->items, work->capacity * sizeof *work->items));
    }
    work->items[work->count++] = s;
}

// The state in which the condition does not hold is left for later. False: that in which
// it does is none.
static bool split(struct exploration *e, struct stack_of_states *work, struct state *s,
                  struct claim c)
{
    struct state *other = state_copy(s);
    if (state_assume(e, other, negated(e->pool, c)))
        push_state(work, other);
    else
        state_free(other);
    return state_assume(e, s, c);
}

static void list_events(struct path *path)
{
    const struct event *e = path->machine->events;
    path->event_count = e ? e->index + 1 : 0;
    path->events = must(malloc((path->event_count + 1) * sizeof *path->events));
    for (; e; e = e->before)
        path->events[e->index] = e;
}

static void end_path(struct exploration *e, struct path *path)
{
    list_events(path);
    e->paths++;
    e->path(e->context, path);
    free((void *)path->events);
}

static bool may_go_on(struct exploration *e)
{
    if (pool_trouble(e->pool))
        e->given_up = pool_trouble(e->pool);
    else if (e->instructions >= e->instructions_max)
        e->given_up = "it has more paths, or longer ones, than are followed";
    else if (e->stop && *e->stop)
        e->given_up = "it was stopped";
    return !e->given_up;
}

// False: others stand for where it is.
static bool stays_on_its_own(struct state *s, const struct step *step)
{
    if (!s->trail)
        return true;
    enum on_trail on = state_on_trail(s, step);
    if (on == TRAIL_NONE)
        s->trail = NULL;
    return on != TRAIL_ROUND;
}

static void try_loop(struct exploration *e, struct stack_of_states *work, struct state *s,
                     const struct step *step, const struct setting *setting)
{
    if (s->trail || s->machine.pc > step->at)
        return;
    struct state *others = loop_summarise(e, s, setting);
    if (others)
        push_state(work, others);
}

// From one state to the end of a path.
static void follow(struct exploration *e, struct stack_of_states *work, struct state *s,
                   const struct setting *setting, enum arrangement a)
{
    struct path path = {.arrangement = a, .setting = setting, .known = &s->known};
    path.machine = &s->machine;
    while (may_go_on(e)) {
        struct execution x;
        state_step(e, s, setting, &x);
        if (s->known.dead)
            return;
        if (x.end == EXECUTION_SPLIT) {
            if (!split(e, work, s, x.split))
                return;
        } else if (x.end != EXECUTION_NEXT) {
            path.end = x.end;
            path.step = x.step;
            path.why = x.why;
            end_path(e, &path);
            return;
        } else {
            if (!stays_on_its_own(s, x.step))
                return;
            try_loop(e, work, s, x.step, setting);
            path.why = s->machine.pc <= x.step->at ? loop_has_no_end(e, s, setting) : NULL;
            if (path.why) {
                path.end = EXECUTION_UNKNOWN;
                path.step = NULL;
                end_path(e, &path);
                return;
            }
        }
    }
}

void explore(struct exploration *e, enum arrangement a, struct setting *setting,
             struct inputs *inputs)
{
    struct stack_of_states work = {0};
    set_up(e, a, setting, inputs);
    push_state(&work, begin(e, a, setting, inputs));
    while (work.count > 0 && may_go_on(e)) {
        struct state *s = work.items[--work.count];
        if (!s->known.dead)
            follow(e, &work, s, setting, a);
        state_free(s);
    }
    while (work.count > 0)
        state_free(work.items[--work.count]);
    free(work.items);
}
