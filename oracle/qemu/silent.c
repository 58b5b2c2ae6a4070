// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions whose accesses QEMU does not report: it does them by a memmove of
// its own. Before such an instruction the destination is filled with bytes that
// it cannot be about to store, and afterwards what changed was stored. Bytes that
// it may also load, those of an overlapping source, are left as they are; a store
// there shows only where it changes them.

#include "plugin.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = QEMU_PIECE_MAX };

// One lane, as it was before the instruction.
struct lane {
    uint8_t *at;
    uint64_t guest;
    size_t bytes;
    uint8_t *before; // what it held
};

static struct {
    struct insn *pending; // NULL: none
    uint32_t first;       // records before it
    uint64_t executions;  // its number
    struct lane lanes[2];
    size_t lane_count;
    uint8_t *original; // of the source, when the case began
    size_t room;
} watch;

// ---- which ----

// Loads and stores of SVE are all of class 1xx 0010 (Arm ARM, C4.1, "SVE
// encodings"); DC ZVA, GVA and GZVA; CPY* of FEAT_MOPS.
static uint8_t silent_aarch64(uint32_t insn)
{
    if ((insn & 0xfe000000) == 0xe4000000)
        return SILENT_STORES;
    if ((insn & 0x9e000000) == 0x84000000)
        return SILENT_LOADS;
    if ((insn & 0xfffffe00) == 0xd50b7400 && (insn & 0xe0) >= 0x20 && (insn & 0xe0) <= 0x80)
        return SILENT_STORES;
    if ((insn & 0x3b200c00) == 0x19000400)
        return SILENT_STORES | SILENT_MOVES;
    return 0;
}

// Storage-to-storage instructions (Principles of Operation, formats SS and RR),
// and EX and EXRL, which may execute one.
static uint8_t silent_s390x(const uint8_t *b, size_t length)
{
    if (length == 6 && b[0] >= 0xd0 && b[0] <= 0xdf)
        return SILENT_STORES | SILENT_MOVES;
    if (length == 6 && (b[0] == 0xe8 || b[0] == 0xe9 || b[0] == 0xe1 || b[0] == 0xe2))
        return SILENT_STORES | SILENT_MOVES;
    if (b[0] == 0x44 || (b[0] == 0xc6 && (b[1] & 0xf) == 0) || b[0] == 0x0e || b[0] == 0xa8)
        return SILENT_STORES | SILENT_MOVES;
    if (length == 4 && b[0] == 0xb2 && (b[1] == 0x54 || b[1] == 0x55))
        return SILENT_STORES | SILENT_MOVES;
    return 0;
}

uint8_t silent_kind(const struct qemu_shared *s, const uint8_t *bytes, size_t length)
{
    uint32_t insn = 0;
    if (s->silent == SILENT_AARCH64 && length == sizeof insn) {
        memcpy(&insn, bytes, sizeof insn);
        return silent_aarch64(insn);
    }
    return s->silent == SILENT_S390X && length >= 2 ? silent_s390x(bytes, length) : 0;
}

// ---- looking ----

static size_t take_lane(const struct qemu_shared *s, size_t i, const struct qemu_range *range)
{
    struct lane *l = &watch.lanes[i];
    l->guest = range->lo;
    l->at = (uint8_t *)(uintptr_t)(s->guest_base + l->guest);
    l->bytes = range->hi - range->lo;
    return l->bytes;
}

bool silent_begin(const struct qemu_shared *s)
{
    const struct qemu_case *c = &s->now;
    size_t dst = take_lane(s, 0, &c->dst_lane), src = take_lane(s, 1, &c->src_lane);
    size_t room = dst + src + c->size;
    watch.pending = NULL;
    watch.lane_count = src ? 2 : 1;
    if (room > watch.room) {
        free(watch.original);
        watch.original = malloc(room);
        watch.room = watch.original ? room : 0;
    }
    if (!watch.original)
        return false;
    watch.lanes[0].before = watch.original + c->size;
    watch.lanes[1].before = watch.lanes[0].before + dst;
    memcpy(watch.original, (const void *)(uintptr_t)(s->guest_base + c->src), c->size);
    return true;
}

// May the byte at ADDR be changed without the instruction noticing? Only the
// destination's that are no source's.
static bool may_poison(const struct qemu_case *c, uint64_t addr)
{
    return addr - c->dst < c->size && addr - c->src >= c->size;
}

// What the byte at ADDR holds while the instruction runs.
static uint8_t poisoned(const struct qemu_case *c, const struct lane *l, size_t i)
{
    uint64_t addr = l->guest + i;
    return may_poison(c, addr) ? (uint8_t)~watch.original[addr - c->dst] : l->before[i];
}

void silent_before(struct insn *in)
{
    const struct qemu_case *c = &plugin.shared->now;
    if (in->silent & SILENT_LOADS)
        plugin.shared->loads_unseen = 1;
    if (!(in->silent & SILENT_STORES))
        return;
    watch.pending = in;
    watch.first = plugin.record_count;
    watch.executions = plugin.executions;
    for (size_t k = 0; k < watch.lane_count; k++)
        memcpy(watch.lanes[k].before, watch.lanes[k].at, watch.lanes[k].bytes);
    struct lane *dst = &watch.lanes[0];
    for (uint64_t i = c->dst - dst->guest, end = i + c->size; i < end; i++)
        dst->at[i] = poisoned(c, dst, i);
}

static bool was_reported(uint64_t addr)
{
    for (uint32_t i = watch.first; i < plugin.record_count; i++) {
        const struct qemu_record *r = &plugin.shared->records[i];
        if (r->flags & RECORD_STORE && addr - r->addr < r->width)
            return true;
    }
    return false;
}

static void note(struct lane *l, size_t from, size_t to, uint8_t flags)
{
    for (size_t at = from; at < to; at += PIECE) {
        size_t width = to - at < PIECE ? to - at : PIECE;
        struct qemu_record *r = plugin_record(watch.pending, l->guest + at, (unsigned)width);
        r->flags = flags;
        r->serial = (uint32_t)watch.executions;
        memcpy(r->value, l->at + at, width);
        plugin_count();
    }
}

// An instruction that moves storage has loaded what it stored. Where from is told
// by the bytes: those of the source at that place, or it cannot be told.
static void note_load(const struct qemu_case *c, const struct lane *l, size_t from, size_t to)
{
    uint64_t off = l->guest + from - c->dst;
    bool known = watch.pending->silent & SILENT_MOVES && off < c->size &&
                 to - from <= c->size - off &&
                 memcmp(l->at + from, watch.original + off, to - from) == 0;
    if (!known) {
        plugin.shared->loads_unseen = 1;
        return;
    }
    bool apart = watch.lane_count == 2;
    struct lane *source = &watch.lanes[apart];
    size_t at = c->src - source->guest + off;
    if (plugin.loads)
        note(source, at, at + (to - from), RECORD_FOUND);
}

// Runs of bytes that were stored become records; the others get back what they
// held.
static void look_at_lane(const struct qemu_case *c, struct lane *l)
{
    for (size_t i = 0; i < l->bytes;) {
        uint8_t held = l == &watch.lanes[0] ? poisoned(c, l, i) : l->before[i];
        if (l->at[i] == held) {
            l->at[i] = l->before[i];
            i++;
            continue;
        }
        size_t from = i;
        while (i < l->bytes &&
               l->at[i] != (l == &watch.lanes[0] ? poisoned(c, l, i) : l->before[i]) &&
               !was_reported(l->guest + i))
            i++;
        if (i == from) {
            i++; // reported
            continue;
        }
        if (watch.pending->silent & SILENT_MOVES)
            note_load(c, l, from, i);
        note(l, from, i, RECORD_STORE | RECORD_FOUND);
    }
}

void silent_after(void)
{
    if (!watch.pending)
        return;
    for (size_t k = 0; k < watch.lane_count; k++)
        look_at_lane(&plugin.shared->now, &watch.lanes[k]);
    watch.pending = NULL;
}
