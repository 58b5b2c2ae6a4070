// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// void step_call(void)
//
// A breakpoint for the tracer, which sets the worker's registers as it needs them, and
// puts them back. What it traces returns to step_landed.

        .text
        .globl step_call, step_landed
        .hidden step_landed
        .type step_call, %function
step_call:
        .cfi_startproc
        brk #0x5353
step_landed:
        nop
        ret
        .cfi_endproc
        .size step_call, . - step_call

        .section .note.GNU-stack, "", %progbits
