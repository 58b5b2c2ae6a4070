// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/native.h"

#include "backends/cpu.h"
#include "record/native_entry.h"

#include <elf.h>

const uint8_t native_words_in[NATIVE_WORDS] = {7, 6, 2, 1, 8, 9};

native_handler *native_on_fault, *native_on_tick, *native_on_other;

// Alignment checks are turned off. In assembly, since what a compiler puts before a
// function's first line may itself not be aligned.
__asm__(".text\n"
        ".hidden native_fault_entry, native_tick_entry, native_on_fault, native_on_tick\n"
        ".hidden native_other_entry, native_on_other\n"
        ".globl native_fault_entry, native_tick_entry, native_other_entry\n"
        ".type native_fault_entry, @function\n"
        "native_fault_entry:\n"
        "  pushf\n  andl $~0x40000, (%rsp)\n  popf\n"
        "  jmp *native_on_fault(%rip)\n"
        ".size native_fault_entry, . - native_fault_entry\n"
        ".type native_tick_entry, @function\n"
        "native_tick_entry:\n"
        "  pushf\n  andl $~0x40000, (%rsp)\n  popf\n"
        "  jmp *native_on_tick(%rip)\n"
        ".size native_tick_entry, . - native_tick_entry\n"
        ".type native_other_entry, @function\n"
        "native_other_entry:\n"
        "  pushf\n  andl $~0x40000, (%rsp)\n  popf\n"
        "  jmp *native_on_other(%rip)\n"
        ".size native_other_entry, . - native_other_entry\n");

void native_tell_cpu(struct trace *trace)
{
    // 16 aligned bytes are one access on CPUs with AVX (Intel SDM vol. 3A, 9.1.1).
    static uint8_t atomic_bytes;
    if (!atomic_bytes)
        atomic_bytes = cpu_lacks("avx") ? 8 : 16;
    trace->machine = EM_X86_64;
    trace->word_bytes = 8;
    trace->atomic_bytes = atomic_bytes;
}
