// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/physical.h"

#include "base/host.h"

#include <fcntl.h>
#include <unistd.h>

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME   ((UINT64_C(1) << 55) - 1)

static void add_page(struct physical *out, uint64_t entry, uint64_t page, uint64_t *last)
{
    const uint64_t frame = entry & PAGEMAP_FRAME;
    if (!(entry & PAGEMAP_PRESENT))
        out->state = PHYSICAL_ABSENT;
    else if (frame == 0)
        out->state = PHYSICAL_HIDDEN;
    out->runs += out->pages == 0 || frame != *last + 1;
    if (out->pages++ == 0)
        out->address += frame * page;
    *last = frame;
}

void physical_find(const void *at, uint64_t length, struct physical *out)
{
    const uint64_t page = host_page_bytes(), address = (uintptr_t)at;
    uint64_t entry, last = 0;
    *out = (struct physical){.state = PHYSICAL_KNOWN, .address = address % page};
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        out->state = PHYSICAL_HIDDEN;
    for (uint64_t i = address / page; out->state == PHYSICAL_KNOWN; i++) {
        if (i > (address + length - 1) / page)
            break;
        if (pread(fd, &entry, sizeof entry, (off_t)(i * sizeof entry)) == (ssize_t)sizeof entry)
            add_page(out, entry, page, &last);
        else
            out->state = PHYSICAL_HIDDEN;
    }
    if (fd >= 0)
        close(fd);
}
