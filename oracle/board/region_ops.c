// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/region_ops.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_MAX = 4 }; // where a region says nothing

// Where nothing is mapped, and of stores to read-only memory.
static const struct region_ops none_takes_it = {.valid_max = 0};
static const struct region_ops of_ram_device = {.valid_min = 1,
                                                .valid_max = 8,
                                                .valid_unaligned = true,
                                                .impl_min = 1,
                                                .impl_max = 8,
                                                .impl_unaligned = true};

static struct arrival *add(struct arrivals *told, const char *name)
{
    struct arrival *a = arrivals_add(told);
    *a = (struct arrival){.kind = ARRIVAL_REFUSED};
    snprintf(a->name, sizeof a->name, "%s", name);
    return a;
}

// How much of LENGTH bytes goes first, as a power of two. OFFSET: in the region.
static unsigned first_size(const struct region_ops *ops, uint64_t offset, unsigned length)
{
    unsigned most = ops->valid_max ? ops->valid_max : DEFAULT_MAX;
    const uint64_t aligned = offset & -offset;
    if (!ops->impl_unaligned && aligned != 0 && aligned < most)
        most = (unsigned)aligned;
    if (length > most)
        length = most;
    return 1u << (31 - __builtin_clz(length));
}

// NULL: the region takes it.
static const char *refusal(const struct region_ops *ops, uint64_t offset, unsigned size)
{
    if (!ops->valid_unaligned && offset & (size - 1))
        return "unaligned";
    if (ops->valid_max != 0 && (size > ops->valid_max || size < ops->valid_min))
        return "invalid size";
    return NULL;
}

// The callback's accesses; one may be wider than what was asked for.
static void call_back(const struct flat_range *range, const struct region_ops *ops, uint64_t addr,
                      unsigned size, bool write, struct arrivals *told)
{
    const unsigned least = ops->impl_min ? ops->impl_min : 1;
    const unsigned most = ops->impl_max ? ops->impl_max : DEFAULT_MAX;
    unsigned step = size < most ? size : most;
    step = step > least ? step : least;
    for (unsigned i = 0; i < size; i += step) {
        struct arrival *a = add(told, range->kind == FLAT_RAM_DEVICE ? "ram device" : range->name);
        a->kind = write ? ARRIVAL_WRITE : ARRIVAL_READ;
        a->addr = addr + i;
        a->no_value = true;
        a->size = step;
    }
}

static const struct region_ops *ops_of(const struct flat_range *range)
{
    return range == NULL || range->kind == FLAT_ROM ? &none_takes_it
           : range->kind == FLAT_RAM_DEVICE         ? &of_ram_device
                                                    : &range->ops;
}

// One piece of an access to what is no plain memory; gives its bytes.
static unsigned send_piece(const struct flat_range *range, uint64_t addr, unsigned length,
                           bool write, struct arrivals *told)
{
    const struct region_ops *ops = ops_of(range);
    const uint64_t offset = range != NULL ? addr - range->lo + range->offset : addr;
    const unsigned size = first_size(ops, offset, length);
    const char *why = ops == &none_takes_it ? "rejected" : refusal(ops, offset, size);
    if (why == NULL) {
        call_back(range, ops, addr, size, write, told);
        return size;
    }
    struct arrival *a = add(told, range != NULL ? range->name : "");
    a->addr = offset;
    a->size = size;
    snprintf(a->text, sizeof a->text, "%s", why);
    return size;
}

bool region_ops_send(const struct flat_view *view, uint64_t addr, unsigned length, bool write,
                     struct arrivals *told)
{
    while (length > 0) {
        const struct flat_range *range = flat_view_at(view, addr);
        unsigned done;
        if (range != NULL && flat_is_memory(range, write))
            done = range->hi - addr < length - 1 ? (unsigned)(range->hi - addr) + 1 : length;
        else if (range != NULL && (range->kind == FLAT_IO || range->kind == FLAT_ROMD) &&
                 !range->has_ops)
            return false;
        else
            done = send_piece(range, addr, length, write, told);
        addr += done;
        length -= done;
    }
    return true;
}
