// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A recording on its way from a worker to its parent: one message that holds a
// head, the accesses, the sites they name (the others stay behind), the
// values and, where they are known, the origins, in this order. The receiver takes nothing on trust but the build.

#include "trace/recording.h"
#include "base/memory.h"
#include "base/message.h"

#include <stdlib.h>
#include <string.h>

// No access is longer than what can be mapped for it to run through.
#define ACCESS_BYTES_MAX (UINT64_C(1) << 31)

struct recording_head {
    struct layout layout;
    uint64_t accesses, sites, value_bytes;
    uint64_t outcome, return_value, clobbered, atomic_bytes, loads_unseen, machine, word_bytes;
    int64_t signal;
    uint64_t fault_addr, fault_pc;
    uintptr_t entry, stack_entry;
    struct span stack;
    uint64_t image_count, own_image_count;
    uint64_t has_origins;
    struct span images[TRACE_IMAGES_MAX];
    char reason[TRACE_REASON_MAX];
};

static void head_fill(struct recording_head *head, const struct layout *layout,
                      const struct trace *t)
{
    memset(head, 0, sizeof *head);
    head->layout = *layout;
    head->accesses = t->count;
    head->value_bytes = t->value_bytes;
    head->outcome = (uint64_t)t->outcome;
    head->return_value = t->return_value;
    head->clobbered = t->clobbered;
    head->atomic_bytes = t->atomic_bytes;
    head->loads_unseen = t->loads_unseen;
    head->machine = t->machine;
    head->word_bytes = t->word_bytes;
    head->signal = t->signal;
    head->fault_addr = t->fault_addr;
    head->fault_pc = t->fault_pc;
    head->entry = t->entry;
    head->stack_entry = t->stack_entry;
    head->stack = t->stack;
    head->image_count = t->image_count;
    head->own_image_count = t->own_image_count;
    memcpy(head->images, t->images, sizeof head->images);
    memcpy(head->reason, t->reason, sizeof head->reason);
}

// For each site of the trace its place among those that an access names, in
// the same order, plus one; 0 for the others. Counts them. NULL: no memory, or
// an access names no site.
static uint32_t *used_sites(const struct trace *t, uint64_t *used)
{
    uint32_t *place = calloc(t->site_count + 1, sizeof *place);
    if (!place)
        return NULL;
    for (size_t i = 0; i < t->count; i++) {
        if (t->accesses[i].site >= t->site_count) {
            free(place);
            return NULL;
        }
        place[t->accesses[i].site] = 1;
    }
    *used = 0;
    for (size_t i = 0; i < t->site_count; i++)
        if (place[i])
            place[i] = (uint32_t)++ * used;
    return place;
}

// Of the origins, what is no array of sites.
static size_t origins_bytes(uint64_t sites)
{
    return sizeof(struct origins) + (size_t)sites * sizeof(struct site_origin);
}

static void origins_fill(uint8_t *at, const struct origins *o, const struct trace *t,
                         const uint32_t *place)
{
    memcpy(at, o, sizeof *o);
    at += sizeof *o;
    for (size_t i = 0; i < t->site_count; i++) {
        if (!place[i])
            continue;
        memcpy(at, &o->sites[i], sizeof o->sites[i]);
        at += sizeof o->sites[i];
    }
}

// Writes the message's bytes behind the head.
static void body_fill(uint8_t *at, const struct trace *t, const struct origins *o,
                      const uint32_t *place)
{
    for (size_t i = 0; i < t->count; i++, at += sizeof(struct access)) {
        struct access a = t->accesses[i];
        a.site = place[a.site] - 1;
        memcpy(at, &a, sizeof a);
    }
    for (size_t i = 0; i < t->site_count; i++) {
        if (!place[i])
            continue;
        memcpy(at, &t->sites[i], sizeof(struct site));
        at += sizeof(struct site);
    }
    if (t->value_bytes)
        memcpy(at, t->values, t->value_bytes);
    if (o)
        origins_fill(at + t->value_bytes, o, t, place);
}

uint8_t *recording_write(const struct layout *layout, const struct trace *t,
                         const struct origins *origins, size_t *length)
{
    struct recording_head head;
    head_fill(&head, layout, t);
    uint32_t *place = used_sites(t, &head.sites);
    if (!place)
        return NULL;
    head.has_origins = origins != NULL;
    *length = sizeof head + t->count * sizeof(struct access) + head.sites * sizeof(struct site) +
              t->value_bytes + (origins ? origins_bytes(head.sites) : 0);
    uint8_t *bytes = *length <= MESSAGE_BYTES_MAX ? malloc(*length) : NULL;
    if (bytes) {
        memcpy(bytes, &head, sizeof head);
        body_fill(bytes + sizeof head, t, origins, place);
    }
    free(place);
    return bytes;
}

bool recording_send(int fd, const struct layout *layout, const struct trace *t,
                    const struct origins *origins)
{
    size_t length;
    uint8_t *bytes = recording_write(layout, t, origins, &length);
    bool sent = bytes && message_send(fd, MESSAGE_RECORDING, bytes, length);
    free(bytes);
    return sent;
}

static bool access_is_sound(const struct access *a, const struct recording_head *head)
{
    uint64_t bytes;
    if (a->kind > ACCESS_PREFETCH || a->site >= head->sites ||
        __builtin_mul_overflow(a->count, (uint64_t)a->width, &bytes) || bytes > ACCESS_BYTES_MAX ||
        (a->width == 0 && a->count > 1))
        return false;
    bool masked = a->flags & ACCESS_MASKED;
    if (masked && (a->count != 1 || a->width > 64 || (a->width < 64 && a->mask >> a->width != 0)))
        return false;
    return a->value == TRACE_NO_VALUE ||
           (bytes <= head->value_bytes && a->value <= head->value_bytes - bytes);
}

// Both buffers of an overlapping case, the gap between them, and whole pages.
static bool lane_is_sound(const struct span *lane, uint64_t size)
{
    return lane->lo <= lane->hi && lane->hi - lane->lo <= 2 * size + CASE_GAP_MAX + 4 * PAGE_BYTES;
}

// Reports make pictures as large as the case.
static bool layout_is_sound(const struct layout *layout)
{
    uint64_t most = layout->size > LAYOUT_FIFO_BYTES ? layout->size : LAYOUT_FIFO_BYTES;
    return layout->size <= CASE_SIZE_MAX && layout->dst_size <= most && layout->src_size <= most &&
           message_bool_is_sound(&layout->dst_is_fifo) &&
           lane_is_sound(&layout->dst_lane, layout->size) &&
           lane_is_sound(&layout->src_lane, layout->size);
}

static bool head_is_sound(const struct recording_head *head, uint64_t body)
{
    if (!layout_is_sound(&head->layout) || head->outcome > OUTCOME_BROKEN ||
        head->image_count > TRACE_IMAGES_MAX || head->own_image_count > head->image_count ||
        head->accesses > body || head->sites > body || head->value_bytes > body)
        return false;
    return body == head->accesses * sizeof(struct access) + head->sites * sizeof(struct site) +
                       head->value_bytes + (head->has_origins ? origins_bytes(head->sites) : 0);
}

// The origins at AT. NULL: they make no sense.
static struct origins *origins_read(const uint8_t *at, uint64_t sites)
{
    struct origins *o = must(malloc(sizeof *o));
    memcpy(o, at, sizeof *o);
    o->site_count = (size_t)sites;
    o->sites = must(calloc((size_t)sites + 1, sizeof *o->sites));
    memcpy(o->sites, at + sizeof *o, (size_t)sites * sizeof *o->sites);
    if (origins_are_sound(o))
        return o;
    origins_free(o);
    return NULL;
}

static bool body_take(struct trace *t, const struct recording_head *head, const uint8_t *at)
{
    size_t access_bytes = (size_t)head->accesses * sizeof(struct access);
    size_t site_bytes = (size_t)head->sites * sizeof(struct site);
    // One byte more, since malloc(0) may be NULL.
    struct site *sites = malloc(site_bytes + 1);
    t->accesses = malloc(access_bytes + 1);
    t->values = malloc((size_t)head->value_bytes + 1);
    t->sites = sites;
    t->owns_sites = true;
    if (!t->accesses || !t->values || !sites)
        return false;
    memcpy(t->accesses, at, access_bytes);
    memcpy(sites, at + access_bytes, site_bytes);
    memcpy(t->values, at + access_bytes + site_bytes, (size_t)head->value_bytes);
    t->count = t->capacity = (size_t)head->accesses;
    t->site_count = (size_t)head->sites;
    t->value_bytes = t->value_capacity = (size_t)head->value_bytes;
    for (size_t i = 0; i < t->count; i++)
        if (!access_is_sound(&t->accesses[i], head))
            return false;
    for (size_t i = 0; i < t->site_count; i++) {
        message_text_clean(sites[i].text, sizeof sites[i].text);
        if (sites[i].class >= SITE_CLASS_COUNT || !site_is(&sites[i], sites[i].class) ||
            sites[i].classes >> SITE_CLASS_COUNT != 0 || sites[i].length > sizeof sites[i].bytes ||
            !message_bool_is_sound(&sites[i].decoders_differ))
            return false;
    }
    return true;
}

bool recording_read(const void *bytes, size_t length, struct recording *out)
{
    struct recording_head head;
    trace_init(&out->trace);
    out->origins = NULL;
    out->guest = NULL;
    out->told = NULL;
    if (length < sizeof head)
        return false;
    memcpy(&head, bytes, sizeof head);
    if (!head_is_sound(&head, length - sizeof head))
        return false;

    struct trace *t = &out->trace;
    out->layout = head.layout;
    t->outcome = (enum trace_outcome)head.outcome;
    t->return_value = head.return_value;
    t->clobbered = (uint32_t)head.clobbered;
    t->atomic_bytes = (uint8_t)head.atomic_bytes;
    t->loads_unseen = head.loads_unseen != 0;
    t->machine = (uint16_t)head.machine;
    t->word_bytes = (uint8_t)head.word_bytes;
    t->signal = (int)head.signal;
    t->fault_addr = head.fault_addr;
    t->fault_pc = head.fault_pc;
    t->entry = head.entry;
    t->stack_entry = head.stack_entry;
    t->stack = head.stack;
    t->image_count = (size_t)head.image_count;
    t->own_image_count = (size_t)head.own_image_count;
    memcpy(t->images, head.images, sizeof t->images);
    memcpy(t->reason, head.reason, sizeof t->reason);
    message_text_clean(t->reason, sizeof t->reason);
    bool taken = body_take(t, &head, (const uint8_t *)bytes + sizeof head);
    if (taken && head.has_origins) {
        const uint8_t *end = (const uint8_t *)bytes + length;
        out->origins = origins_read(end - origins_bytes(head.sites), head.sites);
    }
    if (taken && (out->origins != NULL || !head.has_origins))
        return true;
    recording_free(out);
    return false;
}

bool recording_receive(int fd, struct recording *out)
{
    struct message f;
    memset(out, 0, sizeof *out);
    bool ok = message_receive(fd, MESSAGE_BYTES_MAX, 0, &f) && f.kind == MESSAGE_RECORDING &&
              recording_read(f.bytes, (size_t)f.length, out);
    message_free(&f);
    return ok;
}

void recording_free(struct recording *r)
{
    trace_free(&r->trace);
    origins_free(r->origins);
    guest_elf_release(r->guest);
    free(r->told);
    memset(r, 0, sizeof *r);
}
