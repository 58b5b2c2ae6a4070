// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files in assembly share: Intel syntax, a function's frame, and the
// marks of a library that needs no executable stack and keeps indirect branch
// tracking on where it was asked for (-fcf-protection).

// clang-format off

    .intel_syntax noprefix
    .section .note.GNU-stack, "", @progbits

#ifdef __CET__
#include <cet.h>
#else
#define _CET_ENDBR
#endif

    .text

.macro FUNCTION name
    .balign 64
    .globl \name
    .type \name, @function
\name:
    .cfi_startproc
    _CET_ENDBR
.endm

.macro END name
    .cfi_endproc
    .size \name, . - \name
.endm

// Of struct storecopy_strings, choose.h.
#define STRINGS_FROM 0
#define STRINGS_TO 8
#define STRINGS_ALIGN 16
