// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A driver with a defect in each of its functions, which the second argument names, and
// with their correct twins. The test names the lines of its stores.

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define NOINLINE __attribute__((noinline, noclone))
#if defined __aarch64__
#define BARRIER() __asm__ volatile("dmb ishst" ::: "memory")
#elif defined __x86_64__
#define BARRIER() __asm__ volatile("sfence" ::: "memory")
#else
#define BARRIER() __sync_synchronize()
#endif

typedef volatile uint8_t bytes;
typedef volatile uint32_t words;
typedef volatile uint64_t longs;

NOINLINE static void way_clean(bytes *bar)
{
    for (int i = 0; i < 4; i++) {
        ((words *)bar)[i] = 1;
        BARRIER();
    }
}

NOINLINE static void way_duplicate(bytes *bar)
{
    *(words *)bar = 1;
    *(words *)bar = 2; // again
}

NOINLINE static void way_overlapping(bytes *bar)
{
    *(longs *)bar = 1;
    *(words *)(bar + 4) = 2;
}

NOINLINE static void way_misaligned(bytes *bar)
{
    *(words *)(bar + 2) = 1;
}

NOINLINE static void way_wide(bytes *bar)
{
    *(longs *)bar = 1;
}

NOINLINE static void way_narrow(bytes *bar)
{
    for (int i = 0; i < 4; i++) {
        bar[i] = 1;
        BARRIER();
    }
}

// No word is asked for: a byte is as much as there is.
NOINLINE static void way_byte(bytes *bar)
{
    bar[0] = 1;
    bar[9] = 1;
}

NOINLINE static void way_vector(bytes *bar)
{
#if defined __x86_64__
    __asm__ volatile("movups %%xmm0, (%0)" : : "r"(bar) : "memory");
#elif defined __aarch64__
    __asm__ volatile("str q0, [%0]" : : "r"(bar) : "memory");
#endif
}

NOINLINE static void way_reordered(bytes *bar)
{
    *(words *)(bar + 4) = 1;
    BARRIER();
    *(words *)bar = 1;
}

// On AArch64 nothing orders the two; on x86-64 the first is non-temporal.
static inline __attribute__((always_inline)) void put_first(bytes *bar)
{
#ifdef __x86_64__
    __asm__ volatile("movnti %1, %0" : "=m"(*(words *)bar) : "r"(1));
#else
    *(words *)bar = 1;
#endif
}

NOINLINE static void way_unordered(bytes *bar)
{
    put_first(bar);
    *(words *)(bar + 4) = 1;
}

NOINLINE static void way_ordered(bytes *bar)
{
    put_first(bar);
    BARRIER();
    *(words *)(bar + 4) = 1;
}

NOINLINE static void way_reads(bytes *bar)
{
    *(words *)bar = 1;
    (void)*(words *)bar;
}

// A status register is not what was written to.
NOINLINE static void way_status(bytes *bar)
{
    *(words *)bar = 1;
    (void)*(words *)(bar + 4);
    BARRIER();
    *(words *)(bar + 8) = 1;
}

NOINLINE static void way_reload(bytes *bar)
{
    (void)*(words *)bar;
    (void)*(words *)bar;
}

// Stores itself, and by a function that another calls, which g++ would name
// hw::innermost(unsigned char volatile*).
static void innermost(bytes *bar) __asm__("_ZN2hw9innermostEPVh");

NOINLINE static void innermost(bytes *bar)
{
    *(words *)bar = 2;
}

NOINLINE static void between(bytes *bar)
{
    innermost(bar);
    __asm__ volatile("");
}

NOINLINE static void way_nested(bytes *bar)
{
    *(words *)bar = 1;
    between(bar);
    __asm__ volatile("");
}

static const struct {
    const char *name;
    void (*run)(bytes *);
} ways[] = {
    {"clean", way_clean},
    {"duplicate", way_duplicate},
    {"overlapping", way_overlapping},
    {"misaligned", way_misaligned},
    {"wide", way_wide},
    {"narrow", way_narrow},
    {"byte", way_byte},
    {"vector", way_vector},
    {"reordered", way_reordered},
    {"unordered", way_unordered},
    {"ordered", way_ordered},
    {"reads", way_reads},
    {"status", way_status},
    {"reload", way_reload},
    {"nested", way_nested},
};

int main(int argc, char **argv)
{
    int fd = open(argv[1], O_RDWR);
    bytes *bar = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (unsigned i = 0; argc > 2 && i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, argv[2]) == 0)
            ways[i].run(bar + 64);
    return 0;
}
