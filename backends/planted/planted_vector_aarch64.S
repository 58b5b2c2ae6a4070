// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies through vector registers: whole ones, pairs, lanes, structures, and SVE's under a
// predicate; right and one lane wrong.

#include "backends/planted/planted_asm_aarch64.h"

ROUTINE vector_quad
    ROUNDS 16, "ldr q0, [x1]; mov v31.16b, v0.16b; str q31, [x3]"
    ret
END vector_quad

ROUTINE vector_quad_pair
    ROUNDS 32, "ldp q0, q1, [x1]; stp q0, q1, [x3]"
    ret
END vector_quad_pair

ROUTINE vector_double_pair
    ROUNDS 16, "ldp d6, d7, [x1]; stp d6, d7, [x3]"
    ret
END vector_double_pair

ROUTINE vector_registers
    ROUNDS 64, "ld1 {v0.2d, v1.2d, v2.2d, v3.2d}, [x1]; st1 {v0.2d, v1.2d, v2.2d, v3.2d}, [x3]"
    ret
END vector_registers

// Words take turns among the registers, and are put back in the same order.
ROUTINE vector_structures
    ROUNDS 48, "ld3 {v0.2d, v1.2d, v2.2d}, [x1]; st3 {v0.2d, v1.2d, v2.2d}, [x3]"
    ret
END vector_structures

// The first word of one register is the second of memory.
ROUTINE wrong_data_structures
    ROUNDS 32, "ld2 {v0.2d, v1.2d}, [x1]; st1 {v0.2d, v1.2d}, [x3]"
    ret
END wrong_data_structures

ROUTINE vector_lanes
    ROUNDS 16, "ld1 {v0.d}[1], [x1]; add x5, x1, #8; ld1 {v0.d}[0], [x5]; st1 {v0.d}[1], [x3]; add x5, x3, #8; st1 {v0.d}[0], [x5]"
    ret
END vector_lanes

ROUTINE vector_replicated
    ROUNDS 8, "ld1r {v0.2d}, [x1]; str d0, [x3]"
    ret
END vector_replicated

ROUTINE vector_after_index
    ROUNDS 32, "mov x5, x1; mov x6, x3; mov x7, #16; ld1 {v0.2d}, [x5], #16; st1 {v0.2d}, [x6], x7; ld1 {v0.2d}, [x5]; st1 {v0.2d}, [x6]"
    ret
END vector_after_index

// Sixteen elements of a byte, each of which is stored by itself.
ROUTINE torn_element_bytes
    ROUNDS 16, "ld1 {v0.16b}, [x1]; st1 {v0.16b}, [x3]"
    ret
END torn_element_bytes

// ---- SVE ----

// Words under a predicate; EXTRA lanes more are stored at the end.
.macro SVE_WORDS extra
    HEAD
    lsr x5, x2, #3
    add x7, x5, #\extra
    cmp x5, #0
    csel x7, xzr, x7, eq
    mov x6, #0
1:  whilelo p0.d, x6, x5
    whilelo p1.d, x6, x7
    b.none 2f
    ld1d {z0.d}, p0/z, [x1, x6, lsl #3]
    st1d {z0.d}, p1, [x3, x6, lsl #3]
    incd x6
    b 1b
2:  add x1, x1, x5, lsl #3
    add x3, x3, x5, lsl #3
    TAIL
    ret
.endm

ROUTINE vector_sve_words
    SVE_WORDS 0
END vector_sve_words

ROUTINE vector_sve_words_over
    SVE_WORDS 1
END vector_sve_words_over

ROUTINE masked_store_sve
    SVE_WORDS 0
END masked_store_sve

.macro SVE_BYTES extra
    add x7, x2, #\extra
    mov x6, #0
1:  whilelo p0.b, x6, x2
    whilelo p1.b, x6, x7
    b.none 2f
    ld1b {z0.b}, p0/z, [x1, x6]
    st1b {z0.b}, p1, [x0, x6]
    incb x6
    b 1b
2:  ret
.endm

ROUTINE vector_sve_bytes
    SVE_BYTES 0
END vector_sve_bytes

ROUTINE vector_sve_bytes_over
    SVE_BYTES 1
END vector_sve_bytes_over

// Whole registers, whatever their size, then bytes.
ROUTINE vector_sve_registers
    cntb x5
    mov x3, x0
1:  cmp x2, x5
    b.lo 2f
    ldr z3, [x1]
    str z3, [x3]
    add x1, x1, x5
    add x3, x3, x5
    sub x2, x2, x5
    b 1b
2:  EACH 1, "ldrb w4, [x1]; strb w4, [x3]"
    ret
END vector_sve_registers

// ---- loads beyond, and requests of a device ----

// The aligned sixteen bytes that hold the source's last byte: never another
// page, often bytes that nobody asked for.
.macro OVER_READ
    cbz x2, 1f
    add x8, x1, x2
    sub x8, x8, #1
    and x8, x8, #-16
    ldr q0, [x8]
1:  BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    ret
.endm

ROUTINE over_read_aligned
    OVER_READ
END over_read_aligned

ROUTINE over_read_aligned_allowed
    OVER_READ
END over_read_aligned_allowed

// A request of 2, 4 or 8 bytes in one plain access, wherever it lies.
.macro REQUEST_WHOLE
    mov x3, x0
    cmp x2, #8
    b.eq 61f
    cmp x2, #4
    b.eq 62f
    cmp x2, #2
    b.ne 63f
    ELEMENT 2
    ret
61: ELEMENT 8
    ret
62: ELEMENT 4
    ret
63:
.endm

ROUTINE vector_store
    REQUEST_WHOLE
    ROUNDS 8, "ldr d0, [x1]; str d0, [x3]"
    ret
END vector_store

ROUTINE vector_store_quad
    REQUEST_WHOLE
    ROUNDS 16, "ldr q0, [x1]; str q0, [x3]"
    ret
END vector_store_quad

ROUTINE vector_load
    REQUEST_WHOLE
    ROUNDS 8, "ldr d0, [x1]; fmov x5, d0; str x5, [x3]"
    ret
END vector_load

ROUTINE nontemporal_store_pair
    REQUEST_WHOLE
    ROUNDS 16, "ldp x4, x5, [x1]; stnp x4, x5, [x3]"
    ret
END nontemporal_store_pair
