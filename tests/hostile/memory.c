// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Stores where no copy has any business: the tool's memory, found when the
// object was loaded or by what lies there; and routines that misbehave only at
// times.

#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>

extern char **environ;

enum { STEP = 8, WORD = 8 };

static uint8_t *middle(struct place p)
{
    return p.lo + (p.hi - p.lo) / 2 / WORD * WORD;
}

static void store(void *at, uint64_t value)
{
    *(volatile any_u64 *)at = value;
}

static void flood(uint8_t *lo, const uint8_t *hi, size_t step)
{
    for (; lo + WORD <= hi; lo += step)
        store(lo, 0x5a5a5a5a5a5a5a5a);
}

#define MEMORY(name, ...)          \
    ROUTINE(name)                  \
    {                              \
        copy_exactly(to, from, n); \
        __VA_ARGS__;               \
        return to;                 \
    }

MEMORY(stores_heap, store(middle(place_heap), 0))
MEMORY(floods_heap, flood(place_heap.lo, place_heap.hi, STEP))
MEMORY(stores_neighbour, store(place_neighbour + 24, ~UINT64_C(0)))
MEMORY(stores_tool_data, store(middle(place_tool_data), 0))
MEMORY(floods_tool_data, flood(place_tool_data.lo, place_tool_data.hi, STEP))
MEMORY(stores_tool_text, store(middle(place_tool_text), 0))
MEMORY(stores_stack, store(place_stack.hi - 64, 0))
MEMORY(floods_stack, flood(place_stack.hi - 65536, place_stack.hi, STEP))
MEMORY(stores_environ, store(environ[0], 0))
MEMORY(stores_environ_pointer, *(char **volatile *)&environ = NULL)
MEMORY(stores_libc_data, store(stdout, 0))
MEMORY(stores_shared, flood(place_shared.lo, place_shared.hi, STEP))
MEMORY(stores_above, store((uint8_t *)__builtin_frame_address(0) + 256, 0))
MEMORY(stores_far_above, store((uint8_t *)__builtin_frame_address(0) + 65536, 0))
MEMORY(stores_below, store((uint8_t *)__builtin_frame_address(0) - (9 << 20), 0))
MEMORY(stores_noncanonical, store((void *)0x8000000000000000, 0))
MEMORY(stores_kernel, store((void *)0xffffffff81000000, 0))
MEMORY(stores_canary_and_restores, {
    volatile uint8_t *canary = (volatile uint8_t *)to + n;
    uint8_t was = *canary;
    *canary = 0x77;
    *canary = was;
})
MEMORY(stores_source, {
    if (n > 0)
        *(volatile uint8_t *)(uintptr_t)from = *(const volatile uint8_t *)from;
})
MEMORY(rewrites_alias, {
    place_alias[1] = 0xc3;
    ((void (*)(void))(uintptr_t)place_alias_code)();
})
MEMORY(runs_jit, ((void (*)(void))(uintptr_t)place_jit)())

// ---- the recorder's own memory ----

// The recorder's log, by the two pointers to it that lie side by side in its
// heap: see LOG_SKEW in oracle/record/rewrite/run.c.
static uint8_t *find_log(void)
{
    const any_u64 *end = (const any_u64 *)(place_heap.hi - 2 * WORD);
    for (const any_u64 *p = (const any_u64 *)place_heap.lo; p < end; p++)
        if (p[0] != 0 && p[0] % 4096 == 0 && p[1] == p[0] + 0xc00)
            return (uint8_t *)p[1];
    return NULL;
}

MEMORY(stores_log, {
    uint8_t *log = find_log();
    if (log != NULL)
        store(log, 0);
})
MEMORY(floods_log, {
    uint8_t *log = find_log();
    if (log != NULL)
        flood(log, log + 65536, STEP);
})
// Where the log would grow to.
MEMORY(stores_log_room, {
    uint8_t *log = find_log();
    if (log != NULL)
        store(log + (UINT64_C(1) << 30), 0);
})

// The bytes that the judge compares with, by the layout on the worker's stack.
static uint8_t *find_expected(const void *to, const void *from, size_t n)
{
    const any_u64 *lowest = (const any_u64 *)place_stack.lo;
    for (const any_u64 *p = (const any_u64 *)place_stack.hi - 4; p >= lowest; p--)
        if (p[0] == (uintptr_t)to && p[1] == (uintptr_t)from && p[2] == n && p[3] % 4096 != 0)
            return (uint8_t *)p[3];
    return NULL;
}

ROUTINE(stores_expected)
{
    uint8_t *expected = n >= WORD ? find_expected(to, from, n) : NULL;
    if (expected != NULL)
        store(expected, 0);
    return copy_exactly(to, from, n);
}

// ---- only at times ----

static unsigned calls;

ROUTINE(good_at_first)
{
    copy_exactly(to, from, n);
    if (++calls > 20)
        store(middle(place_shared), 0);
    return to;
}

ROUTINE(bad_at_17)
{
    if (n == 17)
        store(middle(place_tool_data), 0);
    return copy_exactly(to, from, n);
}
