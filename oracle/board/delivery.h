// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A recorded call, access by access, to the memory of a machine: takes a recording and an
// address, gives what each access was sent as and what arrived. Which routine and which
// CPU it was recorded on does not matter; the machine's own CPUs do not run.

#ifndef STORESCOPE_BOARD_DELIVERY_H
#define STORESCOPE_BOARD_DELIVERY_H

#include "board/board.h"
#include "trace/recording.h"

enum { DELIVERY_PIECE_MAX = 8, DELIVERY_PIECES_MAX = 100000 };

// Who makes the accesses.
enum delivery_by {
    DELIVERY_TEST, // qtest: accesses of at most 8 bytes, as DMA and KVM make them
    DELIVERY_CPU,  // the machine's own CPU, which runs the routine again
    DELIVERY_MAP,  // no machine: by QEMU's rules for the regions of a map
};

// One access of the machine's memory: an access of the trace, or what of it goes at once.
struct delivery_piece {
    uint32_t access; // index into the trace's
    bool write;
    uint8_t size;                   // bytes, 1 to DELIVERY_PIECE_MAX
    uint64_t addr;                  // physical
    size_t first, count;            // of the arrivals
    const struct flat_range *range; // at `addr`, when it began; NULL: nothing
};

struct delivery {
    enum delivery_by by;
    char version[128], path[256]; // of the emulator
    uint64_t at;                  // where the first byte of the request lay
    struct flat_view view;
    struct delivery_piece *pieces; // in program order
    size_t piece_count, piece_capacity;
    struct arrivals told;
    char *console; // what the first serial port sent, or NULL; owned
    size_t console_bytes;
    size_t rest;          // of what was told, the first that is of no access: the fault's
    struct error fault;   // CPU: how the routine ended, other than by returning; "": it returned
    struct error skipped; // why it cannot be said what arrived; "": it can
};

// Which buffer of the call lies in the machine's memory, and where its first byte is.
struct delivery_request {
    const char *machine; // a command line, see board_start
    bool source;         // the source; else the destination
    uint64_t at;
    // Of delivery_by_cpu:
    const struct backend *backend;
    const struct copy_case *c; // that was recorded, by recorder qemu
    unsigned timeout_ms;
};

// Sends the recorded accesses. False and one line in ERROR when the machine cannot be had.
// To be freed in any case.
bool delivery_by_test(const struct recording *r, const struct delivery_request *request,
                      struct delivery *out, struct error *error);

// A new piece at the end, not yet filled.
struct delivery_piece *delivery_new_piece(struct delivery *out);
// The same through a map's regions, whose ops say what arrives.
void delivery_by_map(const struct recording *r, const struct delivery_request *request,
                     const struct flat_view *view, struct delivery *out);
void delivery_free(struct delivery *r);

#endif
