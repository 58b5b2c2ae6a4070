// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What lies in a machine's RAM when its CPU starts: the guest, its page tables, the program
// that the routine was linked into at the addresses it was linked for, and a stack and
// buffers a call. Takes a program and calls; gives bytes and where they are to be loaded.
//
//   guest | words, calls | tables | stack, thread's data || program | buffers of the calls
//
// Virtual addresses: RAM where it is; the program where it was linked; a device's GiB, and
// the next, from IMAGE_DEVICE on, as a device's memory. The words, of 8 bytes:
//
//   0 the page tables' root   1, 2 the CPU's own   3 how many calls   4, 5 the guest's
//   6 the thread's data   7 the program's global pointer
//
// A call has 16 words: the routine, eight arguments, the stack's end.

#ifndef STORESCOPE_BOARD_IMAGE_H
#define STORESCOPE_BOARD_IMAGE_H

#include "backends/call.h"
#include "base/error.h"
#include "board/guest/guest_cpu.h"
#include "trace/origins.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_DEVICE (UINT64_C(128) << 30)

enum { IMAGE_CALLS_MAX = 900 };

// One call: of the two buffers, one lies in the device's memory, the other in RAM, or there
// as well where they overlap.
struct image_call {
    uint64_t at;           // physical address of the one in the device
    bool source_is_device; // else the destination is
    bool has_source;
    uint64_t second; // where there is none: the argument in its place
    bool overlapping;
    int64_t overlap;         // bytes from the source to the destination
    uint64_t size;           // bytes
    uint32_t offset;         // of the other buffer in its page
    const uint8_t *source;   // `size` bytes; NULL where the source is the device
    const struct call *call; // NULL: called as memcpy, with this after its arguments
    uint64_t arg4;
    uint64_t value;      // see struct call_place
    const uint8_t *data; // likewise
};

struct image {
    uint8_t *bytes; // owned
    size_t length;
    uint64_t at; // physical address, a multiple of 2 MiB
};

// A static ELF of 64 bits, and what is set in it before its routine runs.
struct image_program {
    const uint8_t *bytes;
    size_t length;
    uint64_t routine_at;     // where it has the routine's address
    uint64_t global_pointer; // 0: the CPU has none
    const struct guest_poke *pokes;
    size_t poke_count;
};

// Where RAM is, of which the image takes what it needs.
struct image_ram {
    uint64_t at, length;
};

// False and one line in ERROR.
bool image_make(const struct guest_cpu *cpu, const struct image_program *program,
                const struct image_call *calls, size_t call_count, struct image_ram ram,
                struct image *out, struct error *error);
void image_free(struct image *image);

#endif
