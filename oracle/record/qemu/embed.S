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
    embed kept, KEPT_PATH
    embed plugin, PLUGIN_PATH

    // storecopy's sources, each a row of embedded_engine.
    .macro engine name
    .section .rodata
1:  .asciz "\name"
2:  .incbin "\name"
3:
    .section .data.rel.ro, "aw"
    .quad 1b, 2b, 3b - 2b
    .endm

    .section .data.rel.ro, "aw"
    .p2align 3
    .globl embedded_engine
embedded_engine:
    engine access.h
    engine assembly.h
    engine check.h
    engine choose.h
    engine lines.h
    engine paths.h
    engine storecopy_rows.h
    engine set_steps.h
    engine shared_steps.h
    engine storecopy.h
    engine choose.c
    engine device.c
    engine ordered.c
    engine pmem.c
    engine qemu_ram.c
    engine storecopy_rows.c
    engine shared_portable.c
    engine storecopy.c
    engine wc.c
    .quad 0, 0, 0

    .section .note.GNU-stack, "", @progbits
