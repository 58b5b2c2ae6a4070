// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What unordered-store says of x86-64, on this CPU: one thread stores two counters, the
// lower always before the higher, the other loads them the other way round. Where the
// rule is kept the second may never be seen ahead of the first; where it is broken it
// may, and mostly is.
//
// visible [SECONDS]. Exit status 1: a kept one was seen out of order, and the oracle is
// wrong. 77: none of the broken ones was, so this machine cannot tell. Else 0; those not
// seen are named.

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NOT_TOLD = 77, LINE = 64, STRING_BYTES = 4 * LINE };

// The lower counter and the higher one, 4 bytes each, and how both are stored.
struct way {
    const char *name;
    bool kept;
    size_t low, high; // bytes from the buffer's start
    void (*store)(uint8_t *buffer, uint32_t n);
};

static void two_plain(uint8_t *b, uint32_t n)
{
    *(volatile uint32_t *)(b + 0) = n;
    *(volatile uint32_t *)(b + 2 * LINE) = n;
}

static void nontemporal(uint8_t *b, uint32_t n)
{
    __asm__ volatile("movnti %1, (%0)\n\tmovl %1, 128(%0)" : : "r"(b), "r"(n) : "memory");
}

static void nontemporal_lfence(uint8_t *b, uint32_t n)
{
    __asm__ volatile("movnti %1, (%0)\n\tlfence\n\tmovl %1, 128(%0)" : : "r"(b), "r"(n) : "memory");
}

static void nontemporal_sfence(uint8_t *b, uint32_t n)
{
    __asm__ volatile("movnti %1, (%0)\n\tsfence\n\tmovl %1, 128(%0)" : : "r"(b), "r"(n) : "memory");
}

static void one_across(uint8_t *b, uint32_t n)
{
    uint64_t both = (uint64_t)n << 32 | n;
    __asm__ volatile("movq %1, 60(%0)" : : "r"(b), "r"(both) : "memory");
}

static void one_within(uint8_t *b, uint32_t n)
{
    uint64_t both = (uint64_t)n << 32 | n;
    __asm__ volatile("movq %1, 52(%0)" : : "r"(b), "r"(both) : "memory");
}

static void string(uint8_t *b, uint32_t n)
{
    void *to = b;
    size_t count = STRING_BYTES / 4;
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(n) : "memory");
}

static const struct way ways[] = {
    {"two plain stores", true, 0, 2 * LINE, two_plain},
    {"non-temporal, sfence, plain", true, 0, 2 * LINE, nontemporal_sfence},
    {"one store within a line", true, 52, 56, one_within},
    {"non-temporal, plain", false, 0, 2 * LINE, nontemporal},
    {"non-temporal, lfence, plain", false, 0, 2 * LINE, nontemporal_lfence},
    {"one store across a line", false, 60, 64, one_across},
    {"rep stos", false, 0, STRING_BYTES - 4, string},
};
enum { WAYS = sizeof ways / sizeof *ways };

static _Alignas(4096) uint8_t buffer[4096];
static const struct way *current;
static atomic_bool stop;

static void *writer(void *unused)
{
    for (uint32_t n = 1; !atomic_load_explicit(&stop, memory_order_relaxed) && n < INT32_MAX; n++)
        current->store(buffer, n);
    return unused;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// How often the higher counter was seen ahead of the lower.
static uint64_t watch(const struct way *way, double seconds)
{
    volatile uint32_t *low = (volatile uint32_t *)(buffer + way->low);
    volatile uint32_t *high = (volatile uint32_t *)(buffer + way->high);
    pthread_t thread;
    uint64_t seen = 0;
    memset(buffer, 0, sizeof buffer);
    current = way;
    atomic_store(&stop, false);
    if (pthread_create(&thread, NULL, writer, NULL) != 0)
        exit(NOT_TOLD);
    for (double end = now() + seconds; now() < end;) {
        for (int i = 0; i < 10000; i++) {
            uint32_t ahead = *high; // loads are in order on x86
            seen += *low < ahead;
        }
        if (!way->kept && seen > 0)
            break;
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    return seen;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    bool wrong = false, told = false;
    for (size_t i = 0; i < WAYS; i++) {
        uint64_t seen = watch(&ways[i], seconds / WAYS);
        wrong |= ways[i].kept && seen > 0;
        told |= !ways[i].kept && seen > 0;
        printf("%s: %s%s\n", ways[i].name, seen ? "seen out of order" : "not seen out of order",
               ways[i].kept == !seen ? ""
               : ways[i].kept        ? ", WRONG"
                                     : ", not told here");
    }
    return wrong ? 1 : told ? 0 : NOT_TOLD;
}
