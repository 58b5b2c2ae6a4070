// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Stores that have to be drained before the routine returns: to write-combining memory,
// and to persistent memory.

#include "backends/planted/planted_asm_aarch64.h"

// Plain words; DRAIN is what follows the last store.
.macro DRAINED drain:req
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    \drain
    ret
.endm

ROUTINE unfenced_store_plain
    DRAINED "nop"
END unfenced_store_plain

ROUTINE unfenced_store_plain_ok
    DRAINED "dsb st"
END unfenced_store_plain_ok

ROUTINE drain_dmb
    DRAINED "dmb oshst"
END drain_dmb

ROUTINE drain_dsb
    DRAINED "dsb sy"
END drain_dsb

// Waits for loads alone.
ROUTINE unfenced_store_dmb_ld
    DRAINED "dmb oshld"
END unfenced_store_dmb_ld

ROUTINE unfenced_store_isb
    DRAINED "isb"
END unfenced_store_isb

// Pairs past the caches, words around them.
.macro NO_ALLOCATE
    HEAD
    EACH 16, "ldnp x4, x5, [x1]; stnp x4, x5, [x3]"
    PLAIN_WORDS
.endm

ROUTINE unfenced_store
    NO_ALLOCATE
    TAIL
    ret
END unfenced_store

ROUTINE drain_no_allocate
    NO_ALLOCATE
    TAIL
    dmb oshst
    ret
END drain_no_allocate

// The barrier comes before the last bytes.
ROUTINE unfenced_store_early
    NO_ALLOCATE
    dsb st
    TAIL
    ret
END unfenced_store_early

// Plain words, then every line of the destination by FLUSH, but for those that begin in
// the last SKIPPED bytes, then DRAIN. The line is at x6.
.macro PERSISTENT flush:req, drain:req, skipped=0
    mov x5, x2
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    cbz x5, 2f
    and x6, x0, #-64
    add x7, x0, x5
    sub x7, x7, #\skipped
1:  cmp x6, x7
    b.hs 2f
    \flush
    add x6, x6, #64
    b 1b
2:  \drain
    ret
.endm

ROUTINE flush_cvac
    PERSISTENT "dc cvac, x6", "dsb sy"
END flush_cvac

ROUTINE flush_civac
    PERSISTENT "dc civac, x6", "dsb ish"
END flush_civac

ROUTINE flush_cvap
    PERSISTENT "dc cvap, x6", "dsb sy"
END flush_cvap

ROUTINE unflushed_store
    PERSISTENT "nop", "dsb sy"
END unflushed_store

// The line of the last bytes is left out where they begin a new one.
ROUTINE unflushed_store_last_line
    PERSISTENT "dc cvac, x6", "dsb sy", 8
END unflushed_store_last_line

ROUTINE unflushed_store_unfenced_cvac
    PERSISTENT "dc cvac, x6", "nop"
END unflushed_store_unfenced_cvac

// To where instructions are fetched from, which says nothing of memory.
ROUTINE unflushed_store_cvau
    PERSISTENT "dc cvau, x6", "dsb sy"
END unflushed_store_cvau

// Flushed before it is stored.
ROUTINE unflushed_store_too_early
    cbz x2, 1f
    dc cvac, x0
    add x6, x0, x2
    sub x6, x6, #1
    dc cvac, x6
1:  BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    dsb sy
    ret
END unflushed_store_too_early
