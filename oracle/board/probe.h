// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A machine's regions, and what accesses of each width arrive as at each: takes a
// machine's command line, tries them on a machine that is thrown away. Zeros are stored
// to the last bytes of each region, and loads are made there; a device may act on that, and
// even end the machine, which is then started again.

#ifndef STORESCOPE_BOARD_PROBE_H
#define STORESCOPE_BOARD_PROBE_H

#include "board/board.h"

// The accesses that are tried: bytes, and how far from an address that is a multiple of 16.
struct probe_access {
    unsigned size, offset;
    const char *name; // "4 at +1"
};
enum { PROBE_COUNT = 9 };
extern const struct probe_access probe_accesses[PROBE_COUNT];

// What became of one, in words: "4+4", the sizes that arrived, in order; "x4" a refused one;
// "memory": no device learns of it; "-": it does not fit into the region; "ends": the
// machine ended; "?": this QEMU does not tell, or
// an access before it ended the machine.
enum { PROBE_TEXT_MAX = 48 };

struct probed_region {
    struct flat_range range; // the first of its name and kind
    size_t ranges;           // how many there are of these, of the same bytes
    char store[PROBE_COUNT][PROBE_TEXT_MAX], load[PROBE_COUNT][PROBE_TEXT_MAX];
};

struct probe {
    char version[128];
    struct probed_region *regions; // ascending; owned
    size_t count;
};

// False and one line in ERROR. To be freed in any case.
bool probe_machine(const char *machine, struct probe *out, struct error *error);
void probe_free(struct probe *p);

// Where an access is tried on a range: near its end. False: it does not fit.
bool probe_place(const struct flat_range *range, const struct probe_access *access, uint64_t *addr);
// The regions of a view, with nothing tried: ranges of a name and size that lie side by side
// are one.
void probe_gather(const struct flat_view *view, struct probe *out);

// The arrivals FROM..END in words, of an access of which a device has to learn.
void probe_words(const struct arrivals *told, size_t from, char text[PROBE_TEXT_MAX]);

#endif
