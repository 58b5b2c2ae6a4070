// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The accesses of one instruction. Where they lie and in what parts its operands say, and
// the Arm ARM (B2.2.1: what is single-copy atomic). Which bytes a store wrote memory shows,
// in the run or in a probe: the same instruction run on memory that holds the inverse of
// each byte. A byte that is stored changes in one of the two, whatever its value.

#include "record/step/aarch64/tracer.h"

#include <elf.h>
#include <string.h>

enum { PROBE_BYTES = 64, LINE_MASK = 63, TAG_BITS = 8 };

// ---- the log ----

static void append(struct tracer *t, const struct access *a)
{
    if (t->count < STEP_ACCESSES_MAX)
        t->x->accesses[t->count++] = *a;
}

static struct access access_make(const struct tracer *t, enum access_kind kind, uint64_t addr,
                                 unsigned width)
{
    return (struct access){.addr = addr,
                           .count = 1,
                           .mask = ~UINT64_C(0),
                           .value = TRACE_NO_VALUE,
                           .site = t->now.in->site,
                           .width = (uint16_t)width,
                           .kind = (uint8_t)kind};
}

static void add_store(struct step_now *now, const struct access *a)
{
    uint64_t hi = a->addr + a->width;
    if (now->store_count == STEP_STORES_MAX)
        return;
    if (now->store_count == 0)
        now->reach = (struct span){a->addr, hi};
    now->reach.lo = a->addr < now->reach.lo ? a->addr : now->reach.lo;
    now->reach.hi = hi > now->reach.hi ? hi : now->reach.hi;
    now->stores[now->store_count++] = *a;
}

// FURTHER: it is not the instruction's first of this kind.
static void add(struct tracer *t, enum access_kind kind, uint64_t addr, unsigned width,
                bool further)
{
    struct access a = access_make(t, kind, addr, width);
    a.flags |= further ? ACCESS_CONTINUES : 0;
    if (kind == ACCESS_STORE)
        add_store(&t->now, &a);
    else if (t->x->ask.loads)
        append(t, &a);
}

// ---- operands ----

static uint64_t general(const struct tracer *t, unsigned reg)
{
    return reg < STEP_ZERO ? t->tracee.regs.regs[reg] : 0;
}

static uint64_t extended(uint64_t value, unsigned extend)
{
    if (extend == EXTEND_UXTW)
        return (uint32_t)value;
    return extend == EXTEND_SXTW ? (uint64_t)(int32_t)value : value;
}

// Without a tag.
static uint64_t address_of(const struct tracer *t, const struct step_operands *o)
{
    bool by_zero = o->aligned || o->does == DOES_FLUSH; // whose register 31 is zero
    uint64_t at = o->base == STEP_PC               ? t->now.in->addr
                  : o->base == STEP_SP && !by_zero ? t->tracee.regs.sp
                                                   : general(t, o->base);
    at += extended(general(t, o->index), o->extend) << o->shift;
    at += (uint64_t)o->offset;
    at = at << TAG_BITS >> TAG_BITS;
    return o->aligned ? at - at % o->width : at;
}

static void take_pieces(struct tracer *t, const struct step_operands *o, enum access_kind kind,
                        uint64_t at)
{
    bool whole = o->pairs && t->cpu.whole_pairs;
    for (unsigned i = 0; i < o->pieces; i++) {
        uint64_t addr = at + (uint64_t)i * o->width;
        bool both = whole && i % 2 == 0 && addr % 16 == 0;
        add(t, kind, addr, both ? 16 : o->width, i != 0);
        i += both;
    }
}

// The bits of a predicate register, one for each byte of a vector; NULL when they cannot be
// read. Where the kernel keeps no SVE state, all are zero.
static const uint8_t *predicate(struct tracer *t, unsigned number)
{
    static const uint8_t zeros[STEP_VECTOR_MAX / 8];
    size_t size = tracee_fetch_set(&t->tracee, NT_ARM_SVE, t->sve, sizeof t->sve);
    struct user_sve_header head;
    if (size < sizeof head)
        return NULL;
    memcpy(&head, t->sve, sizeof head);
    if (head.vl != t->cpu.vector_bytes)
        return NULL;
    if ((head.flags & SVE_PT_REGS_MASK) != SVE_PT_REGS_SVE)
        return zeros;
    size_t at = SVE_PT_SVE_PREG_OFFSET(sve_vq_from_vl(head.vl), number);
    return at + head.vl / 8 <= size ? t->sve + at : NULL;
}

static void take_elements(struct tracer *t, const struct step_operands *o, enum access_kind kind,
                          uint64_t at)
{
    const uint8_t *p = predicate(t, o->predicate);
    bool further = false;
    if (!p)
        t->now.unknown = "has a predicate that cannot be read";
    for (unsigned i = 0; p && i < o->elements; i++) {
        unsigned bit = i * o->lane;
        if (!(p[bit / 8] >> bit % 8 & 1))
            continue;
        for (unsigned k = 0; k < o->structure; k++) {
            unsigned piece = o->replicates ? 0 : i * o->structure + k;
            add(t, kind, at + (uint64_t)piece * o->width, o->width, further);
            further = true;
        }
        if (o->replicates)
            return;
    }
}

static void take(struct tracer *t, const struct step_operands *o, enum access_kind kind,
                 uint64_t at)
{
    if (o->elements)
        take_elements(t, o, kind, at);
    else
        take_pieces(t, o, kind, at);
}

// Does a compare and swap find what it compares with? Then it stores.
static bool compares_equal(const struct tracer *t, const struct step_operands *o, uint64_t at)
{
    uint8_t there[16], wanted[16];
    size_t each = o->width / o->compared_count;
    for (unsigned i = 0; i < o->compared_count; i++) {
        uint64_t value = general(t, o->compared + i);
        memcpy(wanted + i * each, &value, each);
    }
    return tracee_peek(&t->tracee, at, there, o->width) == o->width &&
           memcmp(there, wanted, o->width) == 0;
}

void accesses_before(struct tracer *t)
{
    const struct step_operands *o = &t->now.in->operands;
    t->now.store_count = 0;
    t->now.probed = false;
    t->now.unknown = NULL;
    t->now.log_count = t->count;
    if (o->does == DOES_NOTHING)
        return;
    if (o->does == DOES_FENCE || o->does == DOES_FLUSH) {
        bool fence = o->does == DOES_FENCE;
        struct access a = access_make(t, fence ? ACCESS_FENCE : ACCESS_FLUSH, 0, 0);
        a.flags = o->drains ? ACCESS_DRAINS : 0;
        a.addr = fence ? 0 : address_of(t, o) & ~(uint64_t)LINE_MASK;
        append(t, &a);
        return;
    }
    uint64_t at = t->now.at = address_of(t, o);
    if (o->does != DOES_STORE)
        take(t, o, ACCESS_LOAD, at);
    if (o->does != DOES_LOAD && (!o->compared_count || compares_equal(t, o, at)))
        take(t, o, ACCESS_STORE, at);
}

void accesses_fault(struct tracer *t)
{
    t->count = t->now.log_count;
}

// ---- the probe ----

bool accesses_invert(struct tracer *t)
{
    struct step_now *now = &t->now;
    uint8_t inverse[STEP_WINDOW_BYTES];
    size_t wanted = now->reach.hi - now->reach.lo;
    wanted = wanted < PROBE_BYTES ? PROBE_BYTES : wanted + PROBE_BYTES;
    if (wanted > sizeof now->before)
        return false;
    wanted = tracee_peek(&t->tracee, now->reach.lo, now->before, wanted);
    for (size_t i = 0; i < wanted; i++)
        inverse[i] = (uint8_t)~now->before[i];
    now->window = tracee_poke(&t->tracee, now->reach.lo, inverse, wanted);
    memset(now->seen, 0, sizeof now->seen);
    return true;
}

void accesses_take_probe(struct tracer *t)
{
    struct step_now *now = &t->now;
    uint8_t held[STEP_WINDOW_BYTES];
    size_t got = tracee_peek(&t->tracee, now->reach.lo, held, now->window);
    for (size_t i = 0; i < got; i++)
        now->seen[i] |= (held[i] ^ now->before[i]) != UINT8_MAX;
    tracee_poke(&t->tracee, now->reach.lo, now->before, now->window);
    now->probed = true;
}

// ---- stores ----

// Are the bytes that were seen stored, in the probe or now, those of the operands?
static bool is_as_seen(struct step_now *now, const uint8_t *held, size_t bytes)
{
    bool named[STEP_WINDOW_BYTES] = {false};
    for (size_t i = 0; i < now->store_count; i++)
        memset(named + (now->stores[i].addr - now->reach.lo), true, now->stores[i].width);
    for (size_t i = 0; i < bytes; i++)
        if ((now->seen[i] || held[i] != now->before[i]) != named[i])
            return false;
    return true;
}

static void keep_value(struct tracer *t, struct access *a, const uint8_t *bytes)
{
    if (!t->x->ask.values || t->value_bytes + a->width > STEP_VALUES_MAX)
        return;
    memcpy(t->x->values + t->value_bytes, bytes, a->width);
    a->value = (uint32_t)t->value_bytes;
    t->value_bytes += a->width;
}

const char *accesses_after(struct tracer *t)
{
    struct step_now *now = &t->now;
    uint8_t held[STEP_WINDOW_BYTES];
    if (now->unknown || now->store_count == 0)
        return now->unknown;
    size_t bytes = now->reach.hi - now->reach.lo;
    size_t looked = now->probed && now->window > bytes ? now->window : bytes;
    if (looked > sizeof held || tracee_peek(&t->tracee, now->reach.lo, held, looked) != looked)
        return "memory went away under a store";
    if (now->probed && (now->window < bytes || !is_as_seen(now, held, now->window)))
        return "stored other bytes than its operands name";
    for (size_t i = 0; i < now->store_count; i++) {
        struct access a = now->stores[i];
        const uint8_t *stored = held + (a.addr - now->reach.lo);
        mirror_store(&t->mirror, a.addr, stored, a.width);
        keep_value(t, &a, stored);
        append(t, &a);
    }
    return NULL;
}
