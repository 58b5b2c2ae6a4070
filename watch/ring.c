// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/ring.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

bool ring_is_read(const struct ring *ring)
{
    return kill((pid_t)ring->reader, 0) == 0 || errno != ESRCH;
}

static bool wait_for_room(struct ring *ring, uint64_t number)
{
    while (number - atomic_load_explicit(&ring->tail, memory_order_acquire) >= RING_SLOTS) {
        if (!ring_is_read(ring))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return true;
}

static bool put(struct ring *ring, uint64_t number, const struct ring_record *record)
{
    struct ring_slot *slot = &ring->slots[number % RING_SLOTS];
    if (!wait_for_room(ring, number))
        return false;
    slot->record = *record;
    atomic_store_explicit(&slot->turn, number + 1, memory_order_release);
    return true;
}

bool ring_write(struct ring *ring, const struct ring_record *record, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    uint64_t texts = (length + RING_TEXT_BYTES - 1) / RING_TEXT_BYTES;
    struct ring_record copy = *record;
    copy.texts = (uint16_t)texts;
    uint64_t number = atomic_fetch_add_explicit(&ring->head, texts + 1, memory_order_relaxed);
    bool written = put(ring, number, &copy);
    for (uint64_t i = 0; written && i < texts; i++) {
        size_t at = i * RING_TEXT_BYTES;
        size_t part = length - at < RING_TEXT_BYTES ? length - at : RING_TEXT_BYTES;
        struct ring_record more = {
            .kind = RING_TEXT, .pid = record->pid, .text_length = (uint16_t)part};
        memcpy(more.text, text + at, part);
        written = put(ring, number + 1 + i, &more);
    }
    return written;
}

bool ring_read(struct ring *ring, struct ring_record *out)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    struct ring_slot *slot = &ring->slots[tail % RING_SLOTS];
    if (atomic_load_explicit(&slot->turn, memory_order_acquire) != tail + 1)
        return false;
    *out = slot->record;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

uint64_t ring_backlog(const struct ring *ring)
{
    return atomic_load(&ring->head) - atomic_load(&ring->tail);
}

void ring_skip(struct ring *ring)
{
    atomic_fetch_add(&ring->tail, 1);
}
