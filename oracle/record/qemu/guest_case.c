// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/guest_case.h"

#include "backends/arch.h"
#include "record/entry_registers.h"

#include <string.h>

bool qemu_is_overlapping(const struct layout *l)
{
    return l->dst_lane.lo == l->src_lane.lo;
}

// The lane in the file that the guest has mapped.
static uint8_t *guest_lane(const struct recorder *r, const struct layout *l, bool src)
{
    return r->process.lanes + (qemu_lane(l, src) - QEMU_LOW_WINDOW);
}

static size_t span_bytes(struct span s)
{
    return s.hi - s.lo;
}

bool qemu_lanes_fit(const struct layout *l)
{
    size_t most = QEMU_WINDOW_BYTES - 2 * QEMU_GUARD_BYTES;
    return span_bytes(l->dst_lane) <= most && span_bytes(l->src_lane) <= most;
}

// What has no source, such as a set, has one lane.
static bool has_lane_of_src(const struct layout *l)
{
    return span_bytes(l->src_lane) > 0 && !qemu_is_overlapping(l);
}

void qemu_lanes_in(const struct recorder *r, const struct layout *l)
{
    memcpy(guest_lane(r, l, false), (const void *)l->dst_lane.lo, span_bytes(l->dst_lane));
    if (has_lane_of_src(l))
        memcpy(guest_lane(r, l, true), (const void *)l->src_lane.lo, span_bytes(l->src_lane));
}

void qemu_lanes_out(const struct recorder *r, const struct layout *l)
{
    memcpy((void *)l->dst_lane.lo, guest_lane(r, l, false), span_bytes(l->dst_lane));
    if (has_lane_of_src(l))
        memcpy((void *)l->src_lane.lo, guest_lane(r, l, true), span_bytes(l->src_lane));
}

// What comes out of the FIFO, for the plugin to put there.
bool qemu_take_fifo(struct recorder *r, const struct layout *l)
{
    _Static_assert((int)QEMU_FIFO_BYTES == LAYOUT_FIFO_BYTES, "a guest's FIFO is one of a case");
    if (l->size <= QEMU_FIFO_MAX)
        memcpy(r->process.shared->fifo, l->expected, l->size + QEMU_FIFO_BYTES);
    return l->size <= QEMU_FIFO_MAX;
}

static struct qemu_range guest_range(const struct layout *l, bool src)
{
    uint64_t lo = qemu_lane(l, src);
    return (struct qemu_range){lo, lo + span_bytes(src ? l->src_lane : l->dst_lane)};
}

// What the routine is entered with. The records lie in the guest where the arena has
// them in this process.
static void tell_words(const struct recorder *r, struct layout *l, struct qemu_case *now)
{
    const struct arch *arch = r->program->arch;
    const struct call *call = r->options.call;
    struct call_place place = {.dst = now->dst,
                               .src = now->src,
                               .size = l->size,
                               .value = layout_value(l, arch->big_endian),
                               .data = l->expected,
                               .record = QEMU_RECORD,
                               .word_bytes = arch->word_bytes,
                               .big_endian = arch->big_endian};
    struct call_entry entry;
    if (!call) {
        const uint64_t words[] = {now->dst, now->src, l->size, r->program->backend->arg4};
        memcpy(now->words, words, sizeof words);
        return;
    }
    call_enter(call, &place, &entry);
    memcpy(r->process.lanes + (QEMU_RECORD - QEMU_LOW_WINDOW), entry.record, entry.record_bytes);
    now->how = call_words(call) > GUEST_WORDS_FEW ? GUEST_BY_MORE_WORDS : GUEST_BY_WORDS;
    for (size_t i = 0; i < GUEST_WORDS_MAX; i++)
        now->words[i] = i < call_words(call) ? entry.words[i] : ENTRY_REGISTER(i);
    place.dst = (uintptr_t)l->dst;
    place.src = (uintptr_t)l->src;
    place.record = r->record;
    layout_take_call(l, call, &place, entry.record_bytes);
}

// What the libc does not have is not set, as with the other recorders.
static void tell_tunables(const struct recorder *r, const struct copy_case *c,
                          struct qemu_case *now)
{
    for (size_t i = 0; i < TUNABLE_COUNT; i++) {
        const struct guest_poke *t = &r->program->elf->pokes[i];
        now->pokes[i] =
            (struct qemu_poke){t->addr, c->tunable[i] ? c->tunable[i] : t->value, t->width};
    }
}

void qemu_tell_case(const struct recorder *r, const struct copy_case *c, struct layout *l,
                    bool values, struct qemu_case *now)
{
    *now = (struct qemu_case){
        .dst = qemu_lane(l, false) + (uintptr_t)l->dst - l->dst_lane.lo,
        .src = l->src ? qemu_lane(l, true) + (uintptr_t)l->src - l->src_lane.lo : layout_second(l),
        .size = l->size,
        .routine = r->program->routine,
        .dst_lane = guest_range(l, false),
        .src_lane = qemu_is_overlapping(l) ? (struct qemu_range){0, 0} : guest_range(l, true),
        .loads = r->options.loads,
        .values = values,
        .sets = c->op == OP_SET,
        .plays = c->op == OP_FROM_FIFO,
    };
    tell_words(r, l, now);
    tell_tunables(r, c, now);
}
