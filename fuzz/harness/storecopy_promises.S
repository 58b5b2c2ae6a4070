// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The texts that promised_contracts.c reads, so that a target needs no file when it
// runs. Paths are from the project's root.

.macro TEXT name, path
    .globl \name, \name\()_end
    .hidden \name, \name\()_end
\name:
    .incbin "\path"
\name\()_end:
    .byte 0
.endm

    .section .rodata
    TEXT storecopy_promises, "tests/engine/contracts.tsv"
    TEXT contract_whole, "tests/contracts/whole.contract"
    TEXT contract_whole_aligned, "tests/contracts/whole-aligned.contract"
    TEXT contract_bus16, "tests/contracts/bus16.contract"
    TEXT contract_bus8, "tests/contracts/bus8.contract"
    TEXT contract_fifo16, "tests/contracts/fifo16.contract"
    TEXT contract_fifo8, "tests/contracts/fifo8.contract"

    .section .note.GNU-stack, "", @progbits
