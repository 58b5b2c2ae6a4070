// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Two threads, one buffer: one copies into it, over and over, each time another
// value; the other polls it meanwhile, as a guest or device would. Every aligned
// element must change from one value to the next as a whole. The reader consumes
// what it sees, by putting 0 there, and must never find the same copy's value
// again. Of an ordered copy, nothing may be seen before what lies below it.
//
// race [SECONDS] runs storecopy's paths and must find nothing; then the libc's
// memmove, which it must catch. Where it does not in the time given, it was not
// able to tell: exit status 77, "inconclusive". 0: storecopy found right and the
// libc caught. 1: storecopy caught.

#include "backends/cpu.h"
#include "base/host.h"
#include "paths.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES_MAX = 1 << 16, WINDOW = 64, SESSION_US = 1500, INCONCLUSIVE = 77 };
// Values that copies go through before one comes again, and how many copies later
// the reader no longer trusts it to be the same.
enum { VALUES = 255 * 255, LAPPED = VALUES / 2 };
// Where the two threads seldom run at once, the libc is given that many times
// as long.
enum { PATIENCE = 4 };

// What the reader saw that it must not.
enum fault { FAULT_TORN, FAULT_REWRITTEN, FAULT_REORDERED, FAULTS };
static const char *const fault_name[FAULTS] = {
    [FAULT_TORN] = "torn", [FAULT_REWRITTEN] = "written again", [FAULT_REORDERED] = "out of order"};

// One of the largest naturally aligned elements that the copy's bytes can be cut
// into; single bytes at the ends are left out.
struct element {
    uint32_t off;
    uint8_t width;
    uint16_t consumed;    // value that was, 0: none
    uint64_t consumed_at; // copies then
};

// What the threads share for a while. Changed only while the writer waits.
struct session {
    storecopy_function *copy;
    size_t dst_off, src_off, size;
};

static _Alignas(4096) uint8_t dst_buffer[BYTES_MAX + 4096], src_buffer[BYTES_MAX + 4096];
static struct element elements[BYTES_MAX];
static size_t element_count;
static struct session current;
static atomic_uint session, running; // numbers; the writer copies while they are equal
static atomic_ullong copies_begun;
static atomic_bool quit;

// The value of a copy: two bytes, neither 0.
static uint16_t value_of(uint64_t copy)
{
    return (uint16_t)(1 + copy % 255 + 256 * (1 + copy / 255 % 255));
}

// How many copies VALUE is before the one of number NOW.
static uint64_t age_of(uint16_t value, uint64_t now)
{
    uint64_t index = (value % 256 - 1u) + 255u * (value / 256 - 1u);
    return (now % VALUES + VALUES - index) % VALUES;
}

// So that each two aligned bytes of the destination hold the value.
static void fill_source(uint16_t value)
{
    size_t odd = current.dst_off % 2, n = current.size;
    uint8_t *src = src_buffer + current.src_off;
    for (size_t i = 0; i < n; i++)
        src[i] = (uint8_t)((i + odd) % 2 ? value >> 8 : value);
}

static void *writer(void *unused)
{
    uint64_t copy = 0;
    (void)unused;
    while (!atomic_load(&quit)) {
        unsigned now = atomic_load_explicit(&session, memory_order_acquire);
        if (now == atomic_load(&running)) {
            sched_yield();
            continue;
        }
        atomic_store_explicit(&running, now, memory_order_release);
        while (atomic_load_explicit(&session, memory_order_relaxed) == now) {
            fill_source(value_of(++copy));
            atomic_store_explicit(&copies_begun, copy, memory_order_release);
            current.copy(dst_buffer + current.dst_off, src_buffer + current.src_off, current.size);
        }
        atomic_store_explicit(&running, now + 1, memory_order_release);
    }
    return NULL;
}

static volatile void *address_of(const struct element *e)
{
    return dst_buffer + current.dst_off + e->off;
}

static uint64_t load_element(const struct element *e)
{
    volatile void *at = address_of(e);
    return e->width == 2   ? *(volatile uint16_t *)at
           : e->width == 4 ? *(volatile uint32_t *)at
                           : *(volatile uint64_t *)at;
}

static void clear_element(const struct element *e)
{
    volatile void *at = address_of(e);
    if (e->width == 2)
        *(volatile uint16_t *)at = 0;
    else if (e->width == 4)
        *(volatile uint32_t *)at = 0;
    else
        *(volatile uint64_t *)at = 0;
}

static bool is_whole(uint64_t value, unsigned width)
{
    return value == (UINT64_C(0x0001000100010001) * (value & 0xffff) >> (64 - 8 * width));
}

static void cut_elements(void)
{
    element_count = 0;
    for (size_t off = 0; off < current.size;) {
        size_t at = current.dst_off + off, width = at & -at & 7;
        width = width ? width : 8;
        while (width > current.size - off)
            width /= 2;
        if (width > 1)
            elements[element_count++] = (struct element){(uint32_t)off, (uint8_t)width, 0, 0};
        off += width;
    }
}

// Consumes elements from FIRST up to LAST.
static void consume(size_t first, size_t last, uint64_t faults[FAULTS])
{
    for (size_t i = first; i < last; i++) {
        struct element *e = &elements[i];
        uint64_t value = load_element(e);
        if (value == 0)
            continue;
        clear_element(e);
        uint64_t now = atomic_load_explicit(&copies_begun, memory_order_acquire);
        faults[FAULT_TORN] += !is_whole(value, e->width);
        faults[FAULT_REWRITTEN] += e->consumed == (uint16_t)value && now - e->consumed_at < LAPPED;
        e->consumed = (uint16_t)value;
        e->consumed_at = now;
    }
}

// Looks at the same from above: what lies below a value seen must be as new.
static void compare_order(size_t first, size_t last, uint64_t faults[FAULTS])
{
    uint16_t above = 0;
    uint64_t seen_at = atomic_load_explicit(&copies_begun, memory_order_acquire);
    for (size_t i = last; i-- > first;) {
        uint64_t value = load_element(&elements[i]);
        uint64_t now = atomic_load_explicit(&copies_begun, memory_order_acquire);
        if (now - seen_at > LAPPED || value == 0)
            return;
        faults[FAULT_TORN] += !is_whole(value, elements[i].width);
        faults[FAULT_REORDERED] += above != 0 && age_of((uint16_t)value, now) > age_of(above, now);
        above = (uint16_t)value;
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t random_next(void)
{
    static uint64_t state = 0x2545f4914f6cdd1d;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state >> 8;
}

// Polls both ends, where code changes, and the middle in turns.
static void poll_once(bool order, uint64_t faults[FAULTS])
{
    void (*look)(size_t, size_t, uint64_t *) = order ? compare_order : consume;
    size_t n = element_count, window = n < WINDOW ? n : WINDOW;
    size_t middle = n > 3 * WINDOW ? random_next() % (n - WINDOW) : 0;
    look(0, window, faults);
    look(n - window, n, faults);
    look(middle, middle + window, faults);
}

// Lets the writer copy for a while, and polls. How many copies it made.
static uint64_t run_session(const struct session *wanted, bool order, uint64_t faults[FAULTS])
{
    uint64_t before = atomic_load(&copies_begun);
    unsigned now = atomic_load(&session) + 1;
    current = *wanted;
    memset(dst_buffer, 0, sizeof dst_buffer);
    cut_elements();
    atomic_store_explicit(&session, now, memory_order_release);
    while (atomic_load(&running) != now)
        sched_yield();
    const double end = seconds() + SESSION_US / 1e6;
    while (seconds() < end)
        for (unsigned i = 0; i < 64; i++)
            poll_once(order, faults);
    // The writer leaves off when the number changes, and says so.
    atomic_store_explicit(&session, now + 1, memory_order_release);
    while (atomic_load_explicit(&running, memory_order_acquire) != now + 1)
        sched_yield();
    return atomic_load(&copies_begun) - before;
}

// Sizes of each of storecopy's ways, and at which glibc stores a byte again after
// other stores.
static const size_t sizes[] = {2,   4,   8,   15,  24,   33,   64,   100,
                               200, 256, 600, 999, 2000, 4001, 9000, BYTES_MAX - 33};
enum { SIZES = sizeof sizes / sizeof *sizes };

// Sessions for AT_LEAST seconds; AT_MOST as long as nothing was found. True when
// nothing was.
static bool run_copy(const char *name, storecopy_function *copy, bool ordered, double at_least,
                     double at_most)
{
    uint64_t faults[FAULTS] = {0}, count = 0;
    const double start = seconds();
    bool found = false;
    for (size_t turn = 0; seconds() - start < (found ? at_least : at_most); turn++) {
        const struct session s = {copy, random_next() % 64, random_next() % 64,
                                  sizes[turn % SIZES]};
        count += run_session(&s, ordered && turn / SIZES % 2, faults);
        for (size_t i = 0; i < FAULTS; i++)
            found = found || faults[i];
    }
    printf("%-28s %9" PRIu64 " copies:", name, count);
    for (size_t i = 0; i < FAULTS; i++)
        if (faults[i])
            printf(" %" PRIu64 " %s", faults[i], fault_name[i]);
    printf(found ? "\n" : " each element once, whole%s\n", ordered ? ", in order" : "");
    fflush(stdout);
    return !found;
}

static void *libc_move(void *dst, const void *src, size_t n)
{
    return memmove(dst, src, n);
}

static const struct {
    const char *name, *features;
    storecopy_function *copy;
    bool ordered;
} copies[] = {
    {"shared_portable", "", storecopy_shared_portable, false},
    {"shared_sse2", "sse2", HOST_X86_64(storecopy_shared_sse2), false},
    {"shared_avx2", "avx avx2", HOST_X86_64(storecopy_shared_avx2), false},
    {"shared_avx512", "avx2 bmi2 avx512f avx512bw avx512vl", HOST_X86_64(storecopy_shared_avx512),
     false},
    {"shared_avx512_wide", "avx2 bmi2 avx512f avx512bw avx512vl",
     HOST_X86_64(storecopy_shared_avx512_wide), false},
    {"ordered_portable", "", storecopy_ordered_portable, true},
    {"ordered_avx", "avx", HOST_X86_64(storecopy_ordered_avx), true},
};
enum { COPIES = sizeof copies / sizeof *copies };

int main(int count, char **arguments)
{
    const double limit = count > 1 ? strtod(arguments[1], NULL) : 2;
    bool right = true;
    pthread_t thread;
    if (pthread_create(&thread, NULL, writer, NULL) != 0)
        return 2;
    for (size_t i = 0; i < COPIES; i++) {
        const char *lacks = cpu_lacks(copies[i].features);
        if (lacks)
            printf("%-28s skipped: CPU lacks %s\n", copies[i].name, lacks);
        else
            right = run_copy(copies[i].name, copies[i].copy, copies[i].ordered, limit / COPIES,
                             limit / COPIES) &&
                    right;
    }
    bool caught =
        !run_copy("the libc's memmove", libc_move, false, limit / COPIES, PATIENCE * limit);
    atomic_store(&quit, true);
    pthread_join(thread, NULL);
    if (!right)
        return 1;
    if (!caught)
        printf("inconclusive: the libc's memmove was not caught in %.1f s either\n",
               PATIENCE * limit);
    return caught ? 0 : INCONCLUSIVE;
}
