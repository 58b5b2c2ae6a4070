// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The sentence below a picture. It tells facts, not verdicts: which of them
// matter is a contract's business.

#include "reports/picture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

// Numbers of stores count from 1, as in the picture; 0 is none.
struct facts {
    uint64_t stores;    // to the destination
    uint64_t outside;   // first store that leaves the destination
    uint64_t descends;  // first store below the one before it
    uint64_t rises;     // first store above the one before it
    uint64_t undrained; // last non-temporal store without a fence after it
    bool last_byte_last;
    int64_t previous;                   // offset of the store before
    uint64_t again, again_lo, again_hi; // bytes stored more than once
    uint64_t missing, missing_lo, missing_hi;
    uint8_t times_max, times_min; // over the bytes stored more than once
};

static void gather_store(struct facts *f, const struct recording *r, const struct access *a,
                         const struct extent *e, uint64_t size)
{
    uint64_t number = ++f->stores;
    if (e->lo < 0 || (uint64_t)e->lo + e->bytes > size)
        f->outside = f->outside ? f->outside : number;
    bool downwards = (a->flags & ACCESS_DESCENDING) && a->count > 1;
    if (!f->descends && (downwards || (number > 1 && e->lo < f->previous)))
        f->descends = number;
    if (!f->rises && number > 1 && e->lo > f->previous)
        f->rises = number;
    f->previous = e->lo;
    f->last_byte_last =
        !downwards && e->lo < (int64_t)size && e->lo + (int64_t)e->bytes >= (int64_t)size;
    if (site_is(&r->trace.sites[a->site], CLASS_NONTEMPORAL))
        f->undrained = number;
}

static void gather_bytes(struct facts *f, const struct picture *p)
{
    f->times_min = UINT8_MAX;
    for (uint64_t i = 0; i < p->size; i++) {
        uint8_t times = p->touched[i];
        if (times == 0) {
            f->missing_lo = f->missing++ ? f->missing_lo : i;
            f->missing_hi = i;
        } else if (times > 1) {
            f->again_lo = f->again++ ? f->again_lo : i;
            f->again_hi = i;
            f->times_max = times > f->times_max ? times : f->times_max;
            f->times_min = times < f->times_min ? times : f->times_min;
        }
    }
}

static void gather(struct facts *f, const struct recording *r, uint64_t size)
{
    struct picture p;
    picture_init(&p, size, 1);
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct access *a = &r->trace.accesses[i];
        if (a->flags & ACCESS_DRAINS)
            f->undrained = 0;
        if (a->kind != ACCESS_STORE)
            continue;
        struct extent e = extent_of(r, a);
        if (e.bytes == 0 || e.region == REGION_STACK || e.region == REGION_RECORD)
            continue;
        if (e.region != REGION_DST) {
            f->stores++;
            f->outside = f->outside ? f->outside : f->stores;
            continue;
        }
        picture_add(&p, &e, a);
        gather_store(f, r, a, &e, size);
    }
    gather_bytes(f, &p);
    picture_free(&p);
}

struct sentence {
    char *text;
    size_t size, length;
    unsigned parts;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *s, const char *format, ...)
{
    va_list arguments;
    char part[160];
    va_start(arguments, format);
    vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    int added =
        snprintf(s->text + s->length, s->size - s->length, "%s%s", s->parts++ ? ", " : "", part);
    s->length += (size_t)added;
    if (s->length >= s->size)
        s->length = s->size - 1;
}

static void bytes_print(uint64_t count, uint64_t lo, uint64_t hi, char *text, size_t size)
{
    char number[COUNT_TEXT_MAX];
    count_print(count, "byte", number);
    if (count == 1)
        snprintf(text, size, "1 byte (offset %" PRIu64 ")", lo);
    else if (hi - lo + 1 == count)
        snprintf(text, size, "%s (offsets %" PRIu64 "..%" PRIu64 ")", number, lo, hi);
    else
        snprintf(text, size, "%s (the first at offset %" PRIu64 ")", number, lo);
}

static void say_bytes(struct sentence *s, const struct facts *f)
{
    char bytes[COUNT_TEXT_MAX + 64], times[32];
    if (f->missing > 0) {
        bytes_print(f->missing, f->missing_lo, f->missing_hi, bytes, sizeof bytes);
        say(s, "%s never stored", bytes);
    }
    if (f->again > 0) {
        bytes_print(f->again, f->again_lo, f->again_hi, bytes, sizeof bytes);
        snprintf(times, sizeof times, "%u times", f->times_max);
        say(s, "%s stored %s", bytes,
            f->times_max == 2                                          ? "twice"
            : f->times_max == f->times_min && f->times_max < UINT8_MAX ? times
                                                                       : "more than once");
    }
    if (f->missing == 0 && f->again == 0)
        say(s, "each byte stored once");
}

static void say_order(struct sentence *s, const struct facts *f, bool returned)
{
    if (f->descends && !f->rises)
        say(s, "stores descend");
    else if (f->descends)
        say(s, "store %" PRIu64 " lies below the one before it", f->descends);
    else if (f->rises)
        say(s, "ascending");
    if (returned && !f->last_byte_last)
        say(s, "the last byte is not stored last");
    if (f->outside)
        say(s, "store %" PRIu64 " lies outside the destination", f->outside);
    if (returned && f->undrained)
        say(s, "no fence after non-temporal store %" PRIu64, f->undrained);
}

// One address takes them all: there is no more to say than how much.
static void say_fifo(const struct recording *r, uint64_t size, char *text, size_t text_size)
{
    char stores[COUNT_TEXT_MAX], bytes[COUNT_TEXT_MAX];
    uint64_t count = 0, given = 0;
    for (size_t i = 0; i < r->trace.count; i++) {
        const struct access *a = &r->trace.accesses[i];
        bool is_given = a->kind == ACCESS_STORE && a->addr == (uintptr_t)r->layout.dst;
        count += is_given;
        given += is_given ? a->width : 0;
    }
    snprintf(text, text_size, "%s to the FIFO: %s for a request of %" PRIu64 ".",
             count_print(count, "store", stores), count_print(given, "byte", bytes), size);
}

void picture_sentence(const struct recording *r, uint64_t size, char *text, size_t text_size)
{
    struct facts f = {0};
    struct sentence s = {.text = text, .size = text_size};
    char number[COUNT_TEXT_MAX];
    if (r->layout.dst_is_fifo) {
        say_fifo(r, size, text, text_size);
        return;
    }
    gather(&f, r, size);
    if (f.stores == 0) {
        snprintf(text, text_size, size ? "Nothing is stored." : "Nothing to store.");
        return;
    }
    say(&s, "%s", count_print(f.stores, "store", number));
    s.parts = 0;
    s.length += (size_t)snprintf(text + s.length, text_size - s.length, ": ");
    if (size > 0) {
        say_bytes(&s, &f);
        say_order(&s, &f, r->trace.outcome == OUTCOME_RETURNED);
    } else {
        say(&s, "store %" PRIu64 " lies outside the destination, where nothing was asked for",
            f.outside);
    }
    snprintf(text + s.length, text_size - s.length, ".");
}
