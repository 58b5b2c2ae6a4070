// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A memory map as a text of the user's own:
//
//   # comment
//   map        my-board
//   ram        dram  at=0x40000000 size=128M contract=ram
//   i/o        uart  at=0x09000000 size=4K valid=1..4 implemented=4..4 contract=device
//   container  pci   at=0x10000000 size=16M priority=1
//   i/o        bar   at=0x1000 size=4K in=pci unaligned=both
//   alias      low   at=0 size=1M of=dram from=0
//
// A line has a kind (container, alias, or a range's: i/o, ram, rom, romd, ramd), a name, in
// quotes where it has blanks, where it lies in what it is in, and its size; K, M, G are
// 1024 and on. Where regions overlap the higher priority is seen, and of equal ones the
// later line. A container is nothing where nothing in it is. An alias shows SIZE bytes of another
// region from an offset on. valid, implemented and unaligned are those of QEMU's
// MemoryRegionOps, with its defaults; `unknown` in their place: nothing can be said of
// accesses there. offset: what the device's callback gets for the first byte.

#ifndef STORESCOPE_BOARD_MAP_H
#define STORESCOPE_BOARD_MAP_H

#include "board/flat_view.h"

#include <stdio.h>

struct map {
    char name[ARRIVAL_NAME_MAX];
    struct flat_view view; // owned
};

// FILE is only named in messages. False and one line in ERROR, "FILE:LINE: ...".
bool map_parse(const char *file, const char *text, size_t length, struct map *out,
               struct error *error);
bool map_load(const char *path, struct map *out, struct error *error);
void map_free(struct map *map);

// The line of a range, as map_parse reads it.
void map_print_range(const struct flat_range *range, FILE *out);

#endif
