// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What every recorder that runs a routine in its own process needs: a stack for
// the routine, and one for the handlers of the signals that it raises, so that
// the handlers write to neither the routine's stack nor, where the routine has
// moved its stack pointer there, to the arena.

#ifndef STORESCOPE_NATIVE_H
#define STORESCOPE_NATIVE_H

#include "backends/call.h"
#include "record/entry_registers.h"
#include "trace/trace.h"

#include <signal.h>

struct native {
    struct span stack; // of the routine, between inaccessible pages
    uint64_t rsp;      // its stack pointer before it is called
    void *alt_stack;   // of the handlers
};

// False, with errno set, when there is no address space. native_close takes a
// guest that was opened in part, or zeroed.
bool native_open(struct native *g);
void native_close(struct native *g);

// How many registers carry arguments: rdi, rsi, rdx, rcx, r8, r9; x0 to x7.
#if defined __aarch64__
enum { NATIVE_WORDS = 8 };
#else
enum { NATIVE_WORDS = 6 };
#endif

// Their numbers, as instructions encode them.
extern const uint8_t native_words_in[NATIVE_WORDS];

// What they hold when a routine is entered, the first argument first.

// The words of CALL for a case that was laid out, whose records are made. False without
// memory.
bool native_call_words(const struct call *call, struct arena *arena, struct layout *layout,
                       uint64_t words[NATIVE_WORDS]);

// Likewise, or where CALL is NULL those of memcpy and ARG4.
static inline bool native_words(const struct call *call, uint64_t arg4, struct arena *arena,
                                struct layout *layout, uint64_t words[NATIVE_WORDS])
{
    if (call)
        return native_call_words(call, arena, layout, words);
    words[0] = (uintptr_t)layout->dst;
    words[1] = layout_second(layout);
    words[2] = layout->size;
    words[3] = arg4;
    for (size_t i = 4; i < NATIVE_WORDS; i++)
        words[i] = ENTRY_REGISTER(native_words_in[i]);
    return true;
}

// BYTES of zeroed memory that take none until they are used; NULL with errno
// set. FLAGS are added to mmap's.
void *native_reserve(size_t bytes, int protection, int flags);

// Handlers for the signals that a routine may raise by itself (SIGSEGV, SIGBUS,
// SIGILL, SIGFPE, SIGTRAP), and for SIGPROF, which comes every PERIOD_MS of
// processor time from now on. They run without x86's alignment checks, which the
// routine may have turned on, C code is not made for, and kernels leave on.
typedef void native_handler(int signal, siginfo_t *info, void *context);
void native_handle(const struct native *g, native_handler *on_fault, native_handler *on_tick,
                   unsigned period_ms);

// Has every other handler that the process has set run on the alternate stack and
// without alignment checks as well: a fuzzing engine's timer must not put its frame
// where the routine's stack pointer happens to be. native_handle does it; again, for
// handlers that come later.
void native_tame_handlers(void);

// Does an x86 CPU take ADDRESS at all? One that it does not faults at its use, as a
// general protection fault, which comes without an address; and a handler must not
// return to a stack pointer that is none, for which some kernels and CPUs end the
// process.
static inline bool native_is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

// Tells TRACE on which CPU it is made: this one.
void native_tell_cpu(struct trace *trace);

// The mapping of this process that holds ADDRESS, from /proc/self/maps. False
// with errno 0 when there is none, and set when that cannot be read.
struct native_mapping {
    uint64_t lo, hi;
    bool read, write, exec;
};
bool native_find_mapping(uint64_t address, struct native_mapping *out);

// Adds CODE, and all segments of the loaded module it belongs to (code,
// constants, statics), to IMAGES, which has room for TRACE_IMAGES_MAX.
void native_add_module(const struct native_mapping *code, struct span *images, size_t *count);

// Likewise of the modules that SITES lie in.
void native_add_modules(const struct site *sites, size_t site_count, struct span *images,
                        size_t *count);

#endif
