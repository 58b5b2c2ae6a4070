// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What lies in a machine's RAM when its CPU starts: the guest, its page tables, the program
// that the routine was linked into at the addresses it was linked for, and a stack and
// buffers a call. Takes a program and calls; gives bytes and where they are to be loaded.
//
//   guest | words, calls | tables | stack || program | buffers of the calls
//
// Virtual addresses: RAM where it is; the program where it was linked; a device's GiB, and
// the next, from IMAGE_DEVICE on, as Device-nGnRnE memory.

#ifndef STORESCOPE_BOARD_IMAGE_H
#define STORESCOPE_BOARD_IMAGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_DEVICE (UINT64_C(256) << 30)

enum { IMAGE_CALLS_MAX = 1000 };

// One call: of the two buffers, one lies in the device's memory, the other in RAM.
struct image_call {
    uint64_t at;           // physical address of the one in the device
    bool source_is_device; // else the destination is
    bool has_source;
    uint64_t second;       // where there is none: the argument in its place
    uint64_t size;         // bytes
    uint32_t offset;       // of the other buffer in its page
    const uint8_t *source; // `size` bytes; NULL where the source is the device
};

struct image {
    uint8_t *bytes; // owned
    size_t length;
    uint64_t at; // physical address, a multiple of 2 MiB
};

// RAM: a range of it, of which the image takes what it needs. PROGRAM: a static ELF for
// AArch64; ENTRY: the routine in it. False and one line in ERROR.
bool image_make(const uint8_t *program, size_t program_bytes, uint64_t entry,
                const struct image_call *calls, size_t call_count, uint64_t ram, uint64_t ram_bytes,
                struct image *out, struct error *error);
void image_free(struct image *image);

#endif
