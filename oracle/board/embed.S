// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The plugin, which is part of this program, so that it needs no files at run time.

    .section .rodata
    .globl embedded_board_plugin, embedded_board_plugin_bytes
    .p2align 4
embedded_board_plugin:
    .incbin PLUGIN_PATH
1:
    .p2align 3
embedded_board_plugin_bytes:
    .quad 1b - embedded_board_plugin

    .section .note.GNU-stack, "", @progbits
