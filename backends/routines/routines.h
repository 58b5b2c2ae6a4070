// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copy routines that are compiled into this program. They are built with fixed
// flags and never instrumented, so that what they do is what their source says.

#ifndef STORESCOPE_ROUTINES_H
#define STORESCOPE_ROUTINES_H

#include <stddef.h>

typedef void *copy_routine(void *dst, const void *src, size_t size);

copy_routine loop_byte, loop_byte_backward, loop_byte_move, loop_word, loop_word_move;
copy_routine qemu_switch, qemu_lowbit, qemu_unit, qemu_host, qemu_byte_or_move, qemu_ram_move;

// DPDK's inline rte_memcpy, one wrapper per instruction set.
struct dpdk_routine {
    copy_routine *code; // NULL: built without DPDK's headers
    const char *compiler;
};
extern const struct dpdk_routine dpdk_sse, dpdk_avx2, dpdk_avx512;

// One access each, never merged, split or widened by the compiler, and legal on
// any address and object.
#define ROUTINE_UNIT(bits)                                                              \
    typedef volatile uint##bits##_t __attribute__((may_alias, aligned(1))) unit_##bits; \
    static inline void move_##bits(uint8_t *dst, const uint8_t *src)                    \
    {                                                                                   \
        *(unit_##bits *)dst = *(const unit_##bits *)src;                                \
    }

#endif
