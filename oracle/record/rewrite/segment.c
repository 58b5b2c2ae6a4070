// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/segment.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t *capacity, size_t item_bytes)
{
    size_t more = *capacity ? *capacity * 2 : 64;
    void *p = must(realloc(items, more * item_bytes));
    *capacity = more;
    return p;
}

void segment_table_init(struct segment_table *t)
{
    memset(t, 0, sizeof *t);
    t->segments = grow(NULL, &t->capacity, sizeof *t->segments);
    memset(t->segments, 0, sizeof *t->segments);
    t->count = 1;
}

void segment_table_free(struct segment_table *t)
{
    free(t->segments);
    free(t->descriptors);
    memset(t, 0, sizeof *t);
}

static struct segment *current(const struct segment_builder *b)
{
    return &b->table->segments[b->current];
}

static void open_segment(struct segment_builder *b)
{
    struct segment_table *t = b->table;
    if (t->count == t->capacity)
        t->segments = grow(t->segments, &t->capacity, sizeof *t->segments);
    b->current = (uint32_t)t->count++;
    b->closed = false;
    memset(current(b), 0, sizeof *current(b));
    current(b)->first = (uint32_t)t->descriptor_count;
    current(b)->words = 1;
    current(b)->plain = true;
    memset(b->gpr_word, 0, sizeof b->gpr_word);
    for (unsigned r = 0; r < GPR_MOST; r++) {
        b->symbols[r] = (struct symbol){true, (uint8_t)r, GPR_NONE, 1, 0};
    }
}

static uint8_t add_slot(struct segment_builder *b, enum slot_kind kind, unsigned reg,
                        unsigned bytes, unsigned class)
{
    struct segment *s = current(b);
    unsigned words = (bytes + 7) / 8;
    if (s->slot_count == SEGMENT_SLOTS_MAX || s->words + words > 200)
        return 0;
    struct slot *slot = &s->slots[s->slot_count++];
    *slot = (struct slot){(uint8_t)kind, (uint8_t)reg, (uint8_t)s->words, (uint8_t)bytes,
                          (uint8_t) class};
    s->words += words;
    return slot->word;
}

static uint8_t word_of_gpr(struct segment_builder *b, unsigned reg)
{
    if (b->gpr_word[reg] == 0)
        b->gpr_word[reg] = add_slot(b, SLOT_GPR, reg, 8, 0);
    return b->gpr_word[reg];
}

static struct symbol constant(int64_t value)
{
    return (struct symbol){true, GPR_NONE, GPR_NONE, 1, value};
}

// x + y * times, where that is still a sum of two terms.
static struct symbol sum(struct symbol x, struct symbol y, unsigned times)
{
    struct symbol none = {0};
    if (!x.known || !y.known || y.b != GPR_NONE)
        return none;
    struct symbol out = x;
    out.disp = (int64_t)((uint64_t)x.disp + (uint64_t)y.disp * times);
    if (y.a == GPR_NONE)
        return out;
    if (x.a == GPR_NONE && times == 1) {
        out.a = y.a;
        return out;
    }
    if (x.b != GPR_NONE)
        return none;
    out.b = y.a;
    out.times = (uint8_t)times;
    return out;
}

static struct symbol symbol_of(const struct segment_builder *b, unsigned reg)
{
    return reg == GPR_NONE || reg == GPR_PC ? constant(0) : b->symbols[reg];
}

static struct symbol address_of(const struct segment_builder *b, const struct mem *m)
{
    struct symbol base = sum(symbol_of(b, m->base), symbol_of(b, m->index), m->scale);
    return sum(base, constant(m->disp), 1);
}

static struct symbol effect_of(const struct segment_builder *b, const struct insn *in)
{
    switch (in->effect) {
    case EFFECT_ADD:
        return sum(b->symbols[in->reg], constant(in->imm), 1);
    case EFFECT_MOVE:
        return b->symbols[in->from];
    case EFFECT_LEA:
        return address_of(b, &in->mems[0]);
    case EFFECT_SUM:
        return sum(b->symbols[in->reg], b->symbols[in->from], 1);
    default:
        return (struct symbol){0};
    }
}

static void follow(struct segment_builder *b, const struct insn *in)
{
    struct symbol result = effect_of(b, in);
    for (unsigned r = 0; r < GPR_MOST; r++) {
        if (in->written & (1u << r))
            b->symbols[r].known = false;
    }
    if (in->effect != EFFECT_NONE)
        b->symbols[in->reg] = result;
}

// What one memory operand, or a fence, adds to the trace.
struct wanted {
    const struct mem *mem; // NULL: a fence
    uint8_t kind, flags;
};

static unsigned wanted_accesses(const struct insn *in, bool loads, struct wanted out[])
{
    const uint8_t drains = in->drains ? ACCESS_DRAINS : 0;
    unsigned n = 0;
    if (in->fence) {
        out[n++] = (struct wanted){NULL, ACCESS_FENCE, drains};
        return n;
    }
    if (in->is_lea)
        return 0;
    if (in->flush || in->prefetch) {
        if (in->mem_count) {
            out[n++] = (struct wanted){&in->mems[0], in->flush ? ACCESS_FLUSH : ACCESS_PREFETCH, 0};
        }
        return n;
    }
    for (unsigned i = 0; i < in->mem_count && loads; i++) {
        if (in->mems[i].load)
            out[n++] = (struct wanted){&in->mems[i], ACCESS_LOAD, drains};
    }
    for (unsigned i = 0; i < in->mem_count; i++) {
        if (in->mems[i].store)
            out[n++] = (struct wanted){&in->mems[i], ACCESS_STORE, drains};
    }
    return n;
}

static bool needs_own_start(const struct insn *in, const struct wanted *w, unsigned n)
{
    // Until its store, nothing is to be written to the log.
    if ((n > 0 && (in->string || in->compared_count)) || in->exclusive == EXCLUSIVE_LOAD)
        return true;
    for (unsigned i = 0; i < n; i++) {
        const struct mem *m = w[i].mem;
        if (m && (m->mask != MASK_NONE || m->vindex_bytes || m->part_bytes))
            return true;
    }
    return false;
}

static bool addresses_known(const struct segment_builder *b, const struct wanted *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (w[i].mem && !address_of(b, w[i].mem).known)
            return false;
    }
    return true;
}

static bool describe_address(struct segment_builder *b, const struct mem *m, struct descriptor *d)
{
    struct symbol s = address_of(b, m);
    d->access.addr = (uint64_t)s.disp;
    d->addr32 = m->addr32;
    if (s.a != GPR_NONE) {
        d->a = word_of_gpr(b, s.a);
        d->a_times = 1;
        if (d->a == 0)
            return false;
    }
    if (s.b != GPR_NONE) {
        d->b = word_of_gpr(b, s.b);
        d->b_times = s.times;
        if (d->b == 0)
            return false;
    }
    if (m->segment != SEGMENT_NONE) {
        d->access.flags |= ACCESS_TLS;
        uint64_t base = m->segment == SEGMENT_FS ? b->rules->fs_base : b->rules->gs_base;
        if (m->addr32)
            d->segment_base = base;
        else
            d->access.addr += base;
    }
    return true;
}

static bool describe_mask(struct segment_builder *b, const struct mem *m, struct descriptor *d)
{
    if (m->mask == MASK_NONE && m->vindex_bytes == 0)
        return true;
    d->shape = m->vindex_bytes ? SHAPE_GATHER : SHAPE_MASKED;
    d->mask = m->mask;
    d->element = m->element;
    d->whole = m->whole;
    d->elements = m->elements;
    d->compressed = m->compressed;
    if (m->mask == MASK_P) {
        d->shape = SHAPE_PREDICATED;
        d->lanes = m->lanes;
        d->structure = m->structure;
        d->mask_word = add_slot(b, SLOT_PREDICATE, m->mask_reg, m->mask_bytes, 0);
        return d->mask_word != 0;
    }
    if (m->mask == MASK_K)
        d->mask_word = add_slot(b, SLOT_K, m->mask_reg, 8, 0);
    if (m->mask == MASK_VECTOR) {
        d->mask_word = add_slot(b, SLOT_VECTOR, m->mask_reg, m->mask_bytes, m->mask_class);
    }
    if (m->mask != MASK_NONE && d->mask_word == 0)
        return false;
    if (m->vindex_bytes == 0)
        return true;
    unsigned bytes = (unsigned)m->vindex_bytes * m->elements;
    bool evex = m->mask == MASK_K;
    bytes = bytes <= 16 ? 16 : bytes <= 32 ? 32 : 64;
    d->vindex_word = add_slot(b, SLOT_VECTOR, m->vindex, bytes, evex ? VECTOR_EVEX : VECTOR_VEX);
    d->vindex_bytes = m->vindex_bytes;
    d->vindex_times = m->scale;
    d->elements = m->elements;
    return d->vindex_word != 0;
}

static bool describe_part(struct segment_builder *b, const struct mem *m, struct descriptor *d)
{
    if (m->part_bytes == 0)
        return true;
    d->shape = SHAPE_PART;
    d->part_word = word_of_gpr(b, m->part);
    d->part_bytes = m->part_bytes;
    d->part_signed = m->part_signed;
    d->part_shift = m->part_shift;
    d->part_times = m->part_times;
    return d->part_word != 0;
}

static uint8_t find_or_add(struct segment_builder *b, enum slot_kind kind)
{
    const struct segment *s = current(b);
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind == kind)
            return s->slots[i].word;
    }
    return add_slot(b, kind, 0, 8, 0);
}

static bool describe_string(struct segment_builder *b, const struct insn *in, struct descriptor *d)
{
    if (!in->string)
        return true;
    d->shape = SHAPE_STRING;
    d->df_word = find_or_add(b, SLOT_DF);
    if (in->string != STRING_ONCE)
        d->count_word = word_of_gpr(b, in->counter);
    if (in->string == STRING_REP_UNTIL)
        d->after_word = find_or_add(b, SLOT_COUNTER_AFTER);
    return d->df_word && (in->string == STRING_ONCE || d->count_word) &&
           (in->string != STRING_REP_UNTIL || d->after_word);
}

// An exclusive store is known to have stored once it has run; what it stored, with it.
static bool describe_exclusive(struct segment_builder *b, struct descriptor *d)
{
    enum { STATUS_BYTES = 4 };
    d->shape = SHAPE_CONDITIONAL;
    d->compared_bytes = STATUS_BYTES;
    d->stored_word[0] = find_or_add(b, SLOT_STATUS_AFTER);
    if (b->rules->values)
        d->value_word = add_slot(b, SLOT_VALUE_AFTER, 0, d->access.width, 0);
    return d->stored_word[0] && (d->value_word || !b->rules->values);
}

// A compare and swap has loaded what it was to compare with if it stored.
static bool describe_swap(struct segment_builder *b, const struct insn *in, struct descriptor *d)
{
    d->shape = SHAPE_CONDITIONAL;
    d->compared_bytes = (uint8_t)(d->access.width / in->compared_count);
    for (unsigned i = 0; i < in->compared_count; i++) {
        d->before_word[i] = word_of_gpr(b, in->compared + i);
        d->stored_word[i] = add_slot(b, SLOT_GPR_AFTER, in->compared + i, 8, 0);
        if (!d->before_word[i] || !d->stored_word[i])
            return false;
    }
    return true;
}

static bool describe_condition(struct segment_builder *b, const struct insn *in,
                               struct descriptor *d)
{
    if (d->access.kind != ACCESS_STORE)
        return true;
    if (in->compared_count)
        return describe_swap(b, in, d);
    return in->exclusive != EXCLUSIVE_STORE || describe_exclusive(b, d);
}

// Value mode: where the bytes of a store will be found. Those of a few registers, or of
// one operand, are copied by moves.
static bool describe_value(struct segment_builder *b, const struct mem *m, bool first,
                           struct descriptor *d)
{
    enum { PIECES_MOST = 4 };
    const struct access *a = &d->access;
    if (!b->rules->values || a->kind != ACCESS_STORE || d->value_word)
        return true;
    // The address that code can compute lacks the segment's base.
    bool tls = (a->flags & ACCESS_TLS) != 0;
    bool plain = d->shape == SHAPE_PLAIN || d->shape == SHAPE_PAIR;
    d->captured =
        !plain || d->addr32 || d->aligned || tls || a->width > 64 || m->pieces > PIECES_MOST;
    if (d->captured) {
        d->value_word = find_or_add(b, SLOT_CALL);
        return d->value_word != 0;
    }
    if (first && add_slot(b, SLOT_ADDRESS, 0, 8, 0) == 0)
        return false;
    d->value_word = add_slot(b, SLOT_VALUE, 0, a->width, 0);
    return d->value_word != 0;
}

static void add_descriptor(struct segment_builder *b, const struct descriptor *d)
{
    struct segment_table *t = b->table;
    if (t->descriptor_count == t->descriptor_capacity) {
        t->descriptors = grow(t->descriptors, &t->descriptor_capacity, sizeof *t->descriptors);
    }
    t->descriptors[t->descriptor_count++] = *d;
    current(b)->count++;
    current(b)->plain &= d->plain && d->value_word == 0;
}

// One of the accesses that W stands for, OFFSET bytes from its address; PAIR: of 16 bytes,
// or two.
static bool describe(struct segment_builder *b, const struct insn *in, const struct wanted *w,
                     uint32_t site, unsigned offset, bool pair)
{
    struct descriptor d = {.access = {.count = 1,
                                      .mask = ~UINT64_C(0),
                                      .value = TRACE_NO_VALUE,
                                      .site = site,
                                      .kind = w->kind,
                                      .flags = w->flags}};
    bool ok = true;
    if (w->mem) {
        d.access.width = pair ? 16 : w->mem->width;
        d.access.flags |= offset ? ACCESS_CONTINUES : 0;
        d.aligned = w->mem->aligned;
        d.shape = pair ? SHAPE_PAIR : SHAPE_PLAIN;
        ok = describe_address(b, w->mem, &d) && describe_mask(b, w->mem, &d) &&
             describe_part(b, w->mem, &d) && describe_string(b, in, &d) &&
             describe_condition(b, in, &d) && describe_value(b, w->mem, offset == 0, &d);
        d.access.addr += offset;
    }
    d.plain = d.shape == SHAPE_PLAIN && !d.addr32 && !d.aligned && d.access.kind != ACCESS_FLUSH;
    add_descriptor(b, &d);
    return ok;
}

static bool describe_all(struct segment_builder *b, const struct insn *in, const struct wanted *w,
                         uint32_t site)
{
    unsigned pieces = w->mem && w->mem->pieces ? w->mem->pieces : 1;
    unsigned width = w->mem ? w->mem->width : 0;
    bool pair = w->mem && w->mem->pairs && b->rules->whole_pairs, ok = true;
    for (unsigned i = 0; i < pieces && ok; i += pair ? 2 : 1)
        ok = describe(b, in, w, site, i * width, pair);
    return ok;
}

static bool any_is(enum access_kind kind, const struct wanted *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (w[i].kind == kind)
            return true;
    }
    return false;
}

void segment_begin_block(struct segment_builder *b, struct segment_table *table,
                         const struct segment_rules *rules, bool named)
{
    memset(b, 0, sizeof *b);
    b->table = table;
    b->rules = rules;
    b->closed = true;
    b->opens = named;
}

bool segment_take(struct segment_builder *b, const struct insn *in, uint32_t site,
                  struct segment_step *out)
{
    struct wanted w[2 * INSN_MEMS_MAX];
    unsigned n = wanted_accesses(in, b->rules->loads, w);
    bool plays = b->rules->fifo && any_is(ACCESS_LOAD, w, n);
    bool stores = b->rules->values && any_is(ACCESS_STORE, w, n);
    bool alone = plays || (stores && in->exclusive == EXCLUSIVE_NONE);
    bool ok = in->exclusive != EXCLUSIVE_STORE || b->monitored;
    if (plays && in->exclusive != EXCLUSIVE_NONE)
        ok = false; // the call would end the reservation
    out->starts = b->opens;
    b->opens = false;
    if (out->starts) {
        open_segment(b);
    } else if (n > 0 || in->exclusive == EXCLUSIVE_LOAD) {
        bool room = !b->closed && current(b)->slot_count < SEGMENT_SLOTS_BUSY;
        if (!room || alone || needs_own_start(in, w, n) || !addresses_known(b, w, n)) {
            ok = ok && !b->monitored;
            open_segment(b);
            out->starts = true;
        }
    }
    if (in->exclusive)
        b->monitored = in->exclusive == EXCLUSIVE_LOAD;
    out->segment = b->current;
    out->done = b->current ? current(b)->count : 0;
    for (unsigned i = 0; i < n && ok; i++)
        ok = describe_all(b, in, &w[i], site);
    if (ok && plays)
        ok = find_or_add(b, SLOT_CALL) != 0;
    if (!b->closed)
        follow(b, in);
    if (alone)
        b->closed = true;
    return ok;
}
