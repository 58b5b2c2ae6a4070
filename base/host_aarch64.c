// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/host.h"

#include <asm/sigcontext.h>
#include <elf.h>
#include <linux/audit.h>
#include <string.h>

const struct host host = {
    .name = "aarch64",
    .cpu = "aarch64",
    .debian = "arm64",
    .machine = EM_AARCH64,
    .audit_arch = AUDIT_ARCH_AARCH64,
    .reloc_jump_slot = R_AARCH64_JUMP_SLOT,
    .reloc_glob_dat = R_AARCH64_GLOB_DAT,
};

// ESR_ELx of a data abort: write, not read (Arm ARM, D19.2.37).
enum { ESR_WRITES = 1 << 6 };

uintptr_t host_pc(const ucontext_t *context)
{
    return context->uc_mcontext.pc;
}

void host_set_pc(ucontext_t *context, uintptr_t pc)
{
    context->uc_mcontext.pc = pc;
}

// The kernel's record of the fault's cause, among those behind the registers; NULL where
// an emulator leaves it out.
static const struct esr_context *find_cause(const ucontext_t *context)
{
    const uint8_t *at = context->uc_mcontext.__reserved;
    const uint8_t *end = at + sizeof context->uc_mcontext.__reserved;
    struct _aarch64_ctx head;
    for (; end - at >= (ptrdiff_t)sizeof head; at += head.size) {
        memcpy(&head, at, sizeof head);
        if (head.magic == ESR_MAGIC)
            return (const struct esr_context *)(const void *)at;
        if (head.magic == 0 || head.size < sizeof head || head.size > (size_t)(end - at))
            return NULL;
    }
    return NULL;
}

// The instruction itself tells as well: atomics store, literals are loaded, and of all
// others bit 22 says "load", but of 16-byte registers bit 23 may be set (Arm ARM,
// C4.1.94).
static bool instruction_stores(uintptr_t pc)
{
    uint32_t word;
    memcpy(&word, (const void *)pc, sizeof word);
    bool is_atomic = (word & 0x3b200c00) == 0x38200000;
    bool is_literal = (word & 0x3b000000) == 0x18000000;
    bool is_sign_extending = (word & 0x3e000000) == 0x38000000 && word & 1u << 23;
    bool loads = is_sign_extending || word & 1u << 22;
    return is_atomic || (!is_literal && !loads);
}

bool host_fault_stores(const ucontext_t *context)
{
    const struct esr_context *cause = find_cause(context);
    return cause ? cause->esr & ESR_WRITES : instruction_stores(host_pc(context));
}

uint64_t host_thread_pointer(void)
{
    return (uintptr_t)__builtin_thread_pointer();
}

// Neither gcc nor glibc has split stacks for this CPU.
void host_forget_stack_limit(void)
{
}
