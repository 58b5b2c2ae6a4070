// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/memory.h"

#include "case/fill.h"
#include "record/native.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define COPY_BYTES FILLS_BUFFER_MAX

typedef ssize_t transfer(pid_t pid, const struct iovec *here, unsigned long here_count,
                         const struct iovec *there, unsigned long there_count, unsigned long flags);

// A page at a time, since the kernel does not tell how much of a part it moved.
static size_t move(transfer *kernel, uint64_t addr, uint8_t *local, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        size_t room = PAGE_BYTES - (addr + done) % PAGE_BYTES;
        size_t part = bytes - done < room ? bytes - done : room;
        struct iovec here = {local + done, part}, there = {(void *)(uintptr_t)(addr + done), part};
        if (kernel(getpid(), &here, 1, &there, 1, 0) != (ssize_t)part)
            break;
        done += part;
    }
    return done;
}

enum { SURE_MAX = 3 };
static struct span sure_spans[SURE_MAX];
static size_t sure_count;

void memory_set_sure(const struct span *sure, size_t count)
{
    sure_count = count < SURE_MAX ? count : SURE_MAX;
    memcpy(sure_spans, sure, sure_count * sizeof *sure);
}

static bool is_sure(uint64_t addr, size_t bytes)
{
    for (size_t i = 0; i < sure_count; i++)
        if (addr >= sure_spans[i].lo && addr < sure_spans[i].hi && bytes <= sure_spans[i].hi - addr)
            return true;
    return false;
}

size_t memory_peek(uint64_t addr, void *out, size_t bytes)
{
    if (is_sure(addr, bytes)) {
        memcpy(out, (const void *)(uintptr_t)addr, bytes);
        return bytes;
    }
    return move(process_vm_readv, addr, out, bytes);
}

size_t memory_poke(uint64_t addr, const void *bytes, size_t count)
{
    if (is_sure(addr, count)) {
        memcpy((void *)(uintptr_t)addr, bytes, count);
        return count;
    }
    return move(process_vm_writev, addr, (uint8_t *)(uintptr_t)bytes, count);
}

bool mirror_open(struct mirror *m)
{
    *m = (struct mirror){0};
    for (unsigned i = 0; i < 2; i++) {
        m->copy[i] = native_reserve(COPY_BYTES, PROT_READ | PROT_WRITE, 0);
        if (!m->copy[i])
            return false;
    }
    return true;
}

void mirror_close(struct mirror *m)
{
    for (unsigned i = 0; i < 2; i++)
        if (m->copy[i])
            munmap(m->copy[i], COPY_BYTES);
    *m = (struct mirror){0};
}

void mirror_take(struct mirror *m, const struct layout *layout)
{
    m->lanes[0] = layout->dst_lane;
    m->lanes[1] = layout->src_lane;
    m->lane_count = layout->dst_lane.lo == layout->src_lane.lo ? 1 : 2;
    for (size_t i = 0; i < m->lane_count; i++)
        memcpy(m->copy[i], (const void *)m->lanes[i].lo, m->lanes[i].hi - m->lanes[i].lo);
}

void mirror_store(struct mirror *m, uint64_t addr, uint64_t bytes, uint64_t mask)
{
    for (size_t i = 0; i < m->lane_count; i++) {
        const struct span *lane = &m->lanes[i];
        uint64_t lo = addr > lane->lo ? addr : lane->lo;
        uint64_t end = addr + bytes < addr ? UINT64_MAX : addr + bytes;
        uint64_t hi = end < lane->hi ? end : lane->hi;
        for (uint64_t at = lo; at < hi; at++)
            if (at - addr >= 64 || mask >> (at - addr) & 1)
                m->copy[i][at - lane->lo] = *(const uint8_t *)(uintptr_t)at;
    }
}

bool mirror_agrees(const struct mirror *m, uint64_t *addr)
{
    for (size_t i = 0; i < m->lane_count; i++) {
        const uint8_t *lane = (const uint8_t *)m->lanes[i].lo;
        size_t bytes = m->lanes[i].hi - m->lanes[i].lo;
        if (memcmp(lane, m->copy[i], bytes) == 0)
            continue;
        for (size_t k = 0; k < bytes; k++) {
            if (lane[k] != m->copy[i][k]) {
                *addr = m->lanes[i].lo + k;
                return false;
            }
        }
    }
    return true;
}

uint64_t mirror_bytes(const struct mirror *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->lane_count; i++)
        bytes += m->lanes[i].hi - m->lanes[i].lo;
    return bytes;
}
