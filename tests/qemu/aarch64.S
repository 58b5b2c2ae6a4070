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

        // By byte, whatever its elements are elsewhere.
        routine sve_whole
        ldp     x3, x4, [x1]
        dup     z0.d, x4
        insr    z0.d, x3
        str     z0, [x0]
        done

        routine sve_predicate
        ptrue   p0.b
        str     p0, [x0]
        done

        routine sve_nontemporal
        ptrue   p0.b, vl16
        ldr     q0, [x1]
        stnt1w  {z0.s}, p0, [x0]
        done

        // Two structures of a word from each of two registers.
        routine sve_structures
        ldp     w3, w4, [x1]
        ldp     w5, w6, [x1, #8]
        dup     z0.s, w5
        dup     z1.s, w6
        insr    z0.s, w3
        insr    z1.s, w4
        ptrue   p0.s, vl2
        st2w    {z0.s, z1.s}, p0, [x0]
        done

        // Bytes of doublewords.
        routine sve_narrow
        ldr     x3, [x1]
        dup     z0.d, x3
        ptrue   p0.d, vl2
        st1b    {z0.d}, p0, [x0]
        done

        routine sve_scatter
        ldr     x3, [x1]
        dup     z0.d, x3
        index   z1.d, #0, #0
        ptrue   p0.d, vl2
        st1d    {z0.d}, p0, [x0, z1.d]
        done

        // The block that DC ZVA clears may reach beyond the request.
        routine clear_block
        dc      zva, x0
        done

        .section .note.GNU-stack, "", %progbits
