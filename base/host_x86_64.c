// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/host.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/mman.h>

// The error code of a page fault (Intel SDM vol. 3A, 4.7).
enum { FAULT_BY_WRITE = 2 };

const struct host host = {
    .name = "x86-64",
    .cpu = "x86_64",
    .debian = "amd64",
    .machine = EM_X86_64,
    .audit_arch = AUDIT_ARCH_X86_64,
    .reloc_jump_slot = R_X86_64_JUMP_SLOT,
    .reloc_glob_dat = R_X86_64_GLOB_DAT,
    .map_low = MAP_32BIT,
};

uintptr_t host_pc(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}

void host_set_pc(ucontext_t *context, uintptr_t pc)
{
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
}

bool host_fault_stores(const ucontext_t *context)
{
    return context->uc_mcontext.gregs[REG_ERR] & FAULT_BY_WRITE;
}

uint64_t host_thread_pointer(void)
{
    uint64_t pointer; // the block in front of it begins with its own address
    __asm__("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

// In the thread's header (glibc, sysdeps/x86_64/nptl/tls.h, __private_ss).
void host_forget_stack_limit(void)
{
    __asm__ volatile("movq $0, %%fs:0x70" ::: "memory");
}
