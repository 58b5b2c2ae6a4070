// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One row a rule: whether it looks at loads, and its test. A test sees the
// shadow `s`, its two sides `stores` and `loads`, and the contract's parameters
// `p`. All evidence was gathered by shadow_build.

#include "judge/rules.h"

#include "judge/access_bytes.h"

#include <string.h>

enum { NEEDS_STORES = false, NEEDS_LOADS = true };
static const uint32_t ANY_MIN = UINT32_MAX, NO_LINE = UINT32_MAX;

#define CLASS(side, id) ((side)->classes >> (id)&1)

// RULE_TEST(id, what must be recorded, broken)
#define RULE_TESTS(X)                                                                              \
    X(RULE_CRASH, NEEDS_STORES, s->trace->outcome == OUTCOME_FAULTED)                              \
    X(RULE_TIMEOUT, NEEDS_STORES, s->trace->outcome == OUTCOME_TIMED_OUT)                          \
    X(RULE_WRONG_DATA, NEEDS_STORES, s->wrong_data)                                                \
    X(RULE_WRONG_RETURN, NEEDS_STORES, s->wrong_return)                                            \
    X(RULE_CLOBBERED_STATE, NEEDS_STORES, s->trace->clobbered != 0)                                \
    X(RULE_MISSING_STORE, NEEDS_STORES, stores->missing && !onto_itself(s))                        \
    X(RULE_OUT_OF_BOUNDS_STORE, NEEDS_STORES, stores_outside(s, p))                                \
    X(RULE_STATIC_STORE, NEEDS_STORES, s->static_store)                                            \
    X(RULE_OUT_OF_BOUNDS_LOAD, NEEDS_LOADS, p->same_page ? s->load_outside_page : s->load_outside) \
    X(RULE_DUPLICATE_STORE, NEEDS_STORES, s->duplicate)                                            \
    X(RULE_OVERLAPPING_STORE, NEEDS_STORES, s->overlapping)                                        \
    X(RULE_TRANSIENT_VALUE, NEEDS_STORES, s->transient)                                            \
    X(RULE_SPLIT_STORE, NEEDS_STORES, is_split(s, stores, p))                                      \
    X(RULE_TORN_ELEMENT, NEEDS_STORES, is_torn(s, ACCESS_STORE, p))                                \
    X(RULE_REORDERED_STORE, NEEDS_STORES, stores->descending)                                      \
    X(RULE_UNORDERED_STORE, NEEDS_LOADS, is_unordered(s, ACCESS_STORE, p))                         \
    X(RULE_LAST_BYTE_NOT_LAST, NEEDS_STORES, !stores->last_byte_last && !left_alone(s, stores))    \
    X(RULE_MISALIGNED_STORE, NEEDS_STORES, stores->misaligned)                                     \
    X(RULE_WIDE_STORE, NEEDS_STORES, stores->width_max > max_of(p))                                \
    X(RULE_NARROW_STORE, NEEDS_STORES, is_narrow(s, stores, p))                                    \
    X(RULE_VECTOR_STORE, NEEDS_STORES, CLASS(stores, CLASS_VECTOR))                                \
    X(RULE_MASKED_STORE, NEEDS_STORES, CLASS(stores, CLASS_MASKED))                                \
    X(RULE_STRING_STORE, NEEDS_STORES, CLASS(stores, CLASS_STRING))                                \
    X(RULE_NONTEMPORAL_STORE, NEEDS_STORES, CLASS(stores, CLASS_NONTEMPORAL))                      \
    X(RULE_ATOMIC_STORE, NEEDS_STORES, CLASS(stores, CLASS_ATOMIC))                                \
    X(RULE_PAIRED_STORE, NEEDS_STORES, CLASS(stores, CLASS_PAIRED))                                \
    X(RULE_WRITEBACK_STORE, NEEDS_STORES, CLASS(stores, CLASS_WRITEBACK))                          \
    X(RULE_X87_STORE, NEEDS_STORES, CLASS(stores, CLASS_X87))                                      \
    X(RULE_BROKEN_BURST, NEEDS_LOADS, breaks_burst(s, p))                                          \
    X(RULE_UNFENCED_STORE, NEEDS_STORES,                                                           \
      p->all_stores ? s->store_pending : s->nontemporal_pending)                                   \
    X(RULE_UNFLUSHED_STORE, NEEDS_STORES, s->unflushed)                                            \
    X(RULE_DESTINATION_LOAD, NEEDS_LOADS, s->destination_load)                                     \
    X(RULE_REPEATED_LOAD, NEEDS_LOADS, loads->any_again)                                           \
    X(RULE_SPLIT_LOAD, NEEDS_LOADS, is_split(s, loads, p))                                         \
    X(RULE_TORN_LOAD, NEEDS_LOADS, is_torn(s, ACCESS_LOAD, p))                                     \
    X(RULE_REORDERED_LOAD, NEEDS_LOADS, loads->descending)                                         \
    X(RULE_UNORDERED_LOAD, NEEDS_LOADS, is_unordered(s, ACCESS_LOAD, p))                           \
    X(RULE_MISALIGNED_LOAD, NEEDS_LOADS, loads->misaligned)                                        \
    X(RULE_WIDE_LOAD, NEEDS_LOADS, loads->width_max > max_of(p))                                   \
    X(RULE_NARROW_LOAD, NEEDS_LOADS, is_narrow(s, loads, p))                                       \
    X(RULE_VECTOR_LOAD, NEEDS_LOADS, CLASS(loads, CLASS_VECTOR))                                   \
    X(RULE_STRING_LOAD, NEEDS_LOADS, CLASS(loads, CLASS_STRING))                                   \
    X(RULE_ATOMIC_LOAD, NEEDS_LOADS, CLASS(loads, CLASS_ATOMIC))                                   \
    X(RULE_PAIRED_LOAD, NEEDS_LOADS, CLASS(loads, CLASS_PAIRED))                                   \
    X(RULE_WRITEBACK_LOAD, NEEDS_LOADS, CLASS(loads, CLASS_WRITEBACK))                             \
    X(RULE_X87_LOAD, NEEDS_LOADS, CLASS(loads, CLASS_X87))                                         \
    X(RULE_DATA_DEPENDENT, NEEDS_LOADS, false)

const char *const rule_name[RULE_COUNT] = {
#define RULE(id, name, broken_when) [id] = name,
#include "judge/rules.def"
#undef RULE
};

const char *const rule_broken_when[RULE_COUNT] = {
#define RULE(id, name, broken_when) [id] = broken_when,
#include "judge/rules.def"
#undef RULE
};

static uint64_t max_of(const struct rule_params *p)
{
    return p->max ? p->max : 8;
}

static uint64_t min_of(const struct rule_params *p)
{
    return p->min ? p->min : 4;
}

// Those of the element sizes 2, 4 and 8 that are at most MAX, as bits.
static uint32_t sizes_up_to(uint64_t max)
{
    return max >= 8 ? 2 | 4 | 8 : max >= 4 ? 2 | 4 : max >= 2 ? 2 : 0;
}

static inline bool is_unordered(const struct shadow *s, enum access_kind kind,
                                const struct rule_params *p)
{
    // At a glance: whatever a contract may want of that kind.
    enum order_wanted most = kind == ACCESS_STORE ? WANT_LAST : WANT_FIRST;
    if (p->glance)
        return order_is_suspect(s, (struct order_view){.kind = kind, .wanted = most});
    return order_find(s, rule_order_view(kind, p)).cause != BREACH_NONE;
}

static inline bool is_torn(const struct shadow *s, enum access_kind kind,
                           const struct rule_params *p)
{
    const struct shadow_side *side = kind == ACCESS_STORE ? &s->stores : &s->loads;
    struct torn_field field;
    if (p->record.bytes)
        return shadow_find_torn_field(s, kind, p->record, (uint32_t)max_of(p), &field);
    return (side->torn_sizes & sizes_up_to(max_of(p))) != 0;
}

static inline bool breaks_burst(const struct shadow *s, const struct rule_params *p)
{
    struct broken_burst burst;
    return p->line != NO_LINE && shadow_find_broken_burst(s, p->line ? p->line : 64, &burst);
}

// What is not known to be put back is taken as not put back.
static inline bool stores_outside(const struct shadow *s, const struct rule_params *p)
{
    if (!p->within || !s->store_outside)
        return s->store_outside;
    return (s->outside_words & p->within) || s->rewrites_others ||
           (s->trace->outcome == OUTCOME_RETURNED && !s->rewrites_known);
}

static bool onto_itself(const struct shadow *s)
{
    return s->c->overlapping && s->c->overlap == 0;
}

// A move onto itself that does not touch the side has nothing to do there.
static bool left_alone(const struct shadow *s, const struct shadow_side *side)
{
    return onto_itself(s) && side->accesses == 0;
}

static bool is_register_size(uint64_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool is_split(const struct shadow *s, const struct shadow_side *side,
                     const struct rule_params *p)
{
    uint64_t size = s->c->size;
    return is_register_size(size) && size <= max_of(p) && !side->whole_request &&
           !left_alone(s, side) && !(p->within && side->accesses == 1 && !side->missing);
}

static bool is_narrow(const struct shadow *s, const struct shadow_side *side,
                      const struct rule_params *p)
{
    // Of no parameters in particular, see rules_suspected: of some.
    uint64_t min = p->min == ANY_MIN ? s->c->size : min_of(p);
    return side->width_min < min && s->c->size >= min;
}

static bool request_applies(const struct shadow *s, const struct rule_params *p)
{
    enum rule_request request = p->request;
    if (request == REQUEST_ANY)
        return true;
    uint64_t size = s->c->size;
    uintptr_t dst = (uintptr_t)s->layout->dst, src = (uintptr_t)s->layout->src;
    if (request == REQUEST_DST_WORDS || request == REQUEST_SRC_WORDS)
        return ((request == REQUEST_DST_WORDS ? dst : src) | size) % min_of(p) == 0;
    uintptr_t pointers = request == REQUEST_DST_ALIGNED   ? dst
                         : request == REQUEST_SRC_ALIGNED ? src
                                                          : dst | src;
    return is_register_size(size) && pointers % size == 0;
}

// What a routine that did not return broke for sure. The rest it had no time to
// keep.
static bool holds_without_return(enum rule_id id)
{
    return id == RULE_CRASH || id == RULE_TIMEOUT || id == RULE_OUT_OF_BOUNDS_STORE;
}

bool rule_find(const char *name, enum rule_id *id)
{
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rule_name[i], name) == 0) {
            *id = (enum rule_id)i;
            return true;
        }
    }
    return false;
}

bool rule_is_broken(enum rule_id id, const struct shadow *s, const struct rule_params *p)
{
    const struct shadow_side *stores = &s->stores, *loads = &s->loads;
    if (s->trace->outcome != OUTCOME_RETURNED && !holds_without_return(id))
        return false;
    if (!request_applies(s, p))
        return false;
    switch (id) {
#define X(rule, needs, broken) \
    case rule:                 \
        return broken;
        RULE_TESTS(X)
#undef X
    case RULE_COUNT:
        break;
    }
    return false;
}

// All tests at once; made for parameters that the compiler knows.
static inline __attribute__((always_inline)) uint64_t broken_with(const struct shadow *s,
                                                                  struct rule_params params)
{
    const struct rule_params *p = &params;
    const struct shadow_side *stores = &s->stores, *loads = &s->loads;
    uint64_t broken_rules = 0;
#define X(rule, needs, broken) broken_rules |= (uint64_t)((broken) != 0) << rule;
    RULE_TESTS(X)
#undef X
    return broken_rules;
}

uint64_t rules_suspected(const struct shadow *s)
{
    // Every test that looks at parameters says yes to one of these where it
    // says yes to any: wide-* are strictest with the smallest `max`, the others
    // with the largest, narrow-* with any.
    return broken_with(s, (struct rule_params){.max = UINT32_MAX,
                                               .min = ANY_MIN,
                                               .line = NO_LINE,
                                               .all_stores = true,
                                               .glance = true}) |
           broken_with(s, (struct rule_params){.max = 1, .line = NO_LINE, .glance = true});
}

bool rule_scans(enum rule_id id, const struct rule_params *p)
{
    return id == RULE_BROKEN_BURST ||
           ((id == RULE_TORN_ELEMENT || id == RULE_TORN_LOAD) && p->record.bytes);
}

bool rule_needs_loads(enum rule_id id)
{
    static const bool needs[RULE_COUNT] = {
#define X(rule, what, broken) [rule] = what,
        RULE_TESTS(X)
#undef X
    };
    return needs[id];
}

static bool accesses_differ(const struct trace *a, const struct layout *la, const struct trace *b,
                            const struct layout *lb, size_t i)
{
    const struct access *x = &a->accesses[i], *y = &b->accesses[i];
    int64_t x_off, y_off;
    if (trace_region(a, la, x, &x_off) != trace_region(b, lb, y, &y_off) || x_off != y_off)
        return true;
    bool masked = x->flags & ACCESS_MASKED;
    return x->kind != y->kind || x->flags != y->flags || x->width != y->width ||
           x->count != y->count || (masked && x->mask != y->mask) ||
           a->sites[x->site].addr != b->sites[y->site].addr;
}

// A routine that returns nothing leaves what it likes where a return value
// would be; so a difference counts only if one of the two is a copy's result.
static bool returns_differ(const struct trace *a, const struct layout *la, const struct trace *b,
                           const struct layout *lb)
{
    uint64_t x = a->return_value - (uintptr_t)la->dst, y = b->return_value - (uintptr_t)lb->dst;
    return x != y && (x == 0 || y == 0 || x == la->size || y == lb->size);
}

bool rule_traces_differ(const struct trace *a, const struct layout *la, const struct trace *b,
                        const struct layout *lb)
{
    if (a->outcome != b->outcome || a->count != b->count)
        return true;
    if (a->outcome == OUTCOME_RETURNED && returns_differ(a, la, b, lb))
        return true;
    for (size_t i = 0; i < a->count; i++)
        if (accesses_differ(a, la, b, lb, i))
            return true;
    return false;
}
