// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// AArch64: accesses of one instruction, and which of them the architecture keeps
// whole. Each copies 16 bytes, and nothing for other sizes.

        .macro  routine name
        .globl  \name
        .type   \name, %function
        .p2align 4
\name:
        cmp     x2, #16
        b.ne    9f
        .endm

        .macro  done
9:      ret
        .endm

        .text
        routine pair_of_words
        ldp     w3, w4, [x1]
        ldp     w5, w6, [x1, #8]
        stp     w3, w4, [x0]
        stp     w5, w6, [x0, #8]
        done

        routine pair_of_doublewords
        ldp     x3, x4, [x1]
        stp     x3, x4, [x0]
        done

        routine quadword
        ldr     q0, [x1]
        str     q0, [x0]
        done

        routine elements_of_bytes
        ld1     {v0.16b}, [x1]
        st1     {v0.16b}, [x0]
        done

        routine elements_of_words
        ld1     {v0.4s}, [x1]
        st1     {v0.4s}, [x0]
        done

        routine exclusive
        ldr     x3, [x1]
        ldr     x5, [x1, #8]
1:      ldxr    x4, [x0]
        stxr    w6, x3, [x0]
        cbnz    w6, 1b
        str     x5, [x0, #8]
        done

        routine nontemporal
        ldnp    x3, x4, [x1]
        stnp    x3, x4, [x0]
        done

        .arch   armv8-a+sve
        routine sve_bytes
        ptrue   p0.b, vl16
        ld1b    {z0.b}, p0/z, [x1]
        st1b    {z0.b}, p0, [x0]
        done

        routine sve_twice
        ptrue   p0.b, vl16
        ld1b    {z0.b}, p0/z, [x1]
        st1b    {z0.b}, p0, [x0]
        st1b    {z0.b}, p0, [x0]
        done

        routine sve_behind
        ptrue   p0.b, vl16
        ld1b    {z0.b}, p0/z, [x1]
        st1b    {z0.b}, p0, [x0]
        add     x3, x0, #1
        st1b    {z0.b}, p0, [x3]
        st1b    {z0.b}, p0, [x0]
        done

        // Keeps the bytes behind as they are.
        routine sve_keep_behind
        ptrue   p0.b, vl16
        ld1b    {z0.b}, p0/z, [x1]
        add     x3, x0, #16
        ld1b    {z1.b}, p0/z, [x3]
        st1b    {z0.b}, p0, [x0]
        st1b    {z1.b}, p0, [x3]
        done

        // Of all elements that one instruction stores, one crosses a page's end.
        routine sve_doublewords
        ptrue   p0.d, vl2
        ld1d    {z0.d}, p0/z, [x1]
        st1d    {z0.d}, p0, [x0]
        done

        routine sve_then_scalar
        ptrue   p0.b, vl16
        ld1b    {z0.b}, p0/z, [x1]
        st1b    {z0.b}, p0, [x0]
        ldr     x3, [x1, #8]
        str     x3, [x0, #8]
        st1b    {z0.b}, p0, [x0]
        done

        .section .note.GNU-stack, "", %progbits
