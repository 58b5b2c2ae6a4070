// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Memory order: program order is what a trace has, visibility is what another
// observer has. From a trace, what of it orders accesses, and a table of CPUs, each
// row with its sources, this stage says whether a store is certain to become visible
// after those before it, and a load to be performed after them. What is not known is
// not ordered. Made when a rule asks, and never for the sake of another.

#ifndef STORESCOPE_ORDER_H
#define STORESCOPE_ORDER_H

#include "judge/shadow.h"

enum { ORDER_X86_64 = 62 }; // EM_X86_64; elf.h has names that others use

enum order_wanted {
    WANT_ASCENDING, // each access after the one before it
    WANT_LAST,      // the last element of the request after all others
    WANT_FIRST,     // ... before all others
    ORDER_WANTED_COUNT
};
extern const char *const order_wanted_name[ORDER_WANTED_COUNT];

// Who looks, at which accesses. The zero: another CPU, at write-back memory.
struct order_view {
    enum access_kind kind; // stores to the destination or loads from the source
    enum order_wanted wanted;
    bool by_device; // a device looks at memory: barriers have to reach it
    bool on_device; // the memory is a device, which may keep the order itself
};

enum order_cause {
    BREACH_NONE,          // in order
    BREACH_PLAIN,         // nothing orders the second after the first
    BREACH_NONTEMPORAL,   // ... as one of them is non-temporal
    BREACH_ONE_EXECUTION, // both are parts of one execution of an instruction
    BREACH_STRING,        // elements of one string operation
    BREACH_PARTS,         // one access that the CPU may make in parts
    BREACH_PROGRAM,       // the second is in the wrong place in the program's own order
    BREACH_NARROW,        // the last element is not made by one access
};

// The first breach, in program order: two accesses by their indices in the trace, which
// are the same where one alone breaks it.
struct order_breach {
    enum order_cause cause;
    uint32_t first, second;
};
struct order_breach order_find(const struct shadow *s, struct order_view view);

// May order_find find something? Only "no" is certain. A few comparisons on x86-64, which
// keeps the order of accesses that are plain and that it makes whole.
static inline bool order_is_suspect(const struct shadow *s, struct order_view view)
{
    enum { SPECIAL = 1 << CLASS_NONTEMPORAL | 1 << CLASS_STRING | 1 << CLASS_MASKED };
    const struct shadow_side *side = view.kind == ACCESS_STORE ? &s->stores : &s->loads;
    if (side->accesses == 0)
        return false;
    if (s->trace->machine != ORDER_X86_64 || side->classes & SPECIAL || side->width_max > 8 ||
        (side->crosses_line && !view.on_device))
        return true;
    return view.wanted == WANT_FIRST ||
           (view.wanted == WANT_LAST && (!side->last_byte_last || side->ends_narrow));
}

// Will order_find find something? Only "yes" is certain: on x86-64 one string operation,
// or one plain access that the CPU makes in parts, is enough.
static inline bool order_is_plainly_broken(const struct shadow *s, struct order_view view)
{
    const struct shadow_side *side = view.kind == ACCESS_STORE ? &s->stores : &s->loads;
    if (s->trace->machine != ORDER_X86_64 || view.wanted != WANT_ASCENDING || view.on_device ||
        side->classes >> CLASS_ATOMIC & 1)
        return false;
    return side->strings || side->splits_line || side->width_max == 32;
}

// Which accesses order_find asks of whether they lie across a cache line: any of a side,
// or those that are the last element's. Else it goes by what is the same 16 bytes further.
enum {
    LINE_STORE = 1,
    LINE_LOAD = 2,
    LINE_LAST_STORE = 4, // the last that touches the last byte
    LINE_FIRST_LOAD = 8, // the first that does
    LINE_LAST_LOAD = 16
};
static inline unsigned order_lines(struct order_view view)
{
    bool load = view.kind == ACCESS_LOAD;
    if (view.on_device)
        return 0;
    if (view.wanted == WANT_ASCENDING)
        return load ? LINE_LOAD : LINE_STORE;
    return !load ? LINE_LAST_STORE : view.wanted == WANT_FIRST ? LINE_FIRST_LOAD : LINE_LAST_LOAD;
}

// The same of a recording, for reports: no pointer of the layout is followed.
struct order_breach order_find_in(const struct copy_case *c, const struct recording *r,
                                  struct order_view view);

// What orders each access of the view's kind and side after the one before it: a word
// ("first" for the first) or the text of an instruction, which lives as long as the
// trace, or NULL for nothing. OUT has room for one an access of the trace; NULL as well
// for those that are not of the view.
void order_tell(const struct copy_case *c, const struct recording *r, struct order_view view,
                const char **out);

// An access of the view's kind and side, as others see it.
struct order_seen {
    uint32_t access;        // its index in the trace
    bool whole;             // each element of it becomes visible at once
    bool elements_in_order; // those of a string operation, one after the other
};

// The first MAX of them in program order, to OUT; gives how many there are in all.
// AFTER, of MAX * MAX: [k * MAX + i] says that OUT[k] is certain to be seen after OUT[i],
// an earlier one.
size_t order_seen(const struct copy_case *c, const struct recording *r, struct order_view view,
                  struct order_seen *out, size_t max, bool *after);

// May the CPU make one element of an access to write-back memory in parts?
bool order_in_parts(const struct trace *t, const struct access *a);

// A CPU's name in a sentence, and what would have ordered two of its accesses, as the
// subject of "would"; NULL when nothing known does.
const char *order_cpu(const struct trace *t);
const char *order_remedy(const struct trace *t, struct order_view view);

#endif
