// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Explains a broken rule: which accesses, and one sentence. Most rules stay broken whatever
// comes later, so the access to blame is the last one of the shortest beginning
// of the trace that breaks the rule. Nothing here is fast.

#include "rules.h"
#include "shadow_parts.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What there is to tell: up to two accesses and a byte of the side.
struct story {
    uint32_t access[2];
    size_t count;
    uint64_t off;  // offset of a byte, where the rule is about one
    uint32_t size; // bytes of a torn element
};

static void tell(struct story *story, size_t access)
{
    story->access[story->count++] = (uint32_t)access;
}

static struct shadow *new_shadow(void)
{
    struct shadow *s = shadow_new();
    if (!s) {
        fprintf(stderr, "storescope: out of memory for a witness\n");
        abort();
    }
    return s;
}

static bool touches_side(struct shadow_view view, const struct access *a)
{
    struct byte_walk walk = byte_walk_start(view, a, NULL);
    return byte_walk_next(&walk);
}

static bool touches_byte(struct shadow_view view, const struct access *a, uint64_t off)
{
    struct byte_walk walk = byte_walk_start(view, a, NULL);
    walk.next = walk.next > off ? walk.end : off;
    return byte_walk_next(&walk) && walk.off == off;
}

// Number of accesses in the shortest beginning of the trace that breaks the
// rule; the rule has to be one that later accesses cannot mend.
static size_t breaking_length(enum rule_id id, const struct shadow *s, const struct rule_params *p)
{
    struct shadow *part = new_shadow();
    struct trace beginning = *s->trace;
    size_t kept = 0, broken = s->trace->count;
    while (broken - kept > 1) {
        beginning.count = kept + (broken - kept) / 2;
        shadow_gather(part, s->c, s->layout, &beginning);
        if (rule_is_broken(id, part, p))
            broken = beginning.count;
        else
            kept = beginning.count;
    }
    shadow_free(part);
    return broken;
}

// Adds the last access before END that touches byte OFF, if there is one.
static void tell_last_on(struct story *story, const struct shadow *s, struct shadow_view view,
                         uint64_t off, size_t end)
{
    for (size_t i = end; i-- > 0;) {
        if (touches_byte(view, &s->trace->accesses[i], off)) {
            tell(story, i);
            return;
        }
    }
}

static void tell_next_on(struct story *story, const struct shadow *s, struct shadow_view view,
                         uint64_t off, size_t from)
{
    for (size_t i = from; i < s->trace->count; i++) {
        if (touches_byte(view, &s->trace->accesses[i], off)) {
            tell(story, i);
            return;
        }
    }
}

static void tell_pair(struct story *story, const struct again_pair *pair)
{
    if (!pair->found)
        return;
    tell(story, pair->first);
    tell(story, pair->second);
    story->off = pair->off;
}

static void tell_again(struct story *story, enum rule_id id, const struct shadow *s)
{
    enum access_kind kind = id == RULE_REPEATED_LOAD ? ACCESS_LOAD : ACCESS_STORE;
    struct again_pair same, other;
    shadow_find_again(s, kind, &same, &other);
    if (id == RULE_DUPLICATE_STORE)
        tell_pair(story, &same);
    else if (id == RULE_OVERLAPPING_STORE)
        tell_pair(story, &other);
    else if (!other.found || (same.found && same.second <= other.second))
        tell_pair(story, &same);
    else
        tell_pair(story, &other);
}

// The nearest earlier access on the side that starts above, then access AT.
static void tell_reordered(struct story *story, const struct shadow *s, enum access_kind kind,
                           size_t at)
{
    struct shadow_view view = shadow_view(s, kind);
    const struct access *accesses = s->trace->accesses;
    for (size_t i = at; i-- > 0;) {
        if (touches_side(view, &accesses[i]) &&
            access_reach(&accesses[i]).lo > access_reach(&accesses[at]).lo) {
            tell(story, i);
            break;
        }
    }
    tell(story, at);
}

static bool element_covers(struct element e, uint64_t start, uint32_t size)
{
    if (start < e.start || start + size > e.start + e.width)
        return false;
    uint64_t at = start - e.start;
    return at >= WORD_BITS || (e.mask >> at & low_bits(size)) == low_bits(size) ||
           e.width > WORD_BITS;
}

// Does store AT tear the naturally aligned SIZE bytes that hold byte OFF, when
// ONCE says what was stored before it?
static bool tears(const struct shadow *s, size_t at, const uint64_t *once, uint64_t off,
                  uint32_t size)
{
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    uint64_t addr = view.base + off, start = addr & ~(uint64_t)(size - 1);
    if (start < view.base || start + size > view.base + view.size)
        return false;
    for (uint64_t i = start - view.base; i < start - view.base + size; i++)
        if (once[i / WORD_BITS] >> i % WORD_BITS & 1)
            return false;
    return !element_covers(access_element(&s->trace->accesses[at], addr), start, size);
}

// The store that tears an element, and the next one to touch the element's rest.
static void tell_torn(struct story *story, const struct shadow *s, uint32_t max, size_t at)
{
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    struct shadow *part = new_shadow();
    struct trace beginning = *s->trace;
    beginning.count = at;
    shadow_gather(part, s->c, s->layout, &beginning);

    tell(story, at);
    struct byte_walk walk = byte_walk_start(view, &s->trace->accesses[at], NULL);
    while (!story->size && byte_walk_next(&walk))
        for (uint32_t size = 8; size >= 2 && !story->size; size /= 2)
            if (size <= max && tears(s, at, part->stores.once, walk.off, size))
                story->size = size;
    shadow_free(part);
    if (!story->size)
        return;
    story->off = ((view.base + walk.off) & ~(uint64_t)(story->size - 1)) - view.base;

    for (size_t i = at + 1; i < s->trace->count && story->count < 2; i++) {
        walk = byte_walk_start(view, &s->trace->accesses[i], NULL);
        walk.next = max_u64(walk.next, min_u64(story->off, walk.end));
        if (byte_walk_next(&walk) && walk.off < story->off + story->size)
            tell(story, i);
    }
}

// The last store to the destination, after the one that wrote its last byte.
static void tell_last_store(struct story *story, const struct shadow *s)
{
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    size_t last = s->trace->count;
    while (last > 0 && !touches_side(view, &s->trace->accesses[last - 1]))
        last--;
    if (last == 0)
        return;
    tell_last_on(story, s, view, view.size - 1, last - 1);
    tell(story, last - 1);
}

static void tell_unfenced(struct story *story, const struct shadow *s, bool all_stores)
{
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    const struct access *accesses = s->trace->accesses;
    size_t i = s->trace->count;
    while (i > 0 && !(accesses[i - 1].flags & ACCESS_DRAINS))
        i--;
    for (; i < s->trace->count; i++) {
        bool nontemporal = s->trace->sites[accesses[i].site].class == CLASS_NONTEMPORAL;
        if ((all_stores || nontemporal) && touches_side(view, &accesses[i])) {
            tell(story, i);
            return;
        }
    }
}

static void tell_transient(struct story *story, const struct shadow *s)
{
    story->off = s->transient_at;
    tell(story, s->transient_access);
    tell_next_on(story, s, shadow_view(s, ACCESS_STORE), s->transient_at,
                 s->transient_access + (size_t)1);
}

// Empty for a rule that is not broken, and for one whose breach no access
// explains. Of split-store and split-load, rule_witness tells all accesses.
static struct story story_of(enum rule_id id, const struct shadow *s, const struct rule_params *p)
{
    struct shadow_view dst = shadow_view(s, ACCESS_STORE);
    struct story story = {.off = s->wrong_at};
    size_t count = s->trace->count;

    if (!rule_is_broken(id, s, p))
        return story;
    switch (id) {
    case RULE_CRASH: // the access that faulted is in no trace
    case RULE_WRONG_RETURN:
    case RULE_CLOBBERED_STATE:
    case RULE_MISSING_STORE:
    case RULE_SPLIT_STORE: // all of them: see rule_witness
    case RULE_SPLIT_LOAD:
    case RULE_DATA_DEPENDENT:
    case RULE_COUNT:
        break;
    case RULE_TIMEOUT:
        if (count > 0)
            tell(&story, count - 1);
        break;
    case RULE_WRONG_DATA:
        tell_last_on(&story, s, dst, s->wrong_at, count);
        break;
    case RULE_DUPLICATE_STORE:
    case RULE_OVERLAPPING_STORE:
    case RULE_REPEATED_LOAD:
        tell_again(&story, id, s);
        break;
    case RULE_TRANSIENT_VALUE:
        tell_transient(&story, s);
        break;
    case RULE_TORN_ELEMENT:
        tell_torn(&story, s, p->max ? p->max : 8, breaking_length(id, s, p) - 1);
        break;
    case RULE_REORDERED_STORE:
        tell_reordered(&story, s, ACCESS_STORE, breaking_length(id, s, p) - 1);
        break;
    case RULE_REORDERED_LOAD:
        tell_reordered(&story, s, ACCESS_LOAD, breaking_length(id, s, p) - 1);
        break;
    case RULE_LAST_BYTE_NOT_LAST:
        tell_last_store(&story, s);
        break;
    case RULE_UNFENCED_STORE:
        tell_unfenced(&story, s, p->all_stores);
        break;
    case RULE_UNFLUSHED_STORE:
        if (shadow_find_unflushed(s, &story.off))
            tell_last_on(&story, s, dst, story.off, count);
        break;
    case RULE_OUT_OF_BOUNDS_STORE:
    case RULE_OUT_OF_BOUNDS_LOAD:
    case RULE_DESTINATION_LOAD:
    case RULE_MISALIGNED_STORE:
    case RULE_MISALIGNED_LOAD:
    case RULE_WIDE_STORE:
    case RULE_WIDE_LOAD:
    case RULE_VECTOR_STORE:
    case RULE_VECTOR_LOAD:
    case RULE_MASKED_STORE:
    case RULE_STRING_STORE:
    case RULE_NONTEMPORAL_STORE:
        tell(&story, breaking_length(id, s, p) - 1);
        break;
    }
    return story;
}

size_t rule_witness(enum rule_id id, const struct shadow *s, const struct rule_params *p,
                    uint32_t *out, size_t capacity)
{
    size_t count = 0;
    if ((id == RULE_SPLIT_STORE || id == RULE_SPLIT_LOAD) && rule_is_broken(id, s, p)) {
        struct shadow_view view =
            shadow_view(s, id == RULE_SPLIT_STORE ? ACCESS_STORE : ACCESS_LOAD);
        for (size_t i = 0; i < s->trace->count; i++)
            if (touches_side(view, &s->trace->accesses[i]) && count++ < capacity)
                out[count - 1] = (uint32_t)i;
        return count;
    }
    struct story story = story_of(id, s, p);
    for (; count < story.count && count < capacity; count++)
        out[count] = story.access[count];
    return story.count;
}

// The words of a sentence.
struct words {
    const struct shadow *s;
    const struct rule_params *p;
    struct story story;
    char by[2][72]; // instructions of the accesses of the story, in backquotes
    char *text;
    size_t text_size;
};

static void name_site(char by[72], const struct trace *t, size_t site)
{
    const char *text = t->sites[site].text;
    if (text[0])
        snprintf(by, 72, "`%.64s%s`", text, strlen(text) > 64 ? "..." : "");
    else
        snprintf(by, 72, "the instruction at 0x%" PRIx64, t->sites[site].addr);
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
    return &w->s->trace->accesses[w->story.access[which]];
}

#define SAY(w, ...) ((void)snprintf((w)->text, (w)->text_size, __VA_ARGS__))

static void say_crash(const struct words *w)
{
    const struct trace *t = w->s->trace;
    struct access fault = {.kind = ACCESS_STORE, .addr = t->fault_addr, .width = 1, .count = 1};
    char by[72], place[40];
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
    if (w->story.count)
        SAY(w, "the routine did not return; the last of its %zu accesses was %s",
            w->s->trace->count, w->by[0]);
    else
        SAY(w, "the routine did not return, and touched no memory");
}

static void say_wrong_data(const struct words *w)
{
    SAY(w, "byte %" PRIu64 " ends as 0x%02x instead of 0x%02x; %s%s", w->story.off, w->s->wrong_got,
        w->s->wrong_want, w->story.count ? "it was last stored by " : "it was never stored",
        w->story.count ? w->by[0] : "");
}

static void say_wrong_return(const struct words *w)
{
    const struct shadow *s = w->s;
    uint64_t off = s->trace->return_value - (uintptr_t)s->layout->dst;
    char got[40];
    if (off + 2 * CASE_SIZE_MAX <= 4 * CASE_SIZE_MAX)
        snprintf(got, sizeof got, "dst%+" PRId64, (int64_t)off);
    else
        snprintf(got, sizeof got, "0x%" PRIx64, s->trace->return_value);
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

static void say_outside(const struct words *w, const char *verb, const char *side,
                        const char *advice)
{
    const struct access *a = access_of(w, 0);
    struct span reach = access_reach(a);
    char place[40];
    name_place(place, w->s, a);
    SAY(w, "%s %s %" PRIu64 " byte%s at %s, outside the %s of %" PRIu64 " bytes: %s", w->by[0],
        verb, (uint64_t)(reach.hi - reach.lo), reach.hi - reach.lo == 1 ? "" : "s", place, side,
        w->s->layout->size, advice);
}

static void say_again(const struct words *w, const char *verb, const char *advice)
{
    SAY(w, "byte %" PRIu64 " is %s by %s and again by %s: %s", w->story.off, verb, w->by[0],
        w->by[1], advice);
}

static void say_transient(const struct words *w)
{
    SAY(w, "byte %" PRIu64 " holds 0x%02x, neither its old nor its final value, from %s until %s",
        w->story.off, w->s->transient_value, w->by[0],
        w->story.count == 2 ? w->by[1] : "the return");
}

static void say_split(const struct words *w, enum access_kind kind)
{
    struct shadow_view view = shadow_view(w->s, kind);
    const char *noun = kind == ACCESS_STORE ? "store" : "load";
    size_t i = 0;
    while (i < w->s->trace->count && !touches_side(view, &w->s->trace->accesses[i]))
        i++;
    if (i == w->s->trace->count) {
        SAY(w, "the request of %" PRIu64 " bytes makes no %s", view.size, noun);
        return;
    }
    char by[72];
    const struct access *a = &w->s->trace->accesses[i];
    name_site(by, w->s->trace, a->site);
    SAY(w,
        "the request of %" PRIu64 " bytes is made as %" PRIu64 " %s%s, the first %u bytes "
        "wide by %s, not as one %s of %" PRIu64,
        view.size, view.side->accesses, noun, view.side->accesses == 1 ? "" : "s", a->width, by,
        noun, view.size);
}

static void say_torn(const struct words *w)
{
    SAY(w,
        "the aligned %u bytes at offset %" PRIu64 " are stored in part by %s%s%s: a reader can "
        "see half of them new",
        w->story.size, w->story.off, w->by[0], w->story.count == 2 ? ", then by " : "",
        w->story.count == 2 ? w->by[1] : "");
}

static void say_reordered(const struct words *w, const char *verb)
{
    char from[40], to[40];
    if (w->story.count == 1) {
        SAY(w, "%s %s from the highest address down", w->by[0], verb);
        return;
    }
    name_place(from, w->s, access_of(w, 0));
    name_place(to, w->s, access_of(w, 1));
    SAY(w, "%s %s at %s after %s at %s: not in ascending order", w->by[1], verb, to, w->by[0],
        from);
}

static void say_last_byte(const struct words *w)
{
    uint64_t last = w->s->layout->size - 1;
    if (w->story.count == 0)
        SAY(w, "nothing stores byte %" PRIu64 ", the last", last);
    else if (w->story.count == 1)
        SAY(w, "the last store, %s, does not end with byte %" PRIu64 ", the last of the request",
            w->by[0], last);
    else
        SAY(w,
            "byte %" PRIu64 ", the last, is stored by %s, and %s stores after it: who waits "
            "for the last byte sees an unfinished copy",
            last, w->by[0], w->by[1]);
}

static void say_misaligned(const struct words *w, const char *verb)
{
    const struct access *a = access_of(w, 0);
    char place[40];
    name_place(place, w->s, a);
    SAY(w, "%s %s %u bytes at %s, address 0x%" PRIx64 ", which is not aligned to its width",
        w->by[0], verb, a->width, place, a->addr);
}

static void say_wide(const struct words *w, const char *verb)
{
    SAY(w, "%s %s %u bytes at once, more than the %u allowed", w->by[0], verb,
        access_of(w, 0)->width, w->p->max ? w->p->max : 8);
}

static void say_class(const struct words *w, const char *verb)
{
    char place[40];
    name_place(place, w->s, access_of(w, 0));
    SAY(w, "%s, a %s instruction, %s at %s: this memory does not take it", w->by[0],
        site_class_name[w->s->trace->sites[access_of(w, 0)->site].class], verb, place);
}

static void say_unflushed(const struct words *w)
{
    SAY(w,
        "byte %" PRIu64 ", last stored by %s, is not flushed and fenced before the return: a "
        "power failure loses it",
        w->story.off, w->by[0]);
}

static void say(enum rule_id id, const struct words *w)
{
    switch (id) {
    case RULE_CRASH:
        say_crash(w);
        break;
    case RULE_TIMEOUT:
        say_timeout(w);
        break;
    case RULE_WRONG_DATA:
        say_wrong_data(w);
        break;
    case RULE_WRONG_RETURN:
        say_wrong_return(w);
        break;
    case RULE_CLOBBERED_STATE:
        say_clobbered_state(w);
        break;
    case RULE_MISSING_STORE:
        say_missing(w);
        break;
    case RULE_OUT_OF_BOUNDS_STORE:
        say_outside(w, "stores", "destination", "it overwrites what is not the copy's");
        break;
    case RULE_OUT_OF_BOUNDS_LOAD:
        say_outside(w, "loads", "source",
                    w->p->same_page ? "in another page, it can fault"
                                    : "it reads what is not the copy's");
        break;
    case RULE_DUPLICATE_STORE:
        say_again(w, "stored", "a guest that clears it in between loses its write");
        break;
    case RULE_OVERLAPPING_STORE:
        say_again(w, "stored", "the two overlap, and a device sees it written twice");
        break;
    case RULE_TRANSIENT_VALUE:
        say_transient(w);
        break;
    case RULE_SPLIT_STORE:
        say_split(w, ACCESS_STORE);
        break;
    case RULE_SPLIT_LOAD:
        say_split(w, ACCESS_LOAD);
        break;
    case RULE_TORN_ELEMENT:
        say_torn(w);
        break;
    case RULE_REORDERED_STORE:
        say_reordered(w, "stores");
        break;
    case RULE_REORDERED_LOAD:
        say_reordered(w, "loads");
        break;
    case RULE_LAST_BYTE_NOT_LAST:
        say_last_byte(w);
        break;
    case RULE_MISALIGNED_STORE:
        say_misaligned(w, "stores");
        break;
    case RULE_MISALIGNED_LOAD:
        say_misaligned(w, "loads");
        break;
    case RULE_WIDE_STORE:
        say_wide(w, "stores");
        break;
    case RULE_WIDE_LOAD:
        say_wide(w, "loads");
        break;
    case RULE_VECTOR_STORE:
    case RULE_MASKED_STORE:
    case RULE_STRING_STORE:
    case RULE_NONTEMPORAL_STORE:
        say_class(w, "stores");
        break;
    case RULE_VECTOR_LOAD:
        say_class(w, "loads");
        break;
    case RULE_UNFENCED_STORE:
        SAY(w,
            "%s is not followed by a fence before the return: its data can arrive after a "
            "later store",
            w->by[0]);
        break;
    case RULE_UNFLUSHED_STORE:
        say_unflushed(w);
        break;
    case RULE_DESTINATION_LOAD:
        SAY(w, "%s reads the destination, which another party or a device can change or notice",
            w->by[0]);
        break;
    case RULE_REPEATED_LOAD:
        say_again(w, "loaded", "it can change in between");
        break;
    case RULE_DATA_DEPENDENT:
        SAY(w, "the same request with other data makes other accesses");
        break;
    case RULE_COUNT:
        break;
    }
}

void rule_message(enum rule_id id, const struct shadow *s, const struct rule_params *p, char *text,
                  size_t text_size)
{
    struct words w = {
        .s = s, .p = p, .story = story_of(id, s, p), .text = text, .text_size = text_size};
    if (text_size == 0)
        return;
    text[0] = '\0';
    if (id != RULE_DATA_DEPENDENT && !rule_is_broken(id, s, p))
        return;
    for (size_t i = 0; i < w.story.count; i++)
        name_site(w.by[i], s->trace, access_of(&w, i)->site);
    say(id, &w);
}
