// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Rules: pure functions of shadow memory. Each is one row of rules.def: its id,
// the name users see, one sentence on when it is broken, what to do about it,
// and a field in the news it comes from. A rule says yes or no fast; asked for
// a witness it marks the accesses that broke it.

#ifndef STORESCOPE_RULES_H
#define STORESCOPE_RULES_H

#include "judge/order.h"
#include "judge/shadow.h"

enum rule_id {
#define RULE(id, ...) id,
#include "judge/rules.def"
#undef RULE
    RULE_COUNT
};

// To which requests a contract applies a rule.
enum rule_request {
    REQUEST_ANY,
    REQUEST_DST_ALIGNED, // 1, 2, 4 or 8 bytes, destination naturally aligned
    REQUEST_SRC_ALIGNED,
    REQUEST_BOTH_ALIGNED,
    REQUEST_DST_WORDS, // whole words of `min` bytes: size and destination are multiples
    REQUEST_SRC_WORDS,
};

// Parameters a contract gives a rule; zero means the rule's default.
struct rule_params {
    enum rule_request request;
    uint32_t max;            // bytes: torn-* (8), wide-* (8), split-* (8)
    uint32_t min;            // bytes: narrow-* (4)
    uint32_t within;         // bytes: out-of-bounds-store, the aligned words around the destination
                             // that may be written back (none); split-store, likewise
    uint32_t line;           // bytes: broken-burst (64)
    struct record record;    // torn-*: the fields to look at; none: aligned elements
    bool same_page;          // out-of-bounds-load: a load within a page that the source or
                             // the destination touches is allowed
    bool all_stores;         // unfenced-store: every store must be drained, not
                             // only non-temporal ones
    enum order_wanted order; // unordered-*, and who looks at which memory
    bool by_device, on_device;
    bool glance; // rules_suspected's own: unordered-* need not look at the trace
};

// What an unordered-* rule with these parameters asks.
static inline struct order_view rule_order_view(enum access_kind kind, const struct rule_params *p)
{
    return (struct order_view){kind, p->order, p->by_device, p->on_device};
}

extern const char *const rule_name[RULE_COUNT];
extern const char *const rule_broken_when[RULE_COUNT];
bool rule_find(const char *name, enum rule_id *id);

// The rule whose name is nearest to one that none has, by letters and by meaning.
enum rule_id rule_meant(const char *name);

// Rules that say nothing of an op, as bits by id, and why, to go on from its name; 0 and
// NULL where all have something to say. They are neither broken nor kept, which who asks
// them has to see to (check_broken does).
uint64_t rules_not_asked(enum copy_op op);
const char *rules_not_asked_why(enum copy_op op);

// Is the rule broken? Not for RULE_DATA_DEPENDENT, which takes two traces.
bool rule_is_broken(enum rule_id id, const struct shadow *s, const struct rule_params *p);

// The rules that may be broken by a case that returned, as bits by id: with a bit
// clear, rule_is_broken says no whatever the parameters. One pass instead of a
// call a rule, since most cases break none. Rules that rule_scans are left out: no fact
// of the shadow tells.
uint64_t rules_suspected(const struct shadow *s);

// Does the rule, with these parameters, look at all accesses?
bool rule_scans(enum rule_id id, const struct rule_params *p);

// RULE_DATA_DEPENDENT: do two traces of cases that differ in data alone differ?
bool rule_traces_differ(const struct trace *a, const struct layout *la, const struct trace *b,
                        const struct layout *lb);

// Does the rule need loads recorded? (RULE_TRANSIENT_VALUE alone needs values.)
bool rule_needs_loads(enum rule_id id);

// Marks the accesses that explain the broken rule, in program order: their
// indices to OUT, at most CAPACITY of them. Returns how many there are in all;
// none for a rule that is not broken, or that no access is to blame for.
size_t rule_witness(enum rule_id id, const struct shadow *s, const struct rule_params *p,
                    uint32_t *out, size_t capacity);

enum { RULE_MESSAGE_MAX = 512 };

// One sentence a person can act on, about this case; of two instructions of one text,
// with marks of where they are (message_sites.h).
void rule_message(enum rule_id id, const struct shadow *s, const struct rule_params *p, char *text,
                  size_t text_size);

#endif
