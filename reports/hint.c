// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/hint.h"

#include "reports/prototype.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Two sizes, so that what follows from the size is told from what is always so.
enum { PROBES = 2, WORD_MAX = 8 };
static const uint64_t probe_size[PROBES] = {48, 64};

// What one call did.
struct probe {
    bool returned, faulted;
    uint64_t value; // that it returned
    uint64_t size, dst, src, fault_addr;
    uint64_t stored[2]; // bytes of the destination, of the source, from their starts
    bool stray[2];      // others near them
};

enum { TO_DST, TO_SRC };

// Each byte from the start on, in any order, and none before it.
static void note_stores(const struct trace *t, const struct layout *l, struct probe *p)
{
    static const enum region regions[2] = {REGION_DST, REGION_SRC};
    uint8_t seen[2][64 * WORD_MAX + 64] = {{0}};
    for (size_t i = 0; i < t->count; i++) {
        const struct access *a = &t->accesses[i];
        int64_t off;
        enum region where = trace_region(t, l, a, &off);
        struct span at = access_span(a);
        for (unsigned side = TO_DST; a->kind == ACCESS_STORE && side <= TO_SRC; side++) {
            uint64_t bytes = at.hi - at.lo;
            bool here = where == regions[side];
            bool fits = off >= 0 && (uint64_t)off + bytes <= sizeof seen[side];
            p->stray[side] |= here && !fits;
            if (here && fits)
                memset(seen[side] + off, 1, bytes);
        }
    }
    for (unsigned side = TO_DST; side <= TO_SRC; side++) {
        while (p->stored[side] < sizeof seen[side] && seen[side][p->stored[side]])
            p->stored[side]++;
        p->stray[side] |=
            memchr(seen[side] + p->stored[side], 1, sizeof seen[side] - p->stored[side]) != NULL;
    }
}

static bool take_probe(const struct result *r, uint64_t size, const struct sweep_options *options,
                       struct probe *p)
{
    const struct copy_case c = {.op = r->op, .size = size, .fill = 1};
    struct recording recording;
    struct error ignored;
    memset(&recording, 0, sizeof recording);
    *p = (struct probe){.size = size};
    if (!sweep_record(r->backend, &c, false, options, &recording, &ignored))
        return false;
    const struct trace *t = &recording.trace;
    p->returned = t->outcome == OUTCOME_RETURNED;
    p->faulted = t->outcome == OUTCOME_FAULTED;
    p->value = t->return_value;
    p->fault_addr = t->fault_addr;
    p->dst = (uintptr_t)recording.layout.dst;
    p->src = (uintptr_t)recording.layout.src;
    if (p->returned || p->faulted)
        note_stores(t, &recording.layout, p);
    recording_free(&recording);
    return p->returned || p->faulted;
}

// How many times the size each stored, whole, to that side; 0: not so.
static uint64_t times_of(const struct probe *p, unsigned side)
{
    uint64_t times = p[0].stored[side] / p[0].size;
    for (unsigned i = 0; i < PROBES; i++)
        if (p[i].stray[side] || p[i].stored[side] != times * p[i].size)
            return 0;
    return times == 1 || times == 2 || times == 4 || times == WORD_MAX ? times : 0;
}

static bool none_of(const struct probe *p, unsigned side)
{
    return p[0].stored[side] == 0 && !p[0].stray[side] && p[1].stored[side] == 0 &&
           !p[1].stray[side];
}

static bool returns_dst(const struct probe *p, bool swapped)
{
    return p[0].returned && p[1].returned && p[0].value == (swapped ? p[0].src : p[0].dst) &&
           p[1].value == (swapped ? p[1].src : p[1].dst);
}

// What else comes back may be what was left in a register: void says nothing of it.
static void say(struct result *r, const struct probe *p, bool swapped, uint64_t times,
                const char *what)
{
    char count[32] = "n";
    if (times > 1)
        snprintf(count, sizeof count, "n/%" PRIu64, times);
    snprintf(r->hint, sizeof r->hint, "%s --call '%s %s(%s, %s, %s)'", what,
             returns_dst(p, swapped) ? "dst" : "void", r->backend->symbol, swapped ? "src" : "dst",
             swapped ? "dst" : "src", count);
}

// Of a routine that gives back something else each time, or always the same.
static void say_return(struct result *r, const struct probe *p)
{
    char what[96];
    if (!p[0].returned || !p[1].returned || returns_dst(p, false))
        return;
    if (p[0].value == p[0].size && p[1].value == p[1].size)
        snprintf(what, sizeof what, "returns n: is it void, or does it give n back?");
    else if (p[0].value == p[0].dst + p[0].size && p[1].value == p[1].dst + p[1].size)
        snprintf(what, sizeof what, "returns dst+n: is it void, or a mempcpy (--op mempcpy)?");
    else if (p[0].value == p[1].value && p[0].value < PAGE_BYTES)
        snprintf(what, sizeof what, "returns %" PRIu64 ": is it void?", p[0].value);
    else
        snprintf(what, sizeof what, "returns nothing that is dst: is it void?");
    say(r, p, false, 1, what);
}

static bool takes_size_for_address(const struct probe *p)
{
    return p[0].faulted && p[1].faulted && p[0].fault_addr < 2 * PAGE_BYTES &&
           p[1].fault_addr - p[0].fault_addr == p[1].size - p[0].size;
}

static void say_by_probes(struct result *r, const struct probe *p, bool wrong_return)
{
    char what[96];
    uint64_t to_dst = times_of(p, TO_DST), to_src = times_of(p, TO_SRC);
    bool swapped = to_src > 0 && none_of(p, TO_DST);
    uint64_t times = swapped ? to_src : to_dst;
    const char *also = times > 1 ? ", and the size counted in words" : "";
    if (swapped) {
        snprintf(what, sizeof what, "stores to the source: are the arguments swapped%s?", also);
        say(r, p, true, times, what);
    } else if (times > 1) {
        snprintf(what, sizeof what, "writes %" PRIu64 " times n: is the size counted in words?",
                 times);
        say(r, p, false, times, what);
    } else if (takes_size_for_address(p))
        snprintf(r->hint, sizeof r->hint,
                 "takes the size for an address: is the order of its arguments another? "
                 "--call '? %s(n, dst, src)'",
                 r->backend->symbol);
    else if (wrong_return)
        say_return(r, p);
}

// Does every case break the rule?
static bool always(const struct result *results, size_t count, enum rule_id rule)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < results[i].finding_count; k++)
            if (results[i].findings[k].rule == rule)
                return results[i].findings[k].cases == results[i].cases;
    return false;
}

// Which rules a wrong signature breaks.
static bool may_be_misread(const struct result *results, size_t count)
{
    static const enum rule_id rules[] = {RULE_WRONG_RETURN, RULE_WRONG_DATA, RULE_CRASH,
                                         RULE_OUT_OF_BOUNDS_STORE};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < results[i].finding_count; k++)
            for (size_t n = 0; n < sizeof rules / sizeof *rules; n++)
                if (results[i].findings[k].rule == rules[n])
                    return true;
    return false;
}

void hint_find(struct result *results, size_t count, const struct sweep_options *options)
{
    struct probe probes[PROBES];
    struct prototype prototype;
    const struct backend *b = results[0].backend;
    if (b->call || !b->path || strchr(b->name, ':') == NULL)
        return;
    if (prototype_find(b, &prototype) && prototype.call[0]) {
        snprintf(results[0].hint, sizeof results[0].hint,
                 "its debug information declares `%s': --call '%s'", prototype.text,
                 prototype.call);
        return;
    }
    if (!may_be_misread(results, count) || results[0].interrupted)
        return;
    for (unsigned i = 0; i < PROBES; i++)
        if (!take_probe(&results[0], probe_size[i], options, &probes[i]))
            return;
    say_by_probes(&results[0], probes, always(results, count, RULE_WRONG_RETURN));
}
