// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a CPU sees at each physical address: ranges that do not overlap, in ascending
// order. Of a machine, as `info mtree -f' tells it; of a map, as map.h flattens it.

#ifndef STORESCOPE_BOARD_FLAT_VIEW_H
#define STORESCOPE_BOARD_FLAT_VIEW_H

#include "base/error.h"
#include "board/arrival.h"

enum flat_kind {
    FLAT_IO,         // a device's callbacks
    FLAT_RAM,        // plain memory
    FLAT_ROM,        // memory that is only read
    FLAT_ROMD,       // read as memory, written through callbacks
    FLAT_RAM_DEVICE, // a real device's memory: accesses of 1, 2, 4 or 8 bytes
    FLAT_KIND_COUNT,
};
extern const char *const flat_kind_name[FLAT_KIND_COUNT]; // as QEMU has them

// What a device's region takes, as QEMU's MemoryRegionOps has it. Bytes; 0: not said, which
// is QEMU's default: valid any size, of which 4 go at once; implemented 1 to 4.
struct region_ops {
    uint8_t valid_min, valid_max;
    uint8_t impl_min, impl_max;
    bool valid_unaligned, impl_unaligned;
};

struct flat_range {
    uint64_t lo, hi; // first and last address
    uint64_t offset; // of `lo` in its region
    enum flat_kind kind;
    char name[ARRIVAL_NAME_MAX];
    // Of a map alone: a machine keeps these to itself.
    bool has_ops;
    struct region_ops ops;           // IO, ROMD
    char contract[ARRIVAL_NAME_MAX]; // that holds there; "": none is named
};

struct flat_view {
    struct flat_range *ranges; // owned
    size_t count;
};

// What the CPU of a machine sees, from the text of `info mtree -f'. False and one line
// in ERROR when the text has no such view, or one that is not understood.
bool flat_view_read(const char *text, struct flat_view *out, struct error *error);
struct flat_view flat_view_copy(const struct flat_view *view);
void flat_view_free(struct flat_view *view);

// The range that has an address; NULL: nothing is mapped there.
const struct flat_range *flat_view_at(const struct flat_view *view, uint64_t addr);

// Is a read or write there one of memory, of which no device learns?
bool flat_is_memory(const struct flat_range *range, bool write);

#endif
