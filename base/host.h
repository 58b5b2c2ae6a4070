// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The CPU that this program is compiled for and runs on, for code that looks at its own
// registers, pages and files. One file a CPU, host_CPU.c; what is the same on all of
// them asks here instead of saying 4096, x86_64 or rip.

#ifndef STORESCOPE_HOST_H
#define STORESCOPE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

// A function that is there on x86-64 alone, in tables.
#if defined __x86_64__
#define HOST_X86_64(function) function
#else
#define HOST_X86_64(function) NULL
#endif

struct host {
    const char *name;    // "x86-64", "aarch64": as --help and reports call it
    const char *cpu;     // "x86_64", "aarch64": begins the names of its tools and folders
    const char *debian;  // "amd64", "arm64": of its packages
    uint16_t machine;    // EM_* of ELF headers; 64-bit and little-endian
    uint32_t audit_arch; // AUDIT_ARCH_* of its system calls
    // Relocations by which the dynamic linker enters a function's address (its ABI).
    uint32_t reloc_jump_slot, reloc_glob_dat;
    int map_low; // flags of mmap for memory that 32-bit addresses in code reach; 0: none do
};
extern const struct host host;

// How much memory mmap and mprotect deal in: 4, 16 or 64 KiB.
size_t host_page_bytes(void);

// BYTES, rounded up to whole pages.
static inline uint64_t host_whole_pages(uint64_t bytes)
{
    uint64_t page = host_page_bytes();
    return (bytes + page - 1) / page * page;
}

// Of a signal's context: the instruction it came at.
uintptr_t host_pc(const ucontext_t *context);
void host_set_pc(ucontext_t *context, uintptr_t pc);

// Of that of a fault at an address: was it a store that faulted?
bool host_fault_stores(const ucontext_t *context);

// Of this thread, as code that uses thread-local variables has it.
uint64_t host_thread_pointer(void);

// What glibc keeps beside it for split stacks (-fsplit-stack), the lowest address that
// such code may use, is none from now on.
void host_forget_stack_limit(void);

#endif
