// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies of AArch64 that leave out the last byte where what an instruction computes, or the flags
// it leaves, say so: by what a prover is likely to have wrong. Some conditions are never true.

// clang-format off
    .text

    .macro routine name
    .globl memcpy_\name
    .type memcpy_\name, %function
    .p2align 2
memcpy_\name:
    cbz x2, 9f
    .endm

    .macro ends name
    mov x3, x0
    cbz x2, 9f
8:  ldrb w4, [x1], 1
    strb w4, [x3], 1
    subs x2, x2, 1
    b.ne 8b
9:  ret
    .size memcpy_\name, .-memcpy_\name
    .endm

// One byte less where the condition holds.
    .macro less name, condition
    cset x5, \condition
    sub x2, x2, x5
    ends \name
    .endm

// ... where x5 is that.
    .macro less_at name, value
    ldr x6, =\value
    cmp x5, x6
    less \name, eq
    .ltorg
    .endm

// One byte less where a conditional branch is taken.
    .macro taken name
    sub x2, x2, 1
7:  ends \name
    .endm

// ---- flags ----

    .irp condition, hs, lo, hi, ls, ge, lt, gt, le, mi, pl, eq, ne
    routine compare_\condition
    cmp x2, 7
    less compare_\condition, \condition

    routine compare_words_\condition
    sub w5, w2, 7
    cmp w5, 3
    less compare_words_\condition, \condition

    routine negative_\condition
    mov x5, -3
    add x5, x5, x2
    cmp x5, 5
    less negative_\condition, \condition

    routine if_not_\condition
    cmp x2, 9
    ccmp x2, 4, 0, \condition
    less if_not_\condition, \condition

    routine if_zero_\condition
    cmp x2, 4
    ccmp x2, 11, 4, \condition
    less if_zero_\condition, hi

    routine if_carry_\condition
    cmp x2, 6
    ccmp x2, 3, 2, \condition
    less if_carry_\condition, hi

    routine if_sign_\condition
    cmp x2, 5
    ccmp x2, x2, 9, \condition
    less if_sign_\condition, ge

    routine sub_keeps_\condition
    subs x5, x2, 5
    add x5, x5, 9
    and x5, x5, 3
    less sub_keeps_\condition, \condition
    .endr

    .irp condition, hs, lo, hi, ls, eq, ne, mi, pl
    routine sum_\condition
    mov w6, -7
    adds w5, w2, w6
    less sum_\condition, \condition

    routine sum_wide_\condition
    mov x6, -7
    cmn x6, x2
    less sum_wide_\condition, \condition
    .endr

// No carry follows from logic, as it does not from x86's.
    .irp condition, eq, ne, ls, lo, gt, le
    routine test_\condition
    tst x2, 6
    less test_\condition, \condition
    .endr
    routine test_carry_ok
    tst x2, 6
    less test_carry_ok, hs

    routine overflow_ok
    tst x2, 6
    less overflow_ok, vs

    routine bits_flags
    mov w6, 12
    bics w5, w2, w6
    less bits_flags, eq

// ---- halves of registers ----

    routine upper_cleared
    mov x5, -1
    add w5, w5, w2
    less_at upper_cleared, 4

    routine upper_cleared_ok
    mov x5, -1
    add w5, w5, w2
    less_at upper_cleared_ok, -1

    routine move_cleared
    mov x5, -1
    mov w5, w5
    sub x5, x5, x2
    less_at move_cleared, 0xfffffff9

    routine extended
    sub w5, w2, 7
    sxtw x5, w5
    less_at extended, -3

    routine not_extended_ok
    sub w5, w2, 7
    less_at not_extended_ok, -3

    routine extended_sum
    sub w5, w2, 7
    add x5, x2, w5, sxtw 1
    less_at extended_sum, -5

    routine zero_extended_sum
    sub w5, w2, 7
    add x5, x2, w5, uxtw
    less_at zero_extended_sum, 0x100000001

    routine extended_byte
    add w5, w2, 120
    sxtb x5, w5
    less_at extended_byte, -127

    routine byte_sum
    add w5, w2, 250
    add x5, x2, w5, uxtb
    less_at byte_sum, 16

    routine half_difference
    sub w5, w2, 4
    sub x5, x2, w5, uxth 2
    less_at half_difference, 1

// ---- shifts and fields ----

    routine shift_by_more
    mov x6, 65
    lsl x5, x2, x6
    less_at shift_by_more, 10

    routine shift_words_by_more
    mov x6, 33
    lsl w5, w2, w6
    less_at shift_words_by_more, 10

    routine shift_by_size
    and x6, x2, 3
    mov x5, 1
    lsl x5, x5, x6
    less_at shift_by_size, 8

    routine shift_signed
    sub x5, x2, 9
    asr x5, x5, 2
    less_at shift_signed, -2

    routine shift_unsigned
    sub w5, w2, 9
    lsr w5, w5, 28
    less_at shift_unsigned, 15

    routine shift_word_out
    lsl w5, w2, 30
    less_at shift_word_out, 0x40000000

    routine shifted_operand
    add x5, x2, x2, lsl 3
    less_at shifted_operand, 45

    routine shifted_signed_operand
    sub x6, x2, 9
    sub x5, x2, x6, asr 1
    less_at shifted_signed_operand, 7

    routine field_unsigned
    ubfx x5, x2, 1, 2
    less_at field_unsigned, 3

    routine field_signed
    sbfx x5, x2, 1, 2
    less_at field_signed, -1

    routine field_moved
    ubfiz x5, x2, 4, 2
    less_at field_moved, 48

    routine field_moved_signed
    sbfiz x5, x2, 4, 2
    less_at field_moved_signed, -16

    routine field_of_word
    sbfx w5, w2, 2, 1
    less_at field_of_word, 0xffffffff

// ---- bits ----

    routine mask
    and x5, x2, 6
    less_at mask, 4

    routine mask_inverted
    and x5, x2, -4
    less_at mask_inverted, 8

    routine mask_of_address
    and x5, x0, 7
    less_at mask_of_address, 3

    routine mask_repeated
    and w5, w2, 0x55555555
    less_at mask_repeated, 5

    routine clear_bits
    mov x6, 3
    bic x5, x2, x6
    less_at clear_bits, 4

    routine or_inverted
    mov x6, -4
    orn x5, x2, x6
    less_at or_inverted, 11

    routine or_bits
    orr x5, x2, 3
    less_at or_bits, 7

    routine xor_bits
    eor x5, x2, 7
    less_at xor_bits, 5

    routine xor_inverted
    mov x6, 7
    eon x5, x2, x6
    less_at xor_inverted, -6

    routine inverted
    mvn w5, w2
    less_at inverted, 0xfffffffc

    routine low_half
    mov x5, -1
    movk x5, 7, lsl 16
    add x5, x5, x2
    less_at low_half, -0xfff7fffb

    routine moved_not
    movn w5, 6
    add w5, w5, w2
    less_at moved_not, 1

// ---- choices ----

    routine choose
    cmp x2, 5
    csel x5, x2, x0, hi
    less_at choose, 7

    routine choose_more
    cmp x2, 5
    csinc x5, xzr, x2, hi
    less_at choose_more, 4

    routine choose_inverted
    cmp x2, 5
    csinv x5, xzr, x2, hi
    less_at choose_inverted, -4

    routine choose_negative
    cmp x2, 5
    csneg x5, xzr, x2, hi
    less_at choose_negative, -4

    routine choose_word
    mov x5, -1
    cmp x2, 5
    csel w5, w5, w2, hi
    less_at choose_word, 0xffffffff

    routine on_bit
    tbz x2, 2, 7f
    taken on_bit

    routine on_no_bit
    tbnz w2, 0, 7f
    taken on_no_bit

    routine on_top_bit
    sub x5, x2, 4
    tbz x5, 63, 7f
    taken on_top_bit

    routine on_word
    mov x5, 0x100000000
    sub x5, x5, 5
    add x5, x5, x2
    cbnz w5, 7f
    taken on_word

    routine product
    mov x6, 3
    madd x5, x2, x6, x2
    less_at product, 20

    routine product_less
    mov x6, 3
    msub x5, x2, x6, x2
    less_at product_less, -10

    routine jump_by_table
    and x5, x2, 3
    adr x6, 1f
    add x6, x6, x5, lsl 2
    br x6
1:  b 7f
    b 2f
    b 7f
    b 7f
2:  taken jump_by_table

    routine calls
    mov x7, x30
    bl 3f
    mov x30, x7
    less calls, hs
3:  cmp x2, 11
    ret

// ---- addresses ----

    routine by_pairs_ok
    mov x3, x0
    subs x2, x2, 16
    b.lo 2f
1:  ldp x4, x5, [x1], 16
    stp x4, x5, [x3], 16
    subs x2, x2, 16
    b.hs 1b
2:  adds x2, x2, 16
    b.eq 9f
8:  ldrb w4, [x1], 1
    strb w4, [x3], 1
    subs x2, x2, 1
    b.ne 8b
9:  ret
    .size memcpy_by_pairs_ok, .-memcpy_by_pairs_ok

    routine before_index
    sub x1, x1, 1
    sub x3, x0, 1
    add x5, x1, x2
    cmp x2, 9
    cinc x3, x3, eq
8:  ldrb w4, [x1, 1]!
    strb w4, [x3, 1]!
    cmp x1, x5
    b.ne 8b
9:  ret
    .size memcpy_before_index, .-memcpy_before_index

    routine before_index_ok
    sub x1, x1, 1
    sub x3, x0, 1
    add x5, x1, x2
8:  ldrb w4, [x1, 1]!
    strb w4, [x3, 1]!
    cmp x1, x5
    b.ne 8b
9:  ret
    .size memcpy_before_index_ok, .-memcpy_before_index_ok

    routine from_end_ok
    add x1, x1, x2
    add x3, x0, x2
    neg w5, w2
8:  ldrb w4, [x1, w5, sxtw]
    strb w4, [x3, w5, sxtw]
    adds w5, w5, 1
    b.ne 8b
9:  ret
    .size memcpy_from_end_ok, .-memcpy_from_end_ok

    routine vectors_ok
    cmp x2, 32
    b.ne 7f
    ld1 {v0.16b, v1.16b}, [x1]
    st1 {v0.16b, v1.16b}, [x0]
    ret
7:  ends vectors_ok

    routine vectors_changed
    cmp x2, 32
    b.ne 7f
    ldp q0, q1, [x1]
    stp q1, q0, [x0]
    ret
7:  ends vectors_changed

    routine signed_load
    cmp x2, 4
    b.ne 7f
    ldrsb w4, [x1]
    ldrh w5, [x1, 2]
    strh w4, [x0]
    strh w5, [x0, 2]
    ret
7:  ends signed_load

    routine kept_register
    mov x19, x2
    ends kept_register

    routine kept_vector
    ldr b8, [x1]
    ends kept_vector

    routine stacked_ok
    stp x29, x30, [sp, -32]!
    str x19, [sp, 16]
    mov x19, x0
    mov x3, x0
8:  ldrb w4, [x1], 1
    strb w4, [x3], 1
    subs x2, x2, 1
    b.ne 8b
    mov x0, x19
    ldr x19, [sp, 16]
    ldp x29, x30, [sp], 32
9:  ret
    .size memcpy_stacked_ok, .-memcpy_stacked_ok

    routine stacked_wrong
    stp x19, x20, [sp, -16]!
    mov x19, x2
    ldp x20, x19, [sp], 16
    ends stacked_wrong
// ---- order ----

    routine released
    mov x3, x0
8:  ldarb w4, [x1]
    add x1, x1, 1
    stlrb w4, [x3]
    add x3, x3, 1
    subs x2, x2, 1
    b.ne 8b
9:  ret
    .size memcpy_released, .-memcpy_released

    routine fenced
    mov x3, x0
8:  ldrb w4, [x1], 1
    strb w4, [x3], 1
    dmb ishst
    subs x2, x2, 1
    b.ne 8b
9:  ret
    .size memcpy_fenced, .-memcpy_fenced

    routine first_released
    mov x3, x0
    ldrb w4, [x1], 1
    stlrb w4, [x3]
    add x3, x3, 1
    subs x2, x2, 1
    b.eq 9f
8:  ldrb w4, [x1], 1
    strb w4, [x3], 1
    subs x2, x2, 1
    b.ne 8b
9:  ret
    .size memcpy_first_released, .-memcpy_first_released
    .section .note.GNU-stack, "", %progbits
