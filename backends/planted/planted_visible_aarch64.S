// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// In the program all of these store in order; what differs is what another CPU may
// see first. And a ring's entry, whose last word tells that the rest is there. Requests
// are whole words.

#include "backends/planted/planted_asm_aarch64.h"

// Words, BARRIER before each store but the first.
.macro BARRIERS barrier:req
    mov x3, x0
    cbz x2, 2f
    b 3f
1:  \barrier
3:  ldr x4, [x1], #8
    str x4, [x3], #8
    subs x2, x2, #8
    b.ne 1b
2:  ret
.endm

ROUTINE unordered_store
    BARRIERS "nop"
END unordered_store

// Waits for loads alone.
ROUTINE unordered_store_dmb_ld
    BARRIERS "dmb ishld"
END unordered_store_dmb_ld

// Does not reach other CPUs.
ROUTINE unordered_store_dmb_nsh
    BARRIERS "dmb nshst"
END unordered_store_dmb_nsh

// Orders what is fetched, not what is stored.
ROUTINE unordered_store_isb
    BARRIERS "isb"
END unordered_store_isb

ROUTINE visible_dmb_st
    BARRIERS "dmb ishst"
END visible_dmb_st

ROUTINE visible_dmb
    BARRIERS "dmb ish"
END visible_dmb

ROUTINE visible_dsb
    BARRIERS "dsb st"
END visible_dsb

// Words from x1 to x3, each by BODY.
.macro WORDS body:req
    mov x3, x0
    EACH 8, "\body"
    ret
.endm

ROUTINE visible_release
    WORDS "ldr x4, [x1]; stlr x4, [x3]"
END visible_release

ROUTINE visible_release_unscaled
    WORDS "ldr x4, [x1]; .inst 0xd9000064" // stlur x4, [x3]
END visible_release_unscaled

// A release comes after what is before it, and before nothing.
ROUTINE unordered_store_release_first
    mov x3, x0
    cbz x2, 1f
    ldr x4, [x1], #8
    stlr x4, [x3]
    add x3, x3, #8
    sub x2, x2, #8
    EACH 8, "ldr x4, [x1]; str x4, [x3]"
1:  ret
END unordered_store_release_first

// Both stores of a pair are one instruction's, whatever comes between pairs.
.macro PAIRS body:req
    mov x3, x0
    EACH 16, "\body"
    cbz x2, 1f
    ldr x4, [x1]
    str x4, [x3]
1:  ret
.endm

ROUTINE unordered_store_pair
    PAIRS "ldp x4, x5, [x1]; stp x4, x5, [x3]; dmb ishst"
END unordered_store_pair

ROUTINE visible_pair_in_two
    PAIRS "ldp x4, x5, [x1]; str x4, [x3]; dmb ishst; str x5, [x3, #8]; dmb ishst"
END visible_pair_in_two

ROUTINE unordered_store_quad
    PAIRS "ldr q0, [x1]; str q0, [x3]; dmb ishst"
END unordered_store_quad

ROUTINE unordered_store_across_word
    mov x3, x0
    ldr x4, [x1]
    str x4, [x3]
    ret
END unordered_store_across_word

ROUTINE visible_within_word
    mov x3, x0
    ldr x4, [x1]
    str x4, [x3]
    ret
END visible_within_word

// ---- a ring's entry, of words ----

// All but the last word, which may be seen in any order; then x1 and x3 are at it.
.macro PAYLOAD
    mov x3, x0
1:  cmp x2, #16
    b.lo 2f
    ldr x4, [x1], #8
    str x4, [x3], #8
    sub x2, x2, #8
    b 1b
2:
.endm

.macro RING last:req
    PAYLOAD
    ldr x4, [x1]
    \last
    ret
.endm

ROUTINE ring_dmb
    RING "dmb ishst; str x4, [x3]"
END ring_dmb

ROUTINE ring_release
    RING "stlr x4, [x3]"
END ring_release

ROUTINE ring_exclusive
    RING "3: ldxr x5, [x3]; stlxr w6, x4, [x3]; cbnz w6, 3b"
END ring_exclusive

ROUTINE ring_swap
    RING "swpl x4, x5, [x3]"
END ring_swap

ROUTINE ring_compare
    RING "ldr x5, [x3]; casl x5, x4, [x3]"
END ring_compare

ROUTINE unordered_store_ring
    RING "str x4, [x3]"
END unordered_store_ring

ROUTINE unordered_store_ring_dmb_ld
    RING "dmb ishld; str x4, [x3]"
END unordered_store_ring_dmb_ld

// The release is told to the store before the last.
ROUTINE unordered_store_ring_release_early
    mov x3, x0
1:  cmp x2, #16
    b.lo 2f
    ldr x4, [x1], #8
    stlr x4, [x3]
    add x3, x3, #8
    sub x2, x2, #8
    b 1b
2:  ldr x4, [x1]
    str x4, [x3]
    ret
END unordered_store_ring_release_early

ROUTINE unordered_store_ring_exclusive
    RING "3: ldaxr x5, [x3]; stxr w6, x4, [x3]; cbnz w6, 3b"
END unordered_store_ring_exclusive

ROUTINE unordered_store_ring_swap
    RING "swpa x4, x5, [x3]"
END unordered_store_ring_swap

ROUTINE unordered_store_ring_compare
    RING "ldr x5, [x3]; casa x5, x4, [x3]"
END unordered_store_ring_compare

// The last two words by one instruction.
ROUTINE unordered_store_ring_pair
    mov x3, x0
1:  cmp x2, #24
    b.lo 2f
    ldr x4, [x1], #8
    str x4, [x3], #8
    sub x2, x2, #8
    b 1b
2:  ldp x4, x5, [x1]
    dmb ishst
    stp x4, x5, [x3]
    ret
END unordered_store_ring_pair

ROUTINE ring_in_pairs
    PAYLOAD
    ldr x4, [x1]
    str w4, [x3]
    lsr x4, x4, #32
    strh w4, [x3, #4]
    dmb ishst
    lsr w4, w4, #16
    strh w4, [x3, #6]
    ret
END ring_in_pairs

ROUTINE unordered_store_ring_in_bytes
    PAYLOAD
    ldr x4, [x1]
    str w4, [x3]
    lsr x4, x4, #32
    strh w4, [x3, #4]
    lsr w4, w4, #16
    strb w4, [x3, #6]
    dmb ishst
    lsr w4, w4, #8
    strb w4, [x3, #7]
    ret
END unordered_store_ring_in_bytes

// The word that gives the entry away comes first.
ROUTINE unordered_store_ring_first
    sub x5, x2, #8
    ldr x4, [x1, x5]
    str x4, [x0, x5]
    dmb ishst
    mov x3, x0
1:  cbz x5, 2f
    ldr x4, [x1], #8
    str x4, [x3], #8
    sub x5, x5, #8
    b 1b
2:  ret
END unordered_store_ring_first

// ---- who takes it ----

// The last word by LAST into x4, then BARRIER, then the others.
.macro TAKE last:req, barrier:req
    sub x5, x2, #8
    add x6, x1, x5
    \last
    \barrier
    mov x3, x0
1:  cbz x5, 2f
    ldr x7, [x1], #8
    str x7, [x3], #8
    sub x5, x5, #8
    b 1b
2:  str x4, [x3]
    ret
.endm

ROUTINE ring_reader
    TAKE "ldr x4, [x6]", "dmb ishld"
END ring_reader

ROUTINE ring_reader_acquire
    TAKE "ldar x4, [x6]", "nop"
END ring_reader_acquire

ROUTINE ring_reader_acquire_weak
    TAKE "ldapr x4, [x6]", "nop"
END ring_reader_acquire_weak

ROUTINE unordered_load_ring_plain
    TAKE "ldr x4, [x6]", "nop"
END unordered_load_ring_plain

ROUTINE unordered_load_ring_dmb_st
    TAKE "ldr x4, [x6]", "dmb ishst"
END unordered_load_ring_dmb_st

ROUTINE unordered_load_ring
    RING "dmb ish; str x4, [x3]"
END unordered_load_ring

.macro LOADS load:req, barrier:req
    mov x3, x0
    cbz x2, 2f
1:  \load
    \barrier
    str x4, [x3], #8
    add x1, x1, #8
    subs x2, x2, #8
    b.ne 1b
2:  ret
.endm

ROUTINE unordered_load
    LOADS "ldr x4, [x1]", "nop"
END unordered_load

ROUTINE unordered_load_dmb_st
    LOADS "ldr x4, [x1]", "dmb ishst"
END unordered_load_dmb_st

ROUTINE unordered_load_pair
    PAIRS "ldp x4, x5, [x1]; dmb ishld; str x4, [x3]; str x5, [x3, #8]"
END unordered_load_pair

ROUTINE loads_in_order
    LOADS "ldr x4, [x1]", "dmb ishld"
END loads_in_order

ROUTINE loads_acquire
    LOADS "ldar x4, [x1]", "nop"
END loads_acquire
