// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies whose data all arrive, of objects of every shape: what they refer to lies in
// other files, in a thread's block, in a table that a constructor fills. shapes.sh
// compiles them in many ways and knows what is to be said of each.

#include <errno.h>
#include <stddef.h>

typedef void *copy(void *, const void *, size_t);

static void *bytes(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
    return to;
}

// ---- other files' ----

extern const size_t threshold;
extern int modes[];
extern char end_of_memory[];
extern copy elsewhere;
extern int maybe __attribute__((weak));
extern copy maybe_copy __attribute__((weak));

void *reads_variable(void *to, const void *from, size_t n)
{
    if (n >= threshold)
        __builtin_ia32_sfence();
    return bytes(to, from, n);
}

void *reads_table(void *to, const void *from, size_t n)
{
    return modes[n & 3] ? to : bytes(to, from, n);
}

void *compares_address(void *to, const void *from, size_t n)
{
    return (char *)to >= end_of_memory ? bytes(to, from, n) : bytes(to, from, n / 2);
}

void *calls_at_77(void *to, const void *from, size_t n)
{
    return n == 77 ? elsewhere(to, from, n) : bytes(to, from, n);
}

void *asks_for_weak(void *to, const void *from, size_t n)
{
    if (&maybe && maybe)
        return to;
    return maybe_copy ? maybe_copy(to, from, n) : bytes(to, from, n);
}

void *calls_weak(void *to, const void *from, size_t n)
{
    return maybe_copy(to, from, n);
}

copy alias_of_weak __attribute__((alias("asks_for_weak")));

// ---- a thread's ----

static __thread unsigned mode;
__thread unsigned verbosity = 3;

void set_mode(unsigned value)
{
    mode = value;
}

void *reads_thread(void *to, const void *from, size_t n)
{
    return mode || verbosity != 3 ? to : bytes(to, from, n);
}

// A store through fs: is judged by whose it lands in: the module's own thread-local
// data, another library's, or what the libc keeps of the thread.
static __thread volatile unsigned counter;

void *counts_in_thread(void *to, const void *from, size_t n)
{
    counter++;
    return bytes(to, from, n);
}

void *counts_in_errno(void *to, const void *from, size_t n)
{
    errno = errno + 1;
    return bytes(to, from, n);
}

void *counts_in_thread_block(void *to, const void *from, size_t n)
{
#ifdef __x86_64__
    __asm__ volatile("addq $0, %%fs:0x300" ::: "cc", "memory");
#endif
    return bytes(to, from, n);
}

// ---- filled by a constructor ----

static copy *chosen;

__attribute__((constructor)) static void choose(void)
{
    chosen = bytes;
}

void *calls_chosen(void *to, const void *from, size_t n)
{
    return chosen(to, from, n);
}
