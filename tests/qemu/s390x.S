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

        // In an overlapping move the second of these changes nothing.
        routine by_stack_twice
        aghi    %r15, -192
        mvc     160(16,%r15), 0(%r3)
        mvc     0(16,%r2), 160(%r15)
        mvc     0(16,%r2), 160(%r15)
        aghi    %r15, 192
        done

        routine by_stack_once
        aghi    %r15, -192
        mvc     160(16,%r15), 0(%r3)
        mvc     0(16,%r2), 160(%r15)
        aghi    %r15, 192
        done

        // Keeps the byte behind as it is.
        routine keep_behind
        aghi    %r15, -192
        mvc     160(1,%r15), 16(%r2)
        mvc     0(16,%r2), 0(%r3)
        mvc     16(1,%r2), 160(%r15)
        aghi    %r15, 192
        done

        routine move_executed
        lghi    %r1, 15
        exrl    %r1, 8f
        j       9f
8:      mvc     0(1,%r2), 0(%r3)
        done

        routine move_long
        lgr     %r0, %r2
        lghi    %r1, 16
        lgr     %r4, %r3
        lghi    %r5, 16
8:      mvcle   %r0, %r4, 0
        jo      8b
        done

        // The first byte, and then each from the one before.
        routine fill
        mvc     0(1,%r2), 0(%r3)
        mvc     1(15,%r2), 0(%r2)
        done

        routine clear_and_or
        xc      0(16,%r2), 0(%r2)
        oc      0(16,%r2), 0(%r3)
        done

        .section .note.GNU-stack, "", @progbits
