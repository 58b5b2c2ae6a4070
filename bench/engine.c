// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// storecopy against what people use today, in one process and in turns: a pair is
// a run of the one and a run of the other, and a number is the median ratio of
// the pairs' times, above 1 when storecopy is faster. Called by script/bench.

#include "backends/routines/routines.h"
#include "bench.h"
#include "paths.h"
#include "sizes.h"
#include "storecopy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAIRS = 31,
    RUN_NS = 40000, // of one timed run
    CALLS_MAX = 20000,
    MIXED_CALLS = 4096,
    BUFFER_BYTES = 40 << 20,
    SIZES_MAX = 32,
};

// Where the two begin, in bytes from a page start.
static const struct placing {
    const char *name;
    size_t dst, src;
} placings[] = {{"0/0", 0, 1024}, {"8/24", 8, 1048}, {"3/5", 3, 1029}};
enum { PLACINGS = sizeof placings / sizeof *placings };

static uint8_t *dst_buffer, *src_buffer;

// A call of a mixed run.
struct call {
    uint32_t size, dst, src;
};
static struct call calls[MIXED_CALLS];

// How Linux's generic memcpy_toio goes (lib/iomem_copy.c): bytes up to an aligned
// address, words, bytes.
ROUTINE_UNIT(8)
ROUTINE_UNIT(64)

static __attribute__((noinline)) void *toio_loop(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (; size > 0 && (uintptr_t)to % 8 != 0; size--)
        move_8(to++, from++);
    for (; size >= 8; size -= 8, to += 8, from += 8)
        move_64(to, from);
    for (; size > 0; size--)
        move_8(to++, from++);
    return dst;
}

// Its mirror, whose loads are the aligned ones.
static __attribute__((noinline)) void *fromio_loop(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (; size > 0 && (uintptr_t)from % 8 != 0; size--)
        move_8(to++, from++);
    for (; size >= 8; size -= 8, to += 8, from += 8)
        move_64(to, from);
    for (; size > 0; size--)
        move_8(to++, from++);
    return dst;
}

// Two runners a routine, which call it as programs do: storecopy's by name, the
// libc's through the PLT. Nanoseconds of COUNT calls.
typedef double runner(const struct call *c, unsigned count);
struct subject {
    runner *fixed, *mixed; // the one call COUNT times; COUNT calls, once each
};

// COUNT turns of CALL, whose turn is i, in four loops that begin at other places of a cache
// line: where it begins is up to a cycle of the eight that a short copy takes.
#define TURNS_AT(nops, from, to, call)                                              \
    __asm__ volatile(".balign 64\n\t.rept " #nops "\n\tnop\n\t.endr" ::: "memory"); \
    for (unsigned i = (from); i < (to); i++)                                        \
    call

#define TURNS(count, call)                           \
    do {                                             \
        const unsigned quarter = (count) / 4;        \
        TURNS_AT(0, 0, quarter, call);               \
        TURNS_AT(5, quarter, 2 * quarter, call);     \
        TURNS_AT(9, 2 * quarter, 3 * quarter, call); \
        TURNS_AT(14, 3 * quarter, (count), call);    \
    } while (0)

#define RUNNERS(name)                                                                          \
    static __attribute__((noinline)) double fixed_##name(const struct call *c, unsigned count) \
    {                                                                                          \
        uint8_t *dst = dst_buffer + c->dst;                                                    \
        const uint8_t *src = src_buffer + c->src;                                              \
        const size_t size = c->size;                                                           \
        const uint64_t start = clock_now_ns();                                                 \
        TURNS(count, name(dst, src, size));                                                    \
        return (double)(clock_now_ns() - start);                                               \
    }                                                                                          \
    static __attribute__((noinline)) double mixed_##name(const struct call *c, unsigned count) \
    {                                                                                          \
        const uint64_t start = clock_now_ns();                                                 \
        TURNS(count, name(dst_buffer + c[i].dst, src_buffer + c[i].src, c[i].size));           \
        return (double)(clock_now_ns() - start);                                               \
    }                                                                                          \
    static const struct subject run_##name = {fixed_##name, mixed_##name};

// Setters, whose value is the source's address as an int.
#define AS_COPY(name, function)                                       \
    static inline void *name(void *dst, const void *src, size_t size) \
    {                                                                 \
        return function(dst, (int)(uintptr_t)src, size);              \
    }                                                                 \
    RUNNERS(name)

RUNNERS(storecopy_shared)
AS_COPY(set_shared, storecopy_set_shared)
AS_COPY(set_ordered, storecopy_set_ordered)
AS_COPY(set_device, storecopy_set_device)
AS_COPY(set_bar, storecopy_set_bar)
AS_COPY(set_wc, storecopy_set_wc)
AS_COPY(set_by_libc, memset)
#if defined(__x86_64__)
RUNNERS(storecopy_shared_avx2)
#endif
RUNNERS(storecopy_to_device)
RUNNERS(storecopy_from_device)
RUNNERS(memmove)
RUNNERS(toio_loop)
RUNNERS(fromio_loop)
RUNNERS(qemu_lowbit)

// The other's time over ours. OURS_NS, unless NULL: of one call.
static double ratio(runner *ours, runner *other, const struct call *c, unsigned count,
                    double *ours_ns)
{
    double ratios[PAIRS], times[PAIRS];
    ours(c, count);
    other(c, count);
    for (unsigned i = 0; i < PAIRS; i++) {
        // Each goes first in every other pair.
        double first = (i % 2 ? ours : other)(c, count);
        double second = (i % 2 ? other : ours)(c, count);
        times[i] = (i % 2 ? first : second) / count;
        ratios[i] = i % 2 ? second / first : first / second;
    }
    if (ours_ns)
        *ours_ns = median(times, PAIRS);
    return median(ratios, PAIRS);
}

static unsigned calls_for(runner *run, const struct call *c)
{
    const double one = run(c, 16) / 16;
    const double count = RUN_NS / (one > 1 ? one : 1);
    return count > CALLS_MAX ? CALLS_MAX : count < 2 ? 2 : (unsigned)count;
}

static void print_size(size_t size)
{
    if (size >= 1 << 20 && size % (1 << 20) == 0)
        printf("%8zu MiB", size >> 20);
    else if (size >= 1024 && size % 1024 == 0)
        printf("%8zu KiB", size >> 10);
    else
        printf("%10zu B", size);
}

struct comparison {
    const char *title;
    const struct subject *ours, *other;
    const size_t *sizes;       // up to a 0
    double goal, goal_from_1k; // 0: none
};

static void one_line(const char *what, double value, double goal)
{
    if (goal > 0)
        printf("%-36s %6.2f   %s %.1f%s\n", what, value, ">=", goal,
               value >= goal ? "" : "  SHORT");
    else
        printf("%-36s %6.2f\n", what, value);
}

static void compare(const struct comparison *c)
{
    double below[SIZES_MAX * PLACINGS], above[SIZES_MAX * PLACINGS];
    size_t below_count = 0, above_count = 0;
    printf("\n%s\n%12s", c->title, "dst/src at");
    for (size_t p = 0; p < PLACINGS; p++)
        printf("  %6s      ns", placings[p].name);
    printf("\n");
    for (const size_t *size = c->sizes; *size; size++) {
        print_size(*size);
        for (size_t p = 0; p < PLACINGS; p++) {
            const struct call call = {(uint32_t)*size, (uint32_t)placings[p].dst,
                                      (uint32_t)placings[p].src};
            double ns;
            double r = ratio(c->ours->fixed, c->other->fixed, &call,
                             calls_for(c->ours->fixed, &call), &ns);
            printf("  %6.2f %7.*f", r, ns < 1000 ? 1 : 0, ns);
            if (*size < 1024)
                below[below_count++] = r;
            else
                above[above_count++] = r;
        }
        printf("\n");
        fflush(stdout);
    }
    if (below_count)
        one_line("median below 1 KiB", median(below, below_count), c->goal);
    if (above_count)
        one_line("median of 1 KiB and more", median(above, above_count), c->goal_from_1k);
}

static void fill_calls(const struct size_distribution *d, size_t align)
{
    uint64_t state = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < MIXED_CALLS; i++) {
        // Within 32 KiB each way, so that the copies are what is measured.
        calls[i].size = (uint32_t)size_draw(d, &state);
        calls[i].dst = (uint32_t)((random_next(&state) >> 8) % 12288 / align * align);
        calls[i].src = (uint32_t)((random_next(&state) >> 8) % 12288 / align * align);
    }
}

static void compare_mixed(const struct subject *ours, const struct subject *other)
{
    static const size_t aligns[] = {16, 8, 1};
    printf("\nshared RAM, mixed sizes, against libc's memmove\n");
    for (size_t d = 0; d < size_distribution_count; d++) {
        for (size_t a = 0; a < sizeof aligns / sizeof *aligns; a++) {
            char what[64];
            fill_calls(&size_distributions[d], aligns[a]);
            snprintf(what, sizeof what, "%s, buffers at multiples of %zu",
                     size_distributions[d].name, aligns[a]);
            one_line(what, ratio(ours->mixed, other->mixed, calls, MIXED_CALLS, NULL), 0.9);
            fflush(stdout);
        }
    }
    for (size_t d = 0; d < size_distribution_count; d++)
        printf("%s: %s\n", size_distributions[d].name, size_distributions[d].source);
}

static uint8_t *new_buffer(void)
{
    void *at = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        fprintf(stderr, "bench: no memory for two buffers of %d MiB\n", BUFFER_BYTES >> 20);
        exit(2);
    }
    memset(at, 1, BUFFER_BYTES);
    return at;
}

int main(void)
{
    static const size_t ram_sizes[] = {1,     2,      3,       4,       8,        15,   16,   24,
                                       32,    48,     64,      96,      128,      200,  256,  384,
                                       512,   768,    1000,    1024,    2048,     4096, 8192, 16384,
                                       65536, 262144, 1 << 20, 4 << 20, 32 << 20, 0};
    static const size_t device_sizes[] = {1, 2, 4, 7, 8, 16, 31, 64, 128, 256, 1000, 1024, 4096, 0};
    const struct comparison comparisons[] = {
        {"shared RAM, against libc's memmove: ratio, and storecopy's time", &run_storecopy_shared,
         &run_memmove, ram_sizes, 0.9, 1.0},
        {"to a device, against a memcpy_toio loop", &run_storecopy_to_device, &run_toio_loop,
         device_sizes, 1.0, 1.0},
        {"to a device, against QEMU's candidate (b)", &run_storecopy_to_device, &run_qemu_lowbit,
         device_sizes, 1.0, 1.0},
        {"from a device, against a memcpy_fromio loop", &run_storecopy_from_device,
         &run_fromio_loop, device_sizes, 1.0, 1.0},
        // No goals: memset stores bytes twice, and in any order, which these may not.
        {"set shared RAM, against libc's memset", &run_set_shared, &run_set_by_libc, ram_sizes, 0,
         0},
        {"set write-combining memory, against libc's memset", &run_set_wc, &run_set_by_libc,
         ram_sizes, 0, 0},
        {"set RAM in order, against libc's memset", &run_set_ordered, &run_set_by_libc,
         device_sizes, 0, 0},
        {"set a device, against libc's memset", &run_set_device, &run_set_by_libc, device_sizes, 0,
         0},
        {"set a BAR, against libc's memset", &run_set_bar, &run_set_by_libc, device_sizes, 0, 0},
    };
    dst_buffer = new_buffer();
    src_buffer = new_buffer();
    printf("storecopy's path here: %s\n", storecopy_path_name(storecopy_path_here()));
    compare(&comparisons[0]);
    compare_mixed(&run_storecopy_shared, &run_memmove);
#if defined(__x86_64__)
    // What CPUs without AVX-512 take, whatever this one has. No goal: see docs/engine.md.
    const struct comparison by_avx2 = {"shared RAM by path avx2, against libc's memmove",
                                       &run_storecopy_shared_avx2,
                                       &run_memmove,
                                       ram_sizes,
                                       0,
                                       0};
    if (storecopy_path_here() >= STORECOPY_AVX2)
        compare(&by_avx2);
#endif
    for (size_t i = 1; i < sizeof comparisons / sizeof *comparisons; i++)
        compare(&comparisons[i]);
    return 0;
}
