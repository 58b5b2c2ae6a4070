// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

    .macro embed name, path
    .globl embedded_\name, embedded_\name\()_bytes
    .p2align 4
embedded_\name:
    .incbin "\path"
9:
    .p2align 3
embedded_\name\()_bytes:
    .quad 9b - embedded_\name
    .endm

    .section .rodata
    embed runner, RUNNER_PATH
    embed mailbox, MAILBOX_PATH
    embed plugin, PLUGIN_PATH

    .section .note.GNU-stack, "", @progbits
