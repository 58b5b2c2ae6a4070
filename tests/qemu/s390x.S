# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# s390x: QEMU does not report what mvc does. Each copies 16 bytes, and nothing for
# other sizes.

        .macro  routine name
        .globl  \name
        .type   \name, @function
        .p2align 3
\name:
        cghi    %r4, 16
        jne     9f
        .endm

        .macro  done
9:      br      %r14
        .endm

        .text
        routine move_once
        mvc     0(16,%r2), 0(%r3)
        done

        routine move_twice
        mvc     0(16,%r2), 0(%r3)
        mvc     0(16,%r2), 0(%r3)
        done

        routine move_then_store
        lg      %r1, 8(%r3)
        mvc     0(16,%r2), 0(%r3)
        stg     %r1, 8(%r2)
        done

        routine move_behind
        mvc     0(16,%r2), 0(%r3)
        mvc     16(1,%r2), 0(%r3)
        done

        .section .note.GNU-stack, "", @progbits
