// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines that do not come back: faults of every kind and endless loops, each
// for one size alone; and twins that do come back.

#include "backends/planted/planted_asm_aarch64.h"

// Any other size than N is copied as it should be.
.macro EXCEPT_AT n
    cmp x2, #\n
    b.ne planted_copy_words
.endm

ROUTINE copy_words
    HEAD
    PLAIN_WORDS
    TAIL
    ret
END copy_words

ROUTINE crash_null_store
    EXCEPT_AT 100
    mov x8, #0
    strb wzr, [x8]
    b planted_copy_words
END crash_null_store

ROUTINE crash_null_load
    EXCEPT_AT 100
    ldr x8, [x1]
    str x8, [x0]
    mov x8, #0
    ldr x8, [x8, #8]
    ret
END crash_null_load

// Neither in the lower nor in the upper range of virtual addresses.
ROUTINE crash_non_canonical
    EXCEPT_AT 100
    mov x8, #0x0080000000000000
    ldr x8, [x8]
    ret
END crash_non_canonical

ROUTINE crash_undefined
    EXCEPT_AT 100
    udf #0
END crash_undefined

// Exclusives take no address that is not aligned; here none within sixteen bytes either,
// which some CPUs would take.
ROUTINE crash_alignment
    cmp x2, #16
    b.ne planted_copy_words
    add x3, x0, #8
    ldxr x4, [x3]
    clrex
    b planted_copy_words
END crash_alignment

ROUTINE crash_jump_to_null
    EXCEPT_AT 100
    mov x8, #0
    br x8
END crash_jump_to_null

ROUTINE crash_stack_overflow
    EXCEPT_AT 100
1:  stp x29, x30, [sp, #-496]!
    bl 1b
END crash_stack_overflow

// Loads on from the source until a page without access.
ROUTINE crash_load_past_page
    EXCEPT_AT 100
1:  ldrb w8, [x1], #1
    b 1b
END crash_load_past_page

// Stores on from the destination until a page without access.
ROUTINE crash_store_past_page
    EXCEPT_AT 100
1:  strb wzr, [x0], #1
    b 1b
END crash_store_past_page

// A stray byte first; both are to be told.
ROUTINE crash_after_stray_store
    EXCEPT_AT 100
    strb wzr, [x0, x2]
    udf #0
END crash_after_stray_store

// What is stored twice before a fault is no finding of its own.
ROUTINE crash_after_duplicate
    EXCEPT_AT 100
    strb wzr, [x0]
    strb wzr, [x0]
    udf #0
END crash_after_duplicate

ROUTINE timeout_storing
    EXCEPT_AT 24
1:  ldr x8, [x1]
    str x8, [x0]
    b 1b
END timeout_storing

ROUTINE timeout_loading
    EXCEPT_AT 24
1:  ldr x8, [x1]
    b 1b
END timeout_loading

ROUTINE timeout_spinning
    EXCEPT_AT 24
1:  b 1b
END timeout_spinning

// Waits for a word of the source to change, which no one does.
ROUTINE timeout_waiting
    EXCEPT_AT 24
    ldr x8, [x1]
1:  ldaxr x9, [x1]
    cmp x8, x9
    b.eq 1b
    b planted_copy_words
END timeout_waiting

// Waits for a while, and then does its work.
ROUTINE timeout_ok
    mov w8, #2000
1:  subs w8, w8, #1
    b.ne 1b
    b planted_copy_words
END timeout_ok
