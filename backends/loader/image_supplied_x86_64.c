// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/linker.h"

// A kernel that needs no retpolines makes its thunks these (Linux,
// arch/x86/lib/retpoline.S and alternative.c).
#define THUNKS(reg, bytes)                                      \
    SUPPLIED_CODE("__x86_indirect_thunk_" reg, bytes),          \
        SUPPLIED_CODE("__x86_indirect_call_thunk_" reg, bytes), \
        SUPPLIED_CODE("__x86_indirect_jump_thunk_" reg, bytes)

const struct supplied supplied_by_cpu[] = {
    // glibc's defaults for a CPU of which nothing is known (2.36,
    // sysdeps/x86/cacheinfo.h, dl-cacheinfo.h).
    SUPPLIED_VARIABLE("__x86_shared_non_temporal_threshold", 8, 0xc0000),
    SUPPLIED_VARIABLE("__x86_memset_non_temporal_threshold", 8, 0xc0000),
    SUPPLIED_VARIABLE("__x86_rep_movsb_threshold", 8, 2048),
    SUPPLIED_VARIABLE("__x86_rep_movsb_stop_threshold", 8, 0xc0000),
    SUPPLIED_VARIABLE("__x86_rep_stosb_threshold", 8, 2048),
    SUPPLIED_VARIABLE("__x86_shared_cache_size", 8, 0x100000),
    SUPPLIED_VARIABLE("__x86_shared_cache_size_half", 8, 0x80000),
    SUPPLIED_VARIABLE("__x86_raw_shared_cache_size", 8, 0x100000),
    SUPPLIED_VARIABLE("__x86_raw_shared_cache_size_half", 8, 0x80000),
    SUPPLIED_VARIABLE("__x86_data_cache_size", 8, 0x8000),
    SUPPLIED_VARIABLE("__x86_data_cache_size_half", 8, 0x4000),
    SUPPLIED_VARIABLE("__x86_raw_data_cache_size", 8, 0x8000),
    SUPPLIED_VARIABLE("__x86_raw_data_cache_size_half", 8, 0x4000),
    SUPPLIED_VARIABLE("__x86_string_control", 4, 0),
    SUPPLIED_VARIABLE("__x86_prefetchw", 4, 0),

    SUPPLIED_CODE("__x86_return_thunk", "\xc3\xcc"), // ret; int3
    SUPPLIED_CODE("__fentry__", "\xc3"), // which a kernel that traces nothing makes a nop
    THUNKS("rax", "\xff\xe0"),           // jmp *%rax
    THUNKS("rcx", "\xff\xe1"),
    THUNKS("rdx", "\xff\xe2"),
    THUNKS("rbx", "\xff\xe3"),
    THUNKS("rsp", "\xff\xe4"),
    THUNKS("rbp", "\xff\xe5"),
    THUNKS("rsi", "\xff\xe6"),
    THUNKS("rdi", "\xff\xe7"),
    THUNKS("r8", "\x41\xff\xe0"),
    THUNKS("r9", "\x41\xff\xe1"),
    THUNKS("r10", "\x41\xff\xe2"),
    THUNKS("r11", "\x41\xff\xe3"),
    THUNKS("r12", "\x41\xff\xe4"),
    THUNKS("r13", "\x41\xff\xe5"),
    THUNKS("r14", "\x41\xff\xe6"),
    THUNKS("r15", "\x41\xff\xe7"),
};
const size_t supplied_by_cpu_count = sizeof supplied_by_cpu / sizeof *supplied_by_cpu;
