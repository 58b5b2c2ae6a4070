// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies by loops for tests/prove/loops.tsv: right ones, and such that are wrong in a rare turn.

.intel_syntax noprefix
.text

// right: words
.globl ok_word8
.type ok_word8, @function
ok_word8:
    mov rax, rdi
    test rdx,7
    jnz 9f
    shr rdx,3
    jz 9f
1:  mov rcx,[rsi]
    mov [rdi],rcx
    add rsi,8
    add rdi,8
    dec rdx
    jnz 1b
    ret
9:  mov rcx,rdx
    rep movsb
    ret
.size ok_word8, . - ok_word8

// right: bytes, by an index
.globl ok_index
.type ok_index, @function
ok_index:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size ok_index, . - ok_index

// right: two vectors a turn
.globl ok_vec32
.type ok_vec32, @function
ok_vec32:
    mov rax, rdi
    cmp rdx,64
    jb 3f
1:  movdqu xmm0,[rsi]
    movdqu xmm1,[rsi+16]
    movdqu [rdi],xmm0
    movdqu [rdi+16],xmm1
    add rsi,32
    add rdi,32
    sub rdx,32
    cmp rdx,32
    jae 1b
3:  mov rcx,rdx
    rep movsb
    ret
.size ok_vec32, . - ok_vec32

// right: a turn stores what the one before has loaded
.globl ok_pipelined
.type ok_pipelined, @function
ok_pipelined:
    mov rax, rdi
    cmp rdx,48
    jb 3f
    movdqu xmm0,[rsi]
1:  movdqu xmm1,[rsi+16]
    movdqu [rdi],xmm0
    movdqa xmm0,xmm1
    add rsi,16
    add rdi,16
    sub rdx,16
    cmp rdx,32
    jae 1b
3:  mov rcx,rdx
    rep movsb
    ret
.size ok_pipelined, . - ok_pipelined

// one byte is not stored, in turn 37
.globl turn37
.type turn37, @function
turn37:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    cmp rcx,37
    je 3f
    mov [rdi+rcx],r8b
3:  inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size turn37, . - turn37

// zero instead of a byte of the source
.globl turn37data
.type turn37data, @function
turn37data:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    cmp rcx,37
    jne 3f
    xor r8d,r8d
3:  mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size turn37data, . - turn37data

// a byte of another turn, in turn 1000
.globl turn1000
.type turn1000, @function
turn1000:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    cmp rcx,1000
    jne 3f
    mov r8b,[rsi]
3:  mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size turn1000, . - turn1000

// loads another byte in turn 37, without a branch
.globl turn37cmov
.type turn37cmov, @function
turn37cmov:
    mov rax, rdi
    xor ecx,ecx
    mov r9,rsi
    cmp rcx,rdx
    jae 2f
1:  lea r10,[rsi+rcx]
    cmp rcx,37
    cmove r10,r9
    mov r8b,[r10]
    mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size turn37cmov, . - turn37cmov

// each store overlaps the one before by a byte
.globl stride_overlap
.type stride_overlap, @function
stride_overlap:
    mov rax, rdi
    cmp rdx,16
    jb 3f
1:  mov rcx,[rsi]
    mov [rdi],rcx
    add rsi,7
    add rdi,7
    sub rdx,7
    cmp rdx,16
    jae 1b
3:  mov rcx,rdx
    rep movsb
    ret
.size stride_overlap, . - stride_overlap

// a byte past the end where n mod 32 = 31
.globl past_end_31
.type past_end_31, @function
past_end_31:
    mov rax, rdi
    mov r8,rdx
    inc rdx
    and r8,31
    cmp r8,31
    je 5f
    dec rdx
5:  mov rcx,rdx
    cmp rdx,32
    jb 3f
1:  movdqu xmm0,[rsi]
    movdqu xmm1,[rsi+16]
    movdqu [rdi],xmm0
    movdqu [rdi+16],xmm1
    add rsi,32
    add rdi,32
    sub rdx,32
    cmp rdx,32
    jae 1b
3:  mov rcx,rdx
    rep movsb
    ret
.size past_end_31, . - past_end_31

// the counter passes zero where n is no multiple of 8
.globl wrap_counter
.type wrap_counter, @function
wrap_counter:
    mov rax, rdi
    test rdx,rdx
    jz 2f
1:  mov rcx,[rsi]
    mov [rdi],rcx
    add rsi,8
    add rdi,8
    sub rdx,8
    jnz 1b
2:  ret
.size wrap_counter, . - wrap_counter

// the counter wraps where n < 8
.globl wrap_unsigned
.type wrap_unsigned, @function
wrap_unsigned:
    mov rax, rdi
    sub rdx,8
1:  mov rcx,[rsi]
    mov [rdi],rcx
    add rsi,8
    add rdi,8
    sub rdx,8
    jae 1b
    add rdx,8
    mov rcx,rdx
    rep movsb
2:  ret
.size wrap_unsigned, . - wrap_unsigned

// a register that it returns changes in turn 511
.globl rare_register
.type rare_register, @function
rare_register:
    mov rax, rdi
    xor ecx,ecx
    xor r9d,r9d
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    mov r10,rcx
    cmp r10,511
    jne 3f
    mov r9d,1
3:  inc rcx
    cmp rcx,rdx
    jb 1b
    add rax,r9
2:  ret
.size rare_register, . - rare_register

// likewise, without a branch
.globl rare_cmov_return
.type rare_cmov_return, @function
rare_cmov_return:
    mov rax, rdi
    xor ecx,ecx
    mov r9,rdi
    inc r9
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    cmp rcx,511
    cmove rax,r9
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size rare_cmov_return, . - rare_cmov_return

// the counter has 16 bits
.globl counter16
.type counter16, @function
counter16:
    mov rax, rdi
    mov rcx,rdx
    jrcxz 2f
1:  mov r8b,[rsi]
    mov [rdi],r8b
    inc rsi
    inc rdi
    dec cx
    jnz 1b
2:  ret
.size counter16, . - counter16

// the counter has 32 bits
.globl counter32
.type counter32, @function
counter32:
    mov rax, rdi
    mov rcx,rdx
    jrcxz 2f
1:  mov r8b,[rsi]
    mov [rdi],r8b
    inc rsi
    inc rdi
    dec ecx
    jnz 1b
2:  ret
.size counter32, . - counter32

// a byte less where n = 200
.globl one_less
.type one_less, @function
one_less:
    mov rax, rdi
    lea rcx,[rdi+rdx]
    cmp rdx,200
    jne 1f
    dec rcx
1:  cmp rdi,rcx
    jae 2f
    mov r8b,[rsi]
    mov [rdi],r8b
    inc rsi
    inc rdi
    jmp 1b
2:  ret
.size one_less, . - one_less

// the last byte is stored twice
.globl double_store_last
.type double_store_last, @function
double_store_last:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
    mov [rdi+rcx-1],r8b
2:  ret
.size double_store_last, . - double_store_last

// a register that a turn leaves to the next is an older one in some
.globl stale_vector
.type stale_vector, @function
stale_vector:
    mov rax, rdi
    cmp rdx,48
    jb 3f
    movdqu xmm0,[rsi]
1:  movdqu [rdi],xmm0
    movdqu xmm0,[rsi+16]
    add rsi,16
    add rdi,16
    sub rdx,16
    test rdx,64
    jz 4f
    movdqu xmm0,[rsi-16]
4:  cmp rdx,32
    jae 1b
3:  mov rcx,rdx
    rep movsb
    ret
.size stale_vector, . - stale_vector

// bytes that are zero are not stored
.globl zero_data
.type zero_data, @function
zero_data:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    test r8b,r8b
    jz 3f
    mov [rdi+rcx],r8b
3:  inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size zero_data, . - zero_data

// a wrong byte at one address in a page
.globl addr_page
.type addr_page, @function
addr_page:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  lea r9,[rdi+rcx]
    mov r8b,[rsi+rcx]
    and r9d,4095
    cmp r9d,4000
    jne 3f
    mov r8b,[rsi]
3:  mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size addr_page, . - addr_page

// ends after 3000 turns
.globl ends_early
.type ends_early, @function
ends_early:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,3000
    je 2f
    cmp rcx,rdx
    jb 1b
2:  ret
.size ends_early, . - ends_early

// stores over a saved register in turn 777
.globl push_each
.type push_each, @function
push_each:
    mov rax, rdi
    push rbx
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov bl,[rsi+rcx]
    mov [rdi+rcx],bl
    inc rcx
    cmp rcx,777
    jne 3f
    mov [rsp],rcx
3:  cmp rcx,rdx
    jb 1b
2:  pop rbx
    ret
.size push_each, . - push_each

// leaves the direction flag set from turn 777 on
.globl direction_late
.type direction_late, @function
direction_late:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,777
    jne 3f
    std
3:  cmp rcx,rdx
    jb 1b
2:  ret
.size direction_late, . - direction_late

// right, from the last byte down
.globl descending
.type descending, @function
descending:
    mov rax, rdi
    mov rcx,rdx
    jrcxz 2f
1:  mov r8b,[rsi+rcx-1]
    mov [rdi+rcx-1],r8b
    dec rcx
    jnz 1b
2:  ret
.size descending, . - descending

// from the first byte up, which a memmove must not where the destination lies above
.globl forward_move
.type forward_move, @function
forward_move:
    mov rax, rdi
    xor ecx,ecx
    cmp rcx,rdx
    jae 2f
1:  mov r8b,[rsi+rcx]
    mov [rdi+rcx],r8b
    inc rcx
    cmp rcx,rdx
    jb 1b
2:  ret
.size forward_move, . - forward_move

// right: bytes up to an aligned address, words, bytes
.globl ok_to_aligned
.type ok_to_aligned, @function
ok_to_aligned:
    mov rax, rdi
    mov rcx, rdx
1:  test rcx, rcx
    je 4f
    test dil, 7
    jz 2f
    mov r8b, [rsi]
    mov [rdi], r8b
    inc rsi
    inc rdi
    dec rcx
    jmp 1b
2:  cmp rcx, 8
    jb 3f
    mov r8, [rsi]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rcx, 8
    jmp 2b
3:  test rcx, rcx
    je 4f
    mov r8b, [rsi]
    mov [rdi], r8b
    inc rsi
    inc rdi
    dec rcx
    jmp 3b
4:  ret
.size ok_to_aligned, . - ok_to_aligned

// memmove by bytes, upward where dst - src is at least \limit less \too_near
.macro both_ways name, limit, too_near=0
.globl \name
.type \name, @function
\name:
    mov rax, rdi
    mov r8, rdi
    sub r8, rsi
    add r8, \too_near
    cmp r8, \limit
    jb 3f
    xor ecx, ecx
1:  cmp rcx, rdx
    je 2f
    mov r8b, [rsi+rcx]
    mov [rdi+rcx], r8b
    inc rcx
    jmp 1b
2:  ret
3:  mov rcx, rdx
4:  test rcx, rcx
    je 2b
    mov r8b, [rsi+rcx-1]
    mov [rdi+rcx-1], r8b
    dec rcx
    jmp 4b
.size \name, . - \name
.endm

    both_ways ok_both_ways, rdx
    both_ways upward_one_too_near, rdx, 1
    both_ways upward_from_a_page, 4096

// Two pages in a turn, by lines of 32 bytes of each, as libcs' non-temporal copies do; what is left
// by bytes. \slip is before the stores of a line.
.macro pages name, lines=128, step=4096, slip
.globl \name
.type \name, @function
\name:
    mov rax, rdi
    mov r8, rdx
    shr r8, 13
    je 3f
    xor r11d, r11d
1:  mov ecx, \lines
2:  movdqu xmm0, [rsi]
    movdqu xmm1, [rsi+16]
    movdqu xmm2, [rsi+4096]
    movdqu xmm3, [rsi+4112]
    \slip
    movdqu [rdi], xmm0
    movdqu [rdi+16], xmm1
    movdqu [rdi+4096], xmm2
    movdqu [rdi+4112], xmm3
9:  add rsi, 32
    add rdi, 32
    dec ecx
    jnz 2b
    add rsi, \step
    add rdi, \step
    inc r11
    dec r8
    jnz 1b
3:  mov rcx, rdx
    and ecx, 8191
    rep movsb
    ret
.size \name, . - \name
.endm

.macro skip_line_in_turn_37
    cmp r11, 37
    jne 8f
    cmp ecx, 5
    je 9f
8:
.endm
.macro old_line_in_turn_3
    cmp r11, 3
    jne 8f
    cmp ecx, 7
    jne 8f
    movdqa xmm1, xmm0
8:
.endm
    pages ok_pages
    pages pages_a_line_short, 127, 4128
    pages pages_a_line_over, 129, 4064
    pages pages_too_near, 128, 4064
    pages pages_skip_a_line, 128, 4096, skip_line_in_turn_37
    pages pages_wrong_line, 128, 4096, old_line_in_turn_3

// right: up to each multiple of 16 of the source, a loop of bytes within a loop
.globl ok_row_by_row
.type ok_row_by_row, @function
ok_row_by_row:
    mov rax, rdi
    test rdx, rdx
    je 3f
1:  mov ecx, esi
    and ecx, 15
    neg ecx
    add ecx, 16
    cmp rcx, rdx
    cmova rcx, rdx
    sub rdx, rcx
2:  mov r8b, [rsi]
    mov [rdi], r8b
    inc rsi
    inc rdi
    dec rcx
    jnz 2b
    test rdx, rdx
    jnz 1b
3:  ret
.size ok_row_by_row, . - ok_row_by_row

.section .note.GNU-stack, "", @progbits
