// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/cpu_pin.h"

#include <sys/mman.h>

_Atomic uint32_t *pin_counter_new(void)
{
    void *p = mmap(NULL, sizeof(_Atomic uint32_t), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    // Where the parent is, so that several runs of the tool do not start on one CPU.
    int cpu = sched_getcpu();
    atomic_init((_Atomic uint32_t *)p, cpu > 0 ? (uint32_t)cpu : 0);
    return p;
}

void pin_counter_free(_Atomic uint32_t *counter)
{
    if (counter)
        munmap((void *)counter, sizeof *counter);
}

void pin_pair(struct pin *pin, _Atomic uint32_t *counter)
{
    *pin = (struct pin){0};
    if (!counter || sched_getaffinity(0, sizeof pin->before, &pin->before) != 0)
        return;
    unsigned count = (unsigned)CPU_COUNT(&pin->before);
    unsigned turn = count ? atomic_fetch_add(counter, 1) % count : 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &pin->before) || turn-- > 0)
            continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pin->done = sched_setaffinity(0, sizeof one, &one) == 0;
        return;
    }
}

void pin_undo(struct pin *pin)
{
    if (pin->done)
        sched_setaffinity(0, sizeof pin->before, &pin->before);
    pin->done = false;
}
