// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One sentence on how a rule is broken.

#include "judge/blame.h"
#include "judge/message_sites.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { BY_MAX = 72 + SITE_MARK_MAX };

struct words;

// How the sentence of a rule is made, and the words that it shares with others.
struct wording {
    void (*say)(const struct words *w);
    const char *verb, *noun, *advice;
};

// What a sentence is made from.
struct words {
    enum rule_id id;
    const struct wording *as;
    const struct shadow *s;
    const struct rule_params *p;
    struct blame blame;
    char by[2][BY_MAX]; // instructions of the accesses to blame, in backquotes
    char *text;
    size_t text_size;
};

static void name_site(char by[BY_MAX], const struct trace *t, size_t site)
{
    const char *text = t->sites[site].text;
    if (text[0])
        snprintf(by, BY_MAX, "`%.64s%s`", text, strlen(text) > 64 ? "..." : "");
    else
        snprintf(by, BY_MAX, "the instruction at 0x%" PRIx64, t->sites[site].addr);
}

// "dst+5", "src-1", "stack+8" or an address.
static void name_place(char place[40], const struct shadow *s, const struct access *a)
{
    int64_t off;
    enum region region = trace_region(s->trace, s->layout, a, &off);
    if (region == REGION_OTHER && a->flags & ACCESS_TLS)
        snprintf(place, 40, "thread-local storage");
    else if (region == REGION_OTHER)
        snprintf(place, 40, "address 0x%" PRIx64, (uint64_t)off);
    else
        snprintf(place, 40, "%s%+" PRId64, region_name[region], off);
}

static const struct access *access_of(const struct words *w, size_t which)
{
    return &w->s->trace->accesses[w->blame.access[which]];
}

// Two instructions of one text, by where they are.
static void tell_apart(struct words *w)
{
    const struct trace *t = w->s->trace;
    char mark[SITE_MARK_MAX];
    if (w->blame.count != 2 || access_of(w, 0)->site == access_of(w, 1)->site ||
        strcmp(w->by[0], w->by[1]) != 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        const size_t used = strlen(w->by[i]);
        site_mark(t, access_of(w, i)->site, mark);
        snprintf(w->by[i] + used, BY_MAX - used, "%s", mark);
    }
}

#define SAY(w, ...) ((void)snprintf((w)->text, (w)->text_size, __VA_ARGS__))

static void say_crash(const struct words *w)
{
    const struct trace *t = w->s->trace;
    struct access fault = {.kind = ACCESS_STORE, .addr = t->fault_addr, .width = 1, .count = 1};
    char by[BY_MAX], place[40];
    size_t site = 0;
    while (site < t->site_count && t->sites[site].addr != t->fault_pc)
        site++;
    if (site < t->site_count)
        name_site(by, t, site);
    else
        snprintf(by, sizeof by, "the instruction at 0x%" PRIx64, t->fault_pc);
    name_place(place, w->s, &fault);
    bool of_memory = t->signal == SIGSEGV || t->signal == SIGBUS;
    SAY(w, "the routine faulted (%s) in %s%s%s", strsignal(t->signal), by, of_memory ? " at " : "",
        of_memory ? place : "");
}

static void say_timeout(const struct words *w)
{
    if (w->blame.count)
        SAY(w, "the routine did not return; the last of its %zu accesses was %s",
            w->s->trace->count, w->by[0]);
    else
        SAY(w, "the routine did not return, and touched no memory");
}

// After a number of them.
static const char *bytes_of(uint64_t count)
{
    return count == 1 ? "byte" : "bytes";
}

// What is wrong with what goes through a FIFO.
static void say_wrong_fifo(const struct words *w)
{
    const struct shadow *s = w->s;
    bool to = s->c->op == OP_TO_FIFO, by = w->blame.count > 0;
    char place[80] = "none of the source";
    if (s->fifo_got_at != UINT64_MAX)
        snprintf(place, sizeof place, "what belongs at byte %" PRIu64, s->fifo_got_at);
    if (s->wrong_at < min_u64(s->c->size, s->fifo_bytes))
        SAY(w,
            "byte %" PRIu64 " that the FIFO is given is 0x%02x instead of 0x%02x: %s stores %s "
            "there",
            w->blame.off, s->wrong_got, s->wrong_want, by ? w->by[0] : "nothing", place);
    else
        SAY(w, "the routine %s %" PRIu64 " %s %s for a request of %" PRIu64 "%s%s",
            to ? "gives the FIFO" : "takes", s->fifo_bytes, bytes_of(s->fifo_bytes),
            to ? "in all" : "from the FIFO", s->c->size, by ? "; the first too many by " : "",
            by ? w->by[0] : "");
}

static void say_wrong_data(const struct words *w)
{
    const struct shadow *s = w->s;
    bool moved = op_has_fifo(s->c->op) && s->wrong_at >= min_u64(s->fifo_bytes, s->c->size);
    if (s->c->op == OP_TO_FIFO || moved) {
        say_wrong_fifo(w);
        return;
    }
    char came[48] = "";
    if (s->c->op == OP_SET && s->layout->value < 0)
        snprintf(came, sizeof came, " (the value came as the int %d)", s->layout->value);
    SAY(w, "byte %" PRIu64 " ends as 0x%02x instead of 0x%02x%s; %s%s", w->blame.off, s->wrong_got,
        s->wrong_want, came, w->blame.count ? "it was last stored by " : "it was never stored",
        w->blame.count ? w->by[0] : "");
}

// A number, or an address near the destination.
static void print_returned(const struct shadow *s, uint64_t value, char text[40])
{
    uint64_t off = value - (uintptr_t)s->layout->dst;
    if (off + 2 * CASE_SIZE_MAX <= 4 * CASE_SIZE_MAX)
        snprintf(text, 40, "dst%+" PRId64, (int64_t)off);
    else
        snprintf(text, 40, "0x%" PRIx64, value);
}

static void say_wrong_return(const struct words *w)
{
    const struct shadow *s = w->s;
    uint64_t mask = s->layout->returns_mask;
    char got[40], want[40];
    print_returned(s, s->trace->return_value & (mask ? mask : UINT64_MAX), got);
    print_returned(s, s->layout->returns, want);
    if (mask)
        SAY(w, "the routine returns %s; the --call says %s", got, want);
    else
        SAY(w, "the routine returns %s; %s returns dst%s", got, copy_op_name[s->c->op],
            s->c->op == OP_MEMPCPY ? " + size" : "");
}

static void say_clobbered_state(const struct words *w)
{
    static const char *const names[32] = {[3] = "rbx",
                                          [4] = "rsp",
                                          [5] = "rbp",
                                          [12] = "r12",
                                          [13] = "r13",
                                          [14] = "r14",
                                          [15] = "r15",
                                          [16] = "the direction flag",
                                          [17] = "the alignment-check flag",
                                          [18] = "the control bits of MXCSR",
                                          [19] = "the x87 control word or stack",
                                          [20] = "a register that a callee keeps"};
    char list[160] = "";
    for (size_t i = 0, n = 0; i < 32 && n < sizeof list; i++)
        if (w->s->trace->clobbered >> i & 1 && names[i])
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", names[i]);
    bool other = w->s->trace->clobbered & CLOBBERED_SAVED;
    SAY(w, "the routine returns with %s changed, which its caller relies on%s", list,
        other ? "" : " (System V ABI, 3.2.1)");
}

static bool is_stored(const struct shadow *s, uint64_t off)
{
    return s->stores.once[off / WORD_BITS] >> off % WORD_BITS & 1;
}

static void say_missing(const struct words *w)
{
    uint64_t lo = 0, hi, size = w->s->layout->size;
    if (w->s->c->op == OP_TO_FIFO) {
        SAY(w, "the FIFO is given %" PRIu64 " of %" PRIu64 " %s", w->s->fifo_bytes, size,
            bytes_of(size));
        return;
    }
    while (lo < size && is_stored(w->s, lo))
        lo++;
    for (hi = lo; hi < size && !is_stored(w->s, hi);)
        hi++;
    if (hi - lo == 1)
        SAY(w, "byte %" PRIu64 " is never stored: no write of it is seen, whatever it holds", lo);
    else
        SAY(w,
            "bytes %" PRIu64 "..%" PRIu64 " are never stored: no write of them is seen, "
            "whatever they hold",
            lo, hi - 1);
}

// Bytes in front of the source or behind it, or around the destination.
static bool lies_at_source(const struct words *w, const struct access *a)
{
    int64_t off;
    return a->kind == ACCESS_LOAD && trace_region(w->s->trace, w->s->layout, a, &off) == REGION_SRC;
}

// Beside a FIFO, at whose one address all is.
static bool is_beside_fifo(const struct words *w, const struct access *a)
{
    enum copy_op op = w->s->c->op;
    return lies_at_source(w, a) ? op == OP_FROM_FIFO : op == OP_TO_FIFO;
}

static void say_outside(const struct words *w)
{
    const char *advice = w->p->same_page ? "in another page, it can fault"
                         : w->p->within && !(w->s->outside_words & w->p->within)
                             ? "the rest of its word does not stay as it was"
                             : w->as->advice;
    const struct access *a = access_of(w, 0);
    struct span reach = access_reach(a);
    char place[40];
    name_place(place, w->s, a);
    if (is_beside_fifo(w, a)) {
        SAY(w,
            "%s %s %" PRIu64 " %s at %s, beside the FIFO, whose elements all go through one "
            "address, %s+0",
            w->by[0], w->as->verb, (uint64_t)(reach.hi - reach.lo), bytes_of(reach.hi - reach.lo),
            place, lies_at_source(w, a) ? "src" : "dst");
        return;
    }
    SAY(w, "%s %s %" PRIu64 " %s at %s, outside the %s of %" PRIu64 " %s: %s", w->by[0],
        w->as->verb, (uint64_t)(reach.hi - reach.lo), bytes_of(reach.hi - reach.lo), place,
        lies_at_source(w, a) ? "source" : "destination", w->s->layout->size,
        bytes_of(w->s->layout->size), advice);
}

static void say_static(const struct words *w)
{
    const struct access *a = access_of(w, 0);
    SAY(w, "%s stores %" PRIu64 " %s to data of its own module: two calls at a time meet there",
        w->by[0], a->width * a->count, bytes_of(a->width * a->count));
}

static void say_again(const struct words *w)
{
    SAY(w, "byte %" PRIu64 " is %s by %s and again by %s: %s", w->blame.off, w->as->verb, w->by[0],
        w->by[1], w->as->advice);
}

static void say_transient(const struct words *w)
{
    SAY(w, "byte %" PRIu64 " holds 0x%02x, neither its old nor its final value, from %s until %s",
        w->blame.off, w->s->transient_value, w->by[0],
        w->blame.count == 2 ? w->by[1] : "the return");
}

static void say_split(const struct words *w)
{
    const char *noun = w->as->noun;
    struct shadow_view view =
        shadow_view(w->s, w->id == RULE_SPLIT_STORE ? ACCESS_STORE : ACCESS_LOAD);
    size_t i = 0;
    while (i < w->s->trace->count && !blame_touches(view, &w->s->trace->accesses[i]))
        i++;
    if (i == w->s->trace->count) {
        SAY(w, "the request of %" PRIu64 " %s makes no %s", view.size, bytes_of(view.size), noun);
        return;
    }
    char by[BY_MAX];
    const struct access *a = &w->s->trace->accesses[i];
    name_site(by, w->s->trace, a->site);
    if (view.side->accesses == 1)
        SAY(w, "the request of %" PRIu64 " %s is made by %s, whose %s is %u %s wide, not %" PRIu64,
            view.size, bytes_of(view.size), by, noun, a->width, bytes_of(a->width), view.size);
    else
        SAY(w,
            "the request of %" PRIu64 " %s is made as %" PRIu64 " %ss, not as one of %" PRIu64
            " %s: the first, by %s, is %u %s wide",
            view.size, bytes_of(view.size), view.side->accesses, noun, view.size,
            bytes_of(view.size), by, a->width, bytes_of(a->width));
}

static void say_torn(const struct words *w)
{
    if (w->p->record.bytes) {
        SAY(w, "the field of %u bytes at offset %" PRIu64 " is %s in part by %s%s%s: %s",
            w->blame.size, w->blame.off, w->as->verb, w->by[0],
            w->blame.count == 2 ? ", then by " : "", w->blame.count == 2 ? w->by[1] : "",
            w->as->advice);
        return;
    }
    SAY(w, "the aligned %u bytes at offset %" PRIu64 " are %s in part by %s%s%s: %s", w->blame.size,
        w->blame.off, w->as->verb, w->by[0], w->blame.count == 2 ? ", then by " : "",
        w->blame.count == 2 ? w->by[1] : "", w->as->advice);
}

static void say_reordered(const struct words *w)
{
    char from[40], to[40];
    if (w->blame.count == 1) {
        SAY(w, "%s %s from the highest address down", w->by[0], w->as->verb);
        return;
    }
    name_place(from, w->s, access_of(w, 0));
    name_place(to, w->s, access_of(w, 1));
    SAY(w, "%s %s at %s after %s at %s: not in ascending order", w->by[1], w->as->verb, to,
        w->by[0], from);
}

// What is missing between two accesses that nothing orders: "nothing orders them on
// AArch64: a store-release or `dmb ishst` would".
static void say_remedy(const struct words *w, struct order_view view, enum order_cause cause,
                       char *text, size_t size)
{
    const struct trace *t = w->s->trace;
    const char *remedy = order_remedy(t, view);
    if (cause == BREACH_ONE_EXECUTION)
        snprintf(text, size, "one instruction makes both, in no promised order");
    else
        snprintf(text, size, "%s on %s%s%s%s",
                 cause == BREACH_NONTEMPORAL ? "non-temporal, they are in no order"
                                             : "nothing orders them",
                 order_cpu(t), remedy ? ": " : "", remedy ? remedy : "", remedy ? " would" : "");
}

static void say_one_unordered(const struct words *w, enum order_cause cause)
{
    const struct access *a = access_of(w, 0);
    const char *seen = w->as->advice, *element = w->p->order ? "the last element" : "its parts";
    char place[40];
    name_place(place, w->s, a);
    if (cause == BREACH_STRING)
        SAY(w, "%s %s %" PRIu64 " elements at %s in one string operation, which %s in any order",
            w->by[0], w->as->verb, a->count, place, seen);
    else if (cause == BREACH_PARTS)
        SAY(w, "%s %s %u bytes at %s, which %s may make in parts, and they %s in any order",
            w->by[0], w->as->verb, a->width, place, order_cpu(w->s->trace), seen);
    else
        SAY(w,
            "%s %s no more than the last byte, at %s: %s, of 2, 4 or 8 bytes, is not made at once",
            w->by[0], w->as->verb, place, element);
}

static void say_unordered(const struct words *w)
{
    enum access_kind kind = w->id == RULE_UNORDERED_LOAD ? ACCESS_LOAD : ACCESS_STORE;
    struct order_view view = rule_order_view(kind, w->p);
    struct order_breach found = order_find(w->s, view);
    char from[40], to[40], remedy[160];
    if (w->blame.count == 1) {
        say_one_unordered(w, found.cause);
        return;
    }
    name_place(from, w->s, access_of(w, 0));
    name_place(to, w->s, access_of(w, 1));
    if (found.cause == BREACH_PROGRAM) {
        SAY(w, "%s %s at %s %s %s at %s, which holds the last element",
            w->by[w->p->order == WANT_LAST], w->as->verb, w->p->order == WANT_LAST ? to : from,
            w->p->order == WANT_LAST ? "after" : "before", w->by[w->p->order != WANT_LAST],
            w->p->order == WANT_LAST ? from : to);
        return;
    }
    say_remedy(w, view, found.cause, remedy, sizeof remedy);
    SAY(w, "%s at %s may %s before %s at %s: %s", w->by[1], to, w->as->noun, w->by[0], from,
        remedy);
}

static void say_last_byte(const struct words *w)
{
    uint64_t last = w->s->layout->size - 1;
    if (w->blame.count == 0)
        SAY(w, "nothing stores byte %" PRIu64 ", the last", last);
    else if (w->blame.count == 1)
        SAY(w, "the last store, %s, does not end with byte %" PRIu64 ", the last of the request",
            w->by[0], last);
    else
        SAY(w,
            "byte %" PRIu64 ", the last, is stored by %s, and %s stores after it: who waits "
            "for the last byte sees an unfinished copy",
            last, w->by[0], w->by[1]);
}

static void say_misaligned(const struct words *w)
{
    const struct access *a = access_of(w, 0);
    char place[40];
    name_place(place, w->s, a);
    SAY(w, "%s %s %u bytes at %s, which lies %u past a multiple of %u", w->by[0], w->as->verb,
        a->width, place, (unsigned)(a->addr % a->width), a->width);
}

static void say_wide(const struct words *w)
{
    uint32_t width = access_of(w, 0)->width;
    SAY(w, "%s %s %u %s at once, more than the %u allowed", w->by[0], w->as->verb, width,
        bytes_of(width), w->p->max ? w->p->max : 8);
}

static void say_narrow(const struct words *w)
{
    const struct access *a = access_of(w, 0);
    char place[40];
    name_place(place, w->s, a);
    SAY(w, "%s %s %u %s at %s, fewer than the %u that this memory takes", w->by[0], w->as->verb,
        a->width, bytes_of(a->width), place, w->p->min ? w->p->min : 4);
}

static void say_class(const struct words *w)
{
    char place[40];
    name_place(place, w->s, access_of(w, 0));
    SAY(w, "%s, %s %s instruction, %s at %s: this memory does not take it", w->by[0],
        strchr("ax", w->as->noun[0]) ? "an" : "a", w->as->noun, w->as->verb, place);
}

static void say_burst(const struct words *w)
{
    uint32_t line = w->p->line ? w->p->line : 64;
    SAY(w,
        "%s goes on with the line of %u bytes at offset %" PRIu64 " after %s%s: the line may be "
        "sent in parts",
        w->by[w->blame.count - 1], line, w->blame.off,
        w->blame.count == 2 ? w->by[0] : "it stored elsewhere",
        w->blame.count == 2 ? " came between" : "");
}

static void say_unflushed(const struct words *w)
{
    SAY(w,
        "byte %" PRIu64 ", last stored by %s, is not flushed and fenced before the return: a "
        "power failure loses it",
        w->blame.off, w->by[0]);
}

static void say_unfenced(const struct words *w)
{
    SAY(w,
        "%s is not followed by a fence before the return: its data can arrive after a "
        "later store",
        w->by[0]);
}

static void say_destination_load(const struct words *w)
{
    SAY(w, "%s reads the destination, which another party or a device can change or notice",
        w->by[0]);
}

static void say_data_dependent(const struct words *w)
{
    SAY(w, "the same request with other data makes other accesses");
}

static const struct wording wordings[RULE_COUNT] = {
    [RULE_CRASH] = {.say = say_crash},
    [RULE_TIMEOUT] = {.say = say_timeout},
    [RULE_WRONG_DATA] = {.say = say_wrong_data},
    [RULE_WRONG_RETURN] = {.say = say_wrong_return},
    [RULE_CLOBBERED_STATE] = {.say = say_clobbered_state},
    [RULE_MISSING_STORE] = {.say = say_missing},
    [RULE_OUT_OF_BOUNDS_STORE] = {.say = say_outside,
                                  .verb = "stores",
                                  .advice = "it overwrites what is not the copy's"},
    [RULE_STATIC_STORE] = {.say = say_static},
    [RULE_OUT_OF_BOUNDS_LOAD] = {.say = say_outside,
                                 .verb = "loads",
                                 .advice = "it reads what is not the copy's"},
    [RULE_DUPLICATE_STORE] = {.say = say_again,
                              .verb = "stored",
                              .advice = "a guest that clears it in between loses its write"},
    [RULE_OVERLAPPING_STORE] = {.say = say_again,
                                .verb = "stored",
                                .advice = "the two overlap, and a device sees it written twice"},
    [RULE_TRANSIENT_VALUE] = {.say = say_transient},
    [RULE_SPLIT_STORE] = {.say = say_split, .noun = "store"},
    [RULE_SPLIT_LOAD] = {.say = say_split, .noun = "load"},
    [RULE_TORN_ELEMENT] = {.say = say_torn,
                           .verb = "stored",
                           .advice = "a reader can see half of them new"},
    [RULE_TORN_LOAD] = {.say = say_torn,
                        .verb = "loaded",
                        .advice = "when they change in between, half of them is old"},
    [RULE_REORDERED_STORE] = {.say = say_reordered, .verb = "stores"},
    [RULE_REORDERED_LOAD] = {.say = say_reordered, .verb = "loads"},
    [RULE_UNORDERED_STORE] = {.say = say_unordered,
                              .verb = "stores",
                              .noun = "become visible",
                              .advice = "become visible"},
    [RULE_UNORDERED_LOAD] = {.say = say_unordered,
                             .verb = "loads",
                             .noun = "be performed",
                             .advice = "are performed"},
    [RULE_LAST_BYTE_NOT_LAST] = {.say = say_last_byte},
    [RULE_MISALIGNED_STORE] = {.say = say_misaligned, .verb = "stores"},
    [RULE_MISALIGNED_LOAD] = {.say = say_misaligned, .verb = "loads"},
    [RULE_WIDE_STORE] = {.say = say_wide, .verb = "stores"},
    [RULE_WIDE_LOAD] = {.say = say_wide, .verb = "loads"},
    [RULE_NARROW_STORE] = {.say = say_narrow, .verb = "stores"},
    [RULE_NARROW_LOAD] = {.say = say_narrow, .verb = "loads"},
    [RULE_VECTOR_STORE] = {.say = say_class, .verb = "stores", .noun = "vector"},
    [RULE_VECTOR_LOAD] = {.say = say_class, .verb = "loads", .noun = "vector"},
    [RULE_MASKED_STORE] = {.say = say_class, .verb = "stores", .noun = "masked"},
    [RULE_STRING_STORE] = {.say = say_class, .verb = "stores", .noun = "string"},
    [RULE_NONTEMPORAL_STORE] = {.say = say_class, .verb = "stores", .noun = "non-temporal"},
    [RULE_ATOMIC_STORE] = {.say = say_class, .verb = "stores", .noun = "atomic"},
    [RULE_PAIRED_STORE] = {.say = say_class, .verb = "stores", .noun = "paired"},
    [RULE_WRITEBACK_STORE] = {.say = say_class, .verb = "stores", .noun = "write-back"},
    [RULE_X87_STORE] = {.say = say_class, .verb = "stores", .noun = "x87"},
    [RULE_STRING_LOAD] = {.say = say_class, .verb = "loads", .noun = "string"},
    [RULE_ATOMIC_LOAD] = {.say = say_class, .verb = "loads", .noun = "atomic"},
    [RULE_PAIRED_LOAD] = {.say = say_class, .verb = "loads", .noun = "paired"},
    [RULE_WRITEBACK_LOAD] = {.say = say_class, .verb = "loads", .noun = "write-back"},
    [RULE_X87_LOAD] = {.say = say_class, .verb = "loads", .noun = "x87"},
    [RULE_BROKEN_BURST] = {.say = say_burst},
    [RULE_UNFENCED_STORE] = {.say = say_unfenced},
    [RULE_UNFLUSHED_STORE] = {.say = say_unflushed},
    [RULE_DESTINATION_LOAD] = {.say = say_destination_load},
    [RULE_REPEATED_LOAD] = {.say = say_again,
                            .verb = "loaded",
                            .advice = "it can change in between"},
    [RULE_DATA_DEPENDENT] = {.say = say_data_dependent},
};

void rule_message(enum rule_id id, const struct shadow *s, const struct rule_params *p, char *text,
                  size_t text_size)
{
    struct words w = {.id = id,
                      .as = &wordings[id],
                      .s = s,
                      .p = p,
                      .blame = blame_of(id, s, p),
                      .text = text,
                      .text_size = text_size};
    if (text_size == 0)
        return;
    text[0] = '\0';
    if (id != RULE_DATA_DEPENDENT && !rule_is_broken(id, s, p))
        return;
    for (size_t i = 0; i < w.blame.count; i++)
        name_site(w.by[i], s->trace, access_of(&w, i)->site);
    tell_apart(&w);
    w.as->say(&w);
}
