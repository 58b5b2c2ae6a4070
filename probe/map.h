// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The memory that is probed: what --map names, looked at without a byte of it being
// touched, and mapped between inaccessible pages by the process that runs the routine.

#ifndef STORESCOPE_MAP_H
#define STORESCOPE_MAP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum probe_kind {
    PROBE_RAM,
    PROBE_LOCKED,
    PROBE_HUGE,
    PROBE_MEMFD,
    PROBE_FILE,
    PROBE_DEVICE,
    PROBE_KIND_COUNT
};

// As --map and reports name them; those up to memfd are made for the probe.
extern const char *const probe_kind_name[PROBE_KIND_COUNT];

struct map {
    enum probe_kind kind;
    const char *name;   // as it was given; valid as long as that is
    const char *danger; // what it is, in a phrase, where to touch it may do anything; or NULL
    int fd;             // -1: not open, or none is needed
    uint64_t page;      // bytes that its offsets are mapped in
};

enum { MAP_BYTES_MAX = 1 << 30 };

// The map that NAME means. Nothing is opened: that may act by itself. False and one line
// in ERROR where there is none.
bool map_find(const char *name, struct map *out, struct error *error);

// Opens it where that is needed; map_close is to follow.
bool map_open(struct map *map, struct error *error);
void map_close(struct map *map);

// Does it go up to HI? What a device has is not known beforehand. False and one line in ERROR.
bool map_reaches(const struct map *map, uint64_t hi, struct error *error);

// A part of a map in this process, for as long as that lives.
struct mapping {
    uint8_t *at;     // the byte at offset LO
    uint64_t lo, hi; // offsets in the map, whole pages of it
};

// Maps the pages that hold [LO, HI), and inaccessible ones around them. False and one
// line in ERROR.
bool map_attach(const struct map *map, uint64_t lo, uint64_t hi, struct mapping *out,
                struct error *error);

// What a file that is none of a device's holds in [LO, HI), as far as it goes, to be put
// back; NULL for other maps. The caller frees it.
uint8_t *map_keep(const struct map *map, uint64_t lo, uint64_t hi, size_t *kept);
// False, with errno set, when it cannot be written.
bool map_put_back(const struct map *map, uint64_t lo, const uint8_t *bytes, size_t length);

// The pages of MAP that hold [LO, HI).
static inline uint64_t map_page_below(const struct map *map, uint64_t offset)
{
    return offset / map->page * map->page;
}
static inline uint64_t map_page_above(const struct map *map, uint64_t offset)
{
    return (offset + map->page - 1) / map->page * map->page;
}

#endif
