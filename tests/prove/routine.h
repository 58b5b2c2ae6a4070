// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What files of routines for the prover share: Intel syntax, and where a routine begins.

// clang-format off

    .intel_syntax noprefix
    .text

    .macro routine name
    .globl memcpy_\name
    .type memcpy_\name, @function
    .p2align 4
memcpy_\name:
    .endm
