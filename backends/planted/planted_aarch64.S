// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

    .section .note.GNU-stack, "", %progbits
