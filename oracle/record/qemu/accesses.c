// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Records become accesses. QEMU reports a wide access in pieces: those of one
// execution of an instruction share a serial number. What the architecture makes
// of them (its single-copy atomicity) decides whether they are put together:
//
//   x86: a store or load of one operand is one access, as the other recorders
//   have it (the SDM leaves open how a vector access is split).
//   AArch64: each register of a pair is an access of its own, and a 128-bit
//   register two of 64 bits (Arm ARM, B2.2.1), unless the CPU has FEAT_LSE2 and
//   the 16 bytes are aligned. Elements of LD1 to LD4 and ST1 to ST4, and of SVE,
//   are accesses of their own. DC ZVA clears its block in one.
//   Storage-to-storage instructions of s390x work byte by byte as other CPUs see
//   it (Principles of Operation, 5, "Storage-Operand Consistency"): one string
//   operation.
//   A read-modify-write is a load and a store of the same execution.
//   Elsewhere the pieces are the registers: stm, movem, std.
//
// Nothing in shared memory is taken on trust.

#include "backends/arch.h"
#include "record/qemu/qemu.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

enum { WHOLE_MAX = 64 }; // bytes of one access that is put together

// The two lie in the order in which they lie here: a routine may look at it.
uint64_t qemu_lane(const struct layout *l, bool src)
{
    bool high = src ? l->src_lane.lo > l->dst_lane.lo : l->dst_lane.lo > l->src_lane.lo;
    return (high ? QEMU_HIGH_WINDOW : QEMU_LOW_WINDOW) + QEMU_GUARD_BYTES;
}

static bool in_lane(uint64_t addr, uint64_t guest, struct span lane, uint64_t *off)
{
    *off = addr - guest; // wraps below the lane
    return *off < lane.hi - lane.lo + QEMU_GUARD_BYTES || -*off <= QEMU_GUARD_BYTES;
}

uint64_t qemu_host_address(const struct layout *l, uint64_t addr)
{
    uint64_t off;
    if (in_lane(addr, qemu_lane(l, false), l->dst_lane, &off))
        return l->dst_lane.lo + off;
    if (in_lane(addr, qemu_lane(l, true), l->src_lane, &off))
        return l->src_lane.lo + off;
    if (addr - QEMU_RECORD < l->record.hi - l->record.lo)
        return l->record.lo + (addr - QEMU_RECORD);
    return addr;
}

// The recorder's number of a site: one and the same for each process that was
// started.
static uint32_t number_of(struct recorder *r, const struct qemu_site *in)
{
    uint32_t i = 0;
    while (i < r->site_count && (r->sites[i].addr != in->addr || r->sites[i].length != in->length ||
                                 memcmp(r->sites[i].bytes, in->bytes, in->length) != 0))
        i++;
    if (i == QEMU_SITES_MAX)
        return 0; // nothing but a process written over has as many
    if (i == r->site_count) {
        qemu_describe_site(r->program->arch, in, &r->sites[i], &r->elements[i]);
        r->site_count++;
    }
    return i;
}

// Sites that this process has met since last time.
static void take_sites(struct recorder *r, uint32_t count)
{
    if (r->numbers_of != r->process.starts)
        r->number_count = 0;
    r->numbers_of = r->process.starts;
    for (; r->number_count < count; r->number_count++) {
        struct qemu_site in = r->process.shared->sites[r->number_count];
        in.length = in.length <= QEMU_SITE_BYTES_MAX ? in.length : QEMU_SITE_BYTES_MAX;
        in.text[QEMU_SITE_TEXT_MAX - 1] = '\0';
        r->numbers[r->number_count] = number_of(r, &in);
    }
}

// The conversion of one case.
struct taking {
    const struct recorder *r;
    const struct layout *layout;
    struct trace *t;
    bool values, x86, lse2;
    uint32_t serials[2];   // of the latest load and store
    bool repeats;          // the record is of an x86 string instruction's next element
    uint32_t found_serial; // of the latest store that was found in memory
    uint64_t found_at;     // where it began
};

// The latest access of KIND that the same execution of SITE made; NULL for none.
// Loads and stores of an instruction that does both alternate.
static struct access *latest_of(const struct taking *k, uint32_t site, enum access_kind kind)
{
    for (size_t back = 1; back <= 2 && back <= k->t->count; back++) {
        struct access *a = &k->t->accesses[k->t->count - back];
        if (a->site != site)
            return NULL;
        if (a->kind == kind)
            return a;
    }
    return NULL;
}

// Bytes of a store follow those of the store before it: then the two can be one.
static bool values_follow(const struct taking *k, const struct access *a)
{
    return a->value == TRACE_NO_VALUE || a->value + a->width * a->count == k->t->value_bytes;
}

static void add_value(const struct taking *k, struct access *a, const uint8_t *bytes, size_t length)
{
    struct trace *t = k->t;
    if (!k->values || a->kind != ACCESS_STORE)
        return;
    if (a->value == TRACE_NO_VALUE)
        a->value = (uint32_t)t->value_bytes;
    memcpy(t->values + t->value_bytes, bytes, length);
    t->value_bytes += length;
}

static bool lse2_whole(const struct taking *k, const struct access *a, unsigned width)
{
    return k->lse2 && !k->r->elements[a->site] && a->width == 8 && width == 8 && a->addr % 16 == 0;
}

// Is the piece, at ADDR, a part of the access that the same instruction made
// just before?
static bool is_part(const struct taking *k, const struct access *a, uint64_t addr, unsigned width,
                    bool same_execution)
{
    uint64_t reach = a->width * a->count;
    bool up = addr == a->addr + reach && !(a->flags & ACCESS_DESCENDING);
    bool down = addr == a->addr - reach && (a->count == 1 || a->flags & ACCESS_DESCENDING);
    if (!values_follow(k, a))
        return false;
    // To QEMU, an x86 string instruction with a prefix is one for each element.
    if (k->r->sites[a->site].class == CLASS_STRING)
        return width == a->width && ((up && same_execution) || ((up || down) && k->repeats));
    return up && same_execution &&
           ((k->x86 && a->width + width <= WHOLE_MAX) || lse2_whole(k, a, width) ||
            k->r->elements[a->site] == QEMU_ELEMENT_ALL);
}

// Appends WIDTH bytes as one access, or adds them to the one before.
static void add_piece(struct taking *k, const struct qemu_record *rec, uint64_t addr,
                      const uint8_t *value, unsigned width, bool same_execution)
{
    struct trace *t = k->t;
    enum access_kind kind = rec->flags & RECORD_STORE ? ACCESS_STORE : ACCESS_LOAD;
    struct access *before = latest_of(k, rec->site, kind);
    bool string = k->r->sites[rec->site].class == CLASS_STRING;
    unsigned unit = string && rec->flags & RECORD_FOUND ? 1 : width;
    if (before && is_part(k, before, addr, unit, same_execution)) {
        if (string && addr < before->addr)
            before->flags |= ACCESS_DESCENDING;
        if (string)
            before->count += width / before->width;
        else
            before->width = (uint16_t)(before->width + width);
        add_value(k, before, value, width);
        return;
    }
    trace_reserve(t, t->count + 1);
    struct access *a = &t->accesses[t->count++];
    *a = (struct access){.addr = addr,
                         .count = width / unit,
                         .value = TRACE_NO_VALUE,
                         .site = rec->site,
                         .width = (uint16_t)unit,
                         .kind = (uint8_t)kind,
                         .flags = (uint8_t)(before && same_execution ? ACCESS_CONTINUES : 0)};
    if (ordering_drains(k->r->sites[rec->site].order))
        a->flags |= ACCESS_DRAINS;
    add_value(k, a, value, width);
}

// A piece may be of several elements, each an access of its own.
static void add_record(struct taking *k, const struct qemu_record *rec)
{
    uint32_t *serial = &k->serials[(rec->flags & RECORD_STORE) != 0];
    bool same = rec->serial == *serial;
    k->repeats =
        k->x86 && rec->serial == *serial + 1 && strncmp(k->r->sites[rec->site].text, "rep", 3) == 0;
    uint64_t addr = qemu_host_address(k->layout, rec->addr);
    unsigned element = k->r->elements[rec->site], step = rec->width;
    if (element && element < step && step % element == 0)
        step = element;
    for (unsigned at = 0; at < rec->width; at += step) {
        add_piece(k, rec, addr + at, rec->value + at, step, same);
        same = true;
    }
    *serial = rec->serial;
}

static void add_fence(const struct taking *k, const struct qemu_record *rec)
{
    struct trace *t = k->t;
    bool drains = ordering_drains(k->r->sites[rec->site].order);
    trace_reserve(t, t->count + 1);
    t->accesses[t->count++] = (struct access){.count = 1,
                                              .value = TRACE_NO_VALUE,
                                              .site = rec->site,
                                              .kind = ACCESS_FENCE,
                                              .flags = drains ? ACCESS_DRAINS : 0};
}

// Its line, of 64 bytes.
static void add_flush(const struct taking *k, const struct qemu_record *rec)
{
    struct trace *t = k->t;
    trace_reserve(t, t->count + 1);
    t->accesses[t->count++] =
        (struct access){.addr = qemu_host_address(k->layout, rec->addr) & ~UINT64_C(63),
                        .count = 1,
                        .value = TRACE_NO_VALUE,
                        .site = rec->site,
                        .kind = ACCESS_FLUSH};
}

// A store before it may have been flushed, or not.
static void refuse_flush(struct trace *t, const struct site *s)
{
    t->outcome = OUTCOME_REFUSED;
    snprintf(t->reason, sizeof t->reason,
             "reached `%s`: which cache line it flushes QEMU does not tell", s->text);
}

// A store that was found by what changed in memory has a hole where a byte was stored that
// changed nothing. Elements are whole, and lie one after the other: where what was found is
// not made of such, one was not seen, and no width is guessed.
static bool has_hole(struct taking *k, const struct qemu_record *rec)
{
    enum { FOUND = RECORD_FOUND | RECORD_STORE };
    unsigned element = k->r->elements[rec->site];
    if ((rec->flags & FOUND) != FOUND || element < 2 || element > QEMU_PIECE_MAX)
        return false;
    if (k->found_serial != rec->serial)
        k->found_at = rec->addr;
    k->found_serial = rec->serial;
    return rec->width % element != 0 || (rec->addr - k->found_at) % element != 0;
}

static void refuse_hole(struct trace *t, const struct site *s)
{
    t->outcome = OUTCOME_REFUSED;
    snprintf(t->reason, sizeof t->reason, "reached `%s`: which bytes it stored QEMU does not tell",
             s->text);
}

static void broken(struct trace *t, const char *why)
{
    t->outcome = OUTCOME_BROKEN;
    t->count = 0;
    snprintf(t->reason, sizeof t->reason, "%s", why);
}

// An address of the guest's that is not in its lanes must not be taken for one
// of this process's.
static bool is_mistakable(const struct layout *l, const struct qemu_record *rec)
{
    uint64_t at = qemu_host_address(l, rec->addr);
    return at == rec->addr &&
           ((at >= l->dst_lane.lo - PAGE_BYTES && at < l->dst_lane.hi + PAGE_BYTES) ||
            (at >= l->src_lane.lo - PAGE_BYTES && at < l->src_lane.hi + PAGE_BYTES));
}

void qemu_take_accesses(struct recorder *r, const struct qemu_record *records, uint32_t count,
                        const struct layout *l, bool values, struct trace *t)
{
    static const char nonsense[] = "what qemu left in shared memory makes no sense";
    const struct qemu_shared *s = r->process.shared;
    uint32_t sites = atomic_load(&s->site_count);
    unsigned machine = r->program->arch->machine;
    if (count > QEMU_RECORDS_MAX || sites > QEMU_SITES_MAX) {
        broken(t, nonsense);
        return;
    }
    struct taking k = {.r = r,
                       .layout = l,
                       .t = t,
                       .values = values,
                       .x86 = machine == EM_X86_64 || machine == EM_386};
    t->atomic_bytes = s->atomic_bytes == 16 || s->atomic_bytes == 8 ? (uint8_t)s->atomic_bytes : 0;
    k.lse2 = t->atomic_bytes == 16;
    take_sites(r, sites);
    t->loads_unseen = s->loads_unseen != 0;
    t->sites = r->sites;
    t->site_count = r->site_count;
    trace_reserve(t, count + 1);
    if (values)
        trace_reserve_values(t, (size_t)count * QEMU_PIECE_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct qemu_record rec = records[i];
        if (rec.site >= sites || rec.width == 0 || rec.width > QEMU_PIECE_MAX) {
            broken(t, nonsense);
            return;
        }
        if (is_mistakable(l, &rec)) {
            broken(t, "an address of the guest cannot be told from one of the arena");
            return;
        }
        rec.site = r->numbers[rec.site];
        if ((rec.flags & (RECORD_FLUSH | RECORD_LINE)) == RECORD_FLUSH) {
            refuse_flush(t, &r->sites[rec.site]);
            return;
        }
        if (has_hole(&k, &rec)) {
            refuse_hole(t, &r->sites[rec.site]);
            return;
        }
        if (rec.flags & RECORD_FENCE)
            add_fence(&k, &rec);
        else if (rec.flags & RECORD_FLUSH)
            add_flush(&k, &rec);
        else
            add_record(&k, &rec);
    }
}
