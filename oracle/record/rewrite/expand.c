// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/rewrite.h"

#include <string.h>

enum { DF_BIT = 0x400 };

// Without a tag, which some CPUs ignore.
static inline uint64_t address_of(const struct descriptor *d, const uint64_t *record)
{
    const unsigned above = 64 - CPU_ADDRESS_BITS;
    uint64_t sum = d->access.addr + record[d->a] * d->a_times + record[d->b] * d->b_times;
    return sum << above >> above;
}

static struct access access_of(const struct descriptor *d, uint64_t addr)
{
    struct access a = d->access;
    a.addr = d->addr32 ? (uint32_t)addr + d->segment_base : addr;
    if (d->aligned)
        a.addr -= a.addr % a.width;
    return a;
}

// Bit i: element i is touched.
static uint64_t mask_bits(const struct descriptor *d, const uint64_t *record)
{
    if (d->mask == MASK_NONE)
        return ~UINT64_C(0);
    if (d->mask == MASK_K)
        return record[d->mask_word];
    const uint8_t *bytes = (const uint8_t *)&record[d->mask_word];
    uint64_t bits = 0;
    for (unsigned i = 0; (i + 1) * d->element <= 32; i++) {
        bits |= (uint64_t)(bytes[(i + 1) * d->element - 1] >> 7) << i;
    }
    return bits;
}

// Each of the low 32 bits twice, side by side.
static uint64_t doubled(uint64_t bits)
{
    bits &= UINT32_MAX;
    bits = (bits | bits << 16) & UINT64_C(0x0000ffff0000ffff);
    bits = (bits | bits << 8) & UINT64_C(0x00ff00ff00ff00ff);
    bits = (bits | bits << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    bits = (bits | bits << 2) & UINT64_C(0x3333333333333333);
    bits = (bits | bits << 1) & UINT64_C(0x5555555555555555);
    return bits | bits << 1;
}

// A bit for each byte of elements of 1, 2, 4 or 8 bytes.
static uint64_t byte_mask(uint64_t elements, unsigned element)
{
    for (; element > 1; element /= 2)
        elements = doubled(elements);
    return elements;
}

static size_t expand_masked(const struct descriptor *d, const uint64_t *record, struct access *out)
{
    unsigned elements = d->access.width / d->element;
    uint64_t bits = mask_bits(d, record);
    if (d->whole)
        elements = d->elements;
    if (elements < 64)
        bits &= (UINT64_C(1) << elements) - 1;
    *out = access_of(d, address_of(d, record));
    if (d->whole)
        return bits != 0;
    if (d->compressed) {
        out->width = (uint16_t)(__builtin_popcountll(bits) * d->element);
        return out->width != 0;
    }
    out->mask = byte_mask(bits, d->element);
    out->flags |= ACCESS_MASKED;
    return out->mask != 0;
}

static size_t expand_gather(const struct descriptor *d, const uint64_t *record, uint64_t bits,
                            struct access *out)
{
    uint64_t base = address_of(d, record);
    const uint8_t *indices = (const uint8_t *)&record[d->vindex_word];
    size_t n = 0;
    for (unsigned i = 0; i < d->elements; i++) {
        if (!(bits >> i & 1))
            continue;
        int64_t index = 0;
        if (d->vindex_bytes == 4) {
            int32_t narrow;
            memcpy(&narrow, indices + 4 * i, sizeof narrow);
            index = narrow;
        } else {
            memcpy(&index, indices + 8 * i, sizeof index);
        }
        uint64_t addr = base + (uint64_t)index * d->vindex_times;
        out[n++] = access_of(d, addr);
    }
    return n;
}

static size_t expand_part(const struct descriptor *d, const uint64_t *record, struct access *out)
{
    unsigned cut = 64 - 8u * d->part_bytes;
    uint64_t part = record[d->part_word] << cut;
    int64_t index = d->part_signed ? (int64_t)part >> cut : (int64_t)(part >> cut);
    uint64_t moved = (uint64_t)(index >> d->part_shift) * d->part_times;
    *out = access_of(d, address_of(d, record) + moved);
    return 1;
}

// One access of 16 bytes where that is aligned (Arm ARM, B2.2.1), else two of 8.
static size_t expand_pair(const struct descriptor *d, const uint64_t *record, struct access *out)
{
    out[0] = access_of(d, address_of(d, record));
    if (out[0].addr % 16 == 0)
        return 1;
    out[0].width = 8;
    out[1] = out[0];
    out[1].addr += 8;
    out[1].flags |= ACCESS_CONTINUES;
    return 2;
}

static bool is_active(const uint8_t *predicate, unsigned byte)
{
    return predicate[byte / 8] >> byte % 8 & 1;
}

// An access for each element, of each register, whose lane is active.
static size_t expand_predicated(const struct descriptor *d, const uint64_t *record,
                                struct access *out)
{
    const uint8_t *predicate = (const uint8_t *)&record[d->mask_word];
    uint64_t base = address_of(d, record), step = d->access.width;
    size_t n = 0;
    for (unsigned i = 0; i < d->elements; i++) {
        if (!is_active(predicate, i * d->lanes))
            continue;
        for (unsigned k = 0; k < d->structure; k++) {
            out[n] = access_of(d, d->whole ? base : base + (i * d->structure + k) * step);
            out[n].flags |= n ? ACCESS_CONTINUES : 0;
            n++;
        }
        if (d->whole)
            break;
    }
    return n;
}

static size_t expand_conditional(const struct descriptor *d, const uint64_t *record,
                                 struct access *out)
{
    const unsigned above = 64 - 8u * d->compared_bytes;
    for (unsigned i = 0; i < 2 && d->stored_word[i]; i++) {
        uint64_t before = d->before_word[i] ? record[d->before_word[i]] : 0;
        if ((before ^ record[d->stored_word[i]]) << above)
            return 0;
    }
    *out = access_of(d, address_of(d, record));
    return 1;
}

// A string op with 32-bit addresses counts in ecx.
static uint64_t count_of(const struct descriptor *d, uint64_t rcx)
{
    return d->addr32 ? (uint32_t)rcx : rcx;
}

static size_t expand_string(const struct descriptor *d, const uint64_t *record, struct access *out)
{
    *out = access_of(d, address_of(d, record));
    if (d->count_word)
        out->count = count_of(d, record[d->count_word]);
    if (d->after_word)
        out->count -= count_of(d, record[d->after_word]);
    if (record[d->df_word] & DF_BIT)
        out->flags |= ACCESS_DESCENDING;
    return out->count != 0;
}

size_t expand_descriptor(const struct descriptor *d, const uint64_t *record, struct access *out)
{
    switch (d->shape) {
    case SHAPE_STRING:
        return expand_string(d, record, out);
    case SHAPE_MASKED:
        return expand_masked(d, record, out);
    case SHAPE_PART:
        return expand_part(d, record, out);
    case SHAPE_GATHER:
        return expand_gather(d, record, mask_bits(d, record), out);
    case SHAPE_PAIR:
        return expand_pair(d, record, out);
    case SHAPE_PREDICATED:
        return expand_predicated(d, record, out);
    case SHAPE_CONDITIONAL:
        return expand_conditional(d, record, out);
    default:
        *out = access_of(d, address_of(d, record));
        if (d->access.kind == ACCESS_FLUSH)
            out->addr &= ~UINT64_C(63);
        return 1;
    }
}

// Value of a plain store, which the record holds in whole words. Most are one, two
// or four words: no loop for those.
static void attach_value(const uint64_t *words, struct access *a, struct trace *trace)
{
    size_t at = trace->value_bytes, width = a->width, room = (width + 7) / 8 * 8;
    if (at > TRACE_NO_VALUE - room)
        return;
    if (at + room > trace->value_capacity)
        trace_reserve_values(trace, at + room);
    uint8_t *to = trace->values + at;
    if (width <= 8)
        memcpy(to, words, 8);
    else if (width == 16)
        memcpy(to, words, 16);
    else if (width == 32)
        memcpy(to, words, 32);
    else
        memcpy(to, words, room);
    a->value = (uint32_t)at;
    trace->value_bytes = at + width;
}

// Values of the N accesses of a captured descriptor, which lie one after the
// other. An access whose bytes are not there is left without.
static void attach_captured(const struct recorder *r, uint64_t captured, struct access *first,
                            size_t n, struct trace *trace)
{
    for (size_t i = 0; i < n; i++) {
        size_t bytes = (size_t)first[i].width * first[i].count, at = trace->value_bytes;
        if (captured > r->capture_used || bytes > r->capture_used - captured ||
            at > TRACE_NO_VALUE || bytes > TRACE_NO_VALUE - at)
            return;
        trace_reserve_values(trace, at + bytes);
        memcpy(trace->values + at, r->capture + captured, bytes);
        first[i].value = (uint32_t)at;
        trace->value_bytes += bytes;
        captured += bytes;
    }
}

// The common case, and the hot one: addresses are all there is to fill in.
static void expand_plain(const struct descriptor *d, const uint64_t *record, uint32_t count,
                         struct trace *trace)
{
    if (count == 0) // a block's record without accesses, perhaps before there is a trace
        return;
    if (trace->count + count > trace->capacity)
        trace_reserve(trace, trace->count + count);
    struct access *out = &trace->accesses[trace->count];
    for (uint32_t i = 0; i < count; i++) {
        out[i] = d[i].access;
        out[i].addr = address_of(&d[i], record);
    }
    trace->count += count;
}

static void expand_record(const struct recorder *r, const struct translation *t,
                          const struct segment *s, const uint64_t *record, uint32_t count,
                          struct trace *trace)
{
    const struct descriptor *d = &t->table.descriptors[s->first];
    uint64_t captured = 0; // bytes of this record that were captured so far
    if (s->plain) {
        expand_plain(d, record, count, trace);
        return;
    }
    if (count == 0) // it faulted before its first access
        return;
    if (trace->count + (size_t)count * EXPAND_MOST > trace->capacity)
        trace_reserve(trace, trace->count + (size_t)count * EXPAND_MOST);
    struct access *out = &trace->accesses[trace->count];
    for (uint32_t i = 0; i < count; i++, d++) {
        size_t n = 1;
        if (d->plain) {
            *out = d->access;
            out->addr = address_of(d, record);
        } else {
            n = expand_descriptor(d, record, out);
        }
        if (d->captured) {
            attach_captured(r, record[d->value_word] + captured, out, n, trace);
            for (size_t k = 0; k < n; k++)
                captured += out[k].width * out[k].count;
        } else if (d->value_word) {
            for (size_t k = 0; k < n; k++) // two: halves of a pair
                attach_value(&record[d->value_word + k], &out[k], trace);
        }
        out += n;
    }
    trace->count = (size_t)(out - trace->accesses);
}

// Elements that a string op did before it faulted: rcx says how many it had not.
static size_t interrupted_string(const struct descriptor *d, const uint64_t *record, uint64_t rcx,
                                 struct access *out)
{
    if (d->count_word == 0 || count_of(d, rcx) >= count_of(d, record[d->count_word]))
        return 0;
    *out = access_of(d, address_of(d, record));
    out->count = count_of(d, record[d->count_word]) - count_of(d, rcx);
    if (record[d->df_word] & DF_BIT)
        out->flags |= ACCESS_DESCENDING;
    return 1;
}

// The same for a gather or scatter: it clears the mask's bit of each element it
// has done (SDM vol. 2, VPSCATTERDD).
static size_t interrupted_gather(const struct recorder *r, const struct segment *s,
                                 const struct descriptor *d, const uint64_t *record,
                                 struct access *out)
{
    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct slot *slot = &s->slots[i];
        if (slot->kind == SLOT_K && slot->word == d->mask_word)
            return expand_gather(d, record, record[d->mask_word] & ~r->abort_masks[slot->reg], out);
    }
    return 0; // masks in vector registers: loads alone
}

// What an instruction did of its accesses before it faulted.
static void expand_interrupted(const struct recorder *r, const struct translation *t,
                               const struct segment *s, const uint64_t *record, uint32_t done,
                               uint32_t site, struct trace *trace)
{
    for (uint32_t i = done; i < s->count; i++) {
        const struct descriptor *d = &t->table.descriptors[s->first + i];
        if (d->access.site != site)
            return;
        trace_reserve(trace, trace->count + EXPAND_MOST);
        struct access *out = &trace->accesses[trace->count];
        if (d->shape == SHAPE_STRING)
            trace->count += interrupted_string(d, record, r->abort_counter, out);
        else if (d->shape == SHAPE_GATHER)
            trace->count += interrupted_gather(r, s, d, record, out);
    }
}

const uint8_t *rewrite_log_end(const struct recorder *r)
{
    const uint8_t *end = (const uint8_t *)(uintptr_t)r->context->log;
    bool inside = end >= r->log_begin && end <= r->log + r->log_usable + LOG_SPARE_BYTES &&
                  ((uintptr_t)end & 7) == 0;
    return inside ? end : NULL;
}

bool expand_log(struct recorder *r, const struct translation *t, const uint8_t *log,
                const uint8_t *end, const struct host_insn *last, struct trace *trace)
{
    const uint64_t *at = (const uint64_t *)log, *stop = (const uint64_t *)end;
    struct cover_walk walk = cover_begin(r);
    while (at < stop) {
        uint64_t number = *at;
        if (number == 0 || number >= t->table.count)
            return false;
        const struct segment *s = &t->table.segments[number];
        if (s->words > (size_t)(stop - at))
            return false;
        if (s->block)
            cover_block(&walk, &t->table.segments[number]);
        bool cut = last && at + s->words == stop && last->segment == number;
        expand_record(r, t, s, at, cut ? last->done : s->count, trace);
        if (cut) {
            uint32_t site = r->program.sites[last->insn];
            expand_interrupted(r, t, s, at, last->done, site, trace);
        }
        at += s->words;
    }
    cover_end(&walk, last);
    return at == stop;
}
