// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// storecopy through its header: the bytes it copies are memmove's, and none
// other; what it refuses; its FIFO accesses, which no contract describes. Which
// loads and stores it makes is judged by the sweeps.

#include "backends/cpu.h"
#include "base/host.h"
#include "paths.h"
#include "sweep/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { PAGE = 4096, GUARD = 0x5a };

// ---- the bytes ----

static void *to_device_4(void *dst, const void *src, size_t n)
{
    return storecopy_to_device_width(dst, src, n, 4);
}

static void *from_device_2(void *dst, const void *src, size_t n)
{
    return storecopy_from_device_width(dst, src, n, 2);
}

static void *move_with_keep(void *dst, const void *src, size_t n)
{
    // Not a byte more than it asks for: a sanitizer sees what it takes beyond.
    size_t bytes = storecopy_ordered_keep(dst, src, n);
    void *keep = malloc(bytes);
    void *result = storecopy_ordered_move(dst, src, n, keep, bytes);
    free(keep);
    return result;
}

static const struct {
    const char *name, *features;
    storecopy_function *copy;
    bool moves;
} copies[] = {
    {"shared", "", storecopy_shared, true},
    {"shared_portable", "", storecopy_shared_portable, true},
    {"shared_sse2", "sse2", HOST_X86_64(storecopy_shared_sse2), true},
    {"shared_avx2", "avx avx2", HOST_X86_64(storecopy_shared_avx2), true},
    {"shared_avx512", "avx2 bmi2 avx512f avx512bw avx512vl", HOST_X86_64(storecopy_shared_avx512),
     true},
    {"shared_avx512_wide", "avx2 bmi2 avx512f avx512bw avx512vl",
     HOST_X86_64(storecopy_shared_avx512_wide), true},
    {"qemu_ram", "", storecopy_qemu_ram, true},
    {"ordered_move", "", move_with_keep, true},
    {"ordered", "", storecopy_ordered, false},
    {"ordered_portable", "", storecopy_ordered_portable, false},
    {"to_device", "", storecopy_to_device, false},
    {"to_device_4", "", to_device_4, false},
    {"from_device", "", storecopy_from_device, false},
    {"from_device_2", "", from_device_2, false},
    {"to_bar", "", storecopy_to_bar, false},
    {"from_bar", "", storecopy_from_bar, false},
    {"wc", "", storecopy_wc, false},
    {"wc_portable", "", storecopy_wc_portable, false},
    {"wc_sse2", "sse2", HOST_X86_64(storecopy_wc_sse2), false},
    {"pmem", "clflush", storecopy_pmem, false},
    {"pmem_clflush", "clflush", HOST_X86_64(storecopy_pmem_clflush), false},
};
enum { COPIES = sizeof copies / sizeof *copies };

static void fill(uint8_t *at, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)((i + 1) * 167 + seed * 31 + (i >> 8) * 13);
}

static void check_copy(size_t which, size_t dst_off, size_t src_off, size_t n)
{
    static uint8_t dst[8 * PAGE], src[8 * PAGE], want[8 * PAGE];
    memset(dst, GUARD, sizeof dst);
    memset(want, GUARD, sizeof want);
    fill(src, sizeof src, (unsigned)n);
    memcpy(want + dst_off, src + src_off, n);
    void *result = copies[which].copy(dst + dst_off, src + src_off, n);
    if (result != dst + dst_off || memcmp(dst, want, sizeof dst) != 0)
        fail_msg("%s of %zu bytes from offset %zu to %zu", copies[which].name, n, src_off, dst_off);
}

static void check_move(size_t which, size_t dst_off, size_t src_off, size_t n)
{
    static uint8_t got[8 * PAGE], want[8 * PAGE];
    fill(got, sizeof got, 7);
    memcpy(want, got, sizeof want);
    memmove(want + dst_off, want + src_off, n);
    void *result = copies[which].copy(got + dst_off, got + src_off, n);
    if (result != got + dst_off || memcmp(got, want, sizeof got) != 0)
        fail_msg("%s of %zu bytes from offset %zu to %zu of a buffer", copies[which].name, n,
                 src_off, dst_off);
}

// On this CPU; if not, it is said by name.
static bool can_run(size_t which)
{
    const char *lacks = cpu_lacks(copies[which].features);
    if (lacks)
        print_message("skip %s: CPU lacks %s\n", copies[which].name, lacks);
    return !lacks;
}

static void each_copies_the_bytes_and_no_others(void **state)
{
    (void)state;
    for (size_t which = 0; which < COPIES; which++) {
        if (!can_run(which))
            continue;
        for (size_t n = 0; n <= 300; n += n < 70 ? 1 : 23)
            for (size_t dst = 0; dst < 64; dst += 5)
                for (size_t src = 0; src < 64; src += 21)
                    check_copy(which, PAGE + dst, PAGE + src, n);
        for (size_t n = 1000; n < 5 * PAGE; n += 1237)
            check_copy(which, PAGE + n % 64, PAGE + n % 11, n);
    }
}

static void moves_take_every_overlap(void **state)
{
    (void)state;
    for (size_t which = 0; which < COPIES; which++) {
        if (!copies[which].moves || !can_run(which))
            continue;
        for (size_t n = 0; n <= 200; n += n < 20 ? 1 : 7)
            for (size_t src = 3 * PAGE - 140; src <= 3 * PAGE + 140; src += 3)
                check_move(which, 3 * PAGE + n % 64, src, n);
        for (size_t n = 300; n < 3 * PAGE; n += 1111) {
            check_move(which, PAGE + n / 2, PAGE, n);
            check_move(which, PAGE + n - 1, PAGE, n);
            check_move(which, PAGE + 33, PAGE, n);
            check_move(which, PAGE, PAGE + n / 3, n);
        }
    }
}

// Masked-off bytes may lie where nothing is mapped.
static void nothing_beyond_the_buffers_is_touched(void **state)
{
    (void)state;
    uint8_t *dst = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *src = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(dst != MAP_FAILED && src != MAP_FAILED);
    mprotect(dst + PAGE, PAGE, PROT_READ | PROT_WRITE);
    mprotect(src + PAGE, PAGE, PROT_READ | PROT_WRITE);
    fill(src + PAGE, PAGE, 1);
    for (size_t which = 0; which < COPIES; which++) {
        if (!can_run(which))
            continue;
        for (size_t n = 0; n <= 400; n++) {
            assert_ptr_equal(copies[which].copy(dst + PAGE, src + PAGE, n), dst + PAGE);
            uint8_t *end = dst + 2 * PAGE - n;
            assert_ptr_equal(copies[which].copy(end, src + 2 * PAGE - n, n), end);
            assert_memory_equal(end, src + 2 * PAGE - n, n);
        }
    }
    munmap(dst, 3 * PAGE);
    munmap(src, 3 * PAGE);
}

// ---- what is refused ----

static void an_ordered_copy_refuses_to_overwrite_what_it_has_not_read(void **state)
{
    (void)state;
    uint8_t buffer[64], before[64];
    fill(buffer, sizeof buffer, 3);
    memcpy(before, buffer, sizeof buffer);
    assert_null(storecopy_ordered(buffer + 1, buffer, 20));
    assert_null(storecopy_ordered(buffer + 19, buffer, 20));
    assert_memory_equal(buffer, before, sizeof buffer);
    assert_non_null(storecopy_ordered(buffer + 20, buffer, 20));
    assert_non_null(storecopy_ordered(buffer, buffer + 1, 20));
}

static void an_ordered_move_keeps_the_least_there_is(void **state)
{
    (void)state;
    uint8_t buffer[64] = {0}, before[64], keep[32] = {0};
    assert_int_equal(storecopy_ordered_keep(buffer + 3, buffer, 20), 3);
    assert_int_equal(storecopy_ordered_keep(buffer + 18, buffer, 20), 2);
    assert_int_equal(storecopy_ordered_keep(buffer + 10, buffer, 20), 10);
    assert_int_equal(storecopy_ordered_keep(buffer + 20, buffer, 20), 0);
    assert_int_equal(storecopy_ordered_keep(buffer, buffer + 3, 20), 0);
    assert_int_equal(storecopy_ordered_keep(buffer, buffer, 20), 0);
    fill(buffer, sizeof buffer, 3);
    memcpy(before, buffer, sizeof buffer);
    assert_null(storecopy_ordered_move(buffer + 10, buffer, 20, keep, 9));
    assert_memory_equal(buffer, before, sizeof buffer);
    assert_non_null(storecopy_ordered_move(buffer + 10, buffer, 20, keep, 10));
    assert_memory_equal(buffer + 10, before, 20);
}

static void an_ordered_move_on_the_stack_has_its_limit(void **state)
{
    (void)state;
    enum { LIMIT = STORECOPY_STACK_KEEP_BYTES };
    static uint8_t buffer[4 * LIMIT], before[4 * LIMIT];
    fill(buffer, sizeof buffer, 5);
    memcpy(before, buffer, sizeof buffer);
    assert_null(storecopy_ordered_move_stack(buffer + LIMIT + 1, buffer, 2 * LIMIT + 2));
    assert_memory_equal(buffer, before, sizeof buffer);
    assert_non_null(storecopy_ordered_move_stack(buffer + LIMIT, buffer, 2 * LIMIT));
    assert_memory_equal(buffer + LIMIT, before, 2 * LIMIT);
}

#if !defined(STORECOPY_CHECKS)
static void devices_refuse_widths_that_are_none(void **state)
{
    (void)state;
    uint64_t device[2] = {0}, ram[2] = {1, 2};
    static const unsigned widths[] = {0, 3, 5, 16};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        assert_null(storecopy_to_device_width(device, ram, 8, widths[i]));
        assert_null(storecopy_from_device_width(device, ram, 8, widths[i]));
        assert_false(storecopy_to_fifo(device, ram, 1, widths[i]));
        assert_false(storecopy_from_fifo(device, ram, 1, widths[i]));
    }
    assert_false(storecopy_to_fifo((uint8_t *)device + 2, ram, 1, 4));
    assert_false(storecopy_from_fifo(device, (uint8_t *)ram + 1, 1, 2));
    assert_int_equal(device[0], 0);
}

static void copies_apart_refuse_what_would_go_wrong(void **state)
{
    (void)state;
    uint8_t buffer[128] = {0};
    assert_null(storecopy_to_device(buffer + 1, buffer, 64));
    assert_null(storecopy_from_device(buffer + 1, buffer, 64));
    assert_null(storecopy_to_bar(buffer + 1, buffer, 64));
    assert_null(storecopy_from_bar(buffer + 1, buffer, 64));
    assert_null(storecopy_wc(buffer + 1, buffer, 64));
    assert_null(storecopy_pmem(buffer + 1, buffer, 64));
}

// ---- FIFOs ----

// All accesses of COUNT elements of WIDTH bytes, through a register.
static void check_fifo(const void *code, unsigned width, enum access_kind register_side)
{
    enum { COUNT = 9 };
    char name[] = "fifo";
    struct error error;
    struct backend b = {.name = name,
                        .symbol = name,
                        .from = name,
                        .result = RESULT_NONE,
                        .arg4 = width,
                        .size_unit = 1,
                        .align = 1,
                        .code = code};
    const struct sweep_options options = {
        .recorder = recorder_find("rewrite"), .device = DEVICE_DST, .jobs = 1, .timeout_ms = 2000};
    const struct copy_case c = {.op = OP_MEMCPY, .size = COUNT, .fill = 1};
    struct recording r = {.layout = {.size = 0}};
    if (!sweep_record(&b, &c, false, &options, &r, &error))
        fail_msg("%s", error.text);
    assert_int_equal(r.trace.outcome, OUTCOME_RETURNED);
    size_t seen[2] = {0, 0};
    for (size_t i = 0; i < r.trace.count; i++) {
        const struct access *a = &r.trace.accesses[i];
        int64_t off;
        enum region region = trace_region(&r.trace, &r.layout, a, &off);
        // A compiler may have made a table of its own to jump by.
        if (a->kind > ACCESS_STORE || (region != REGION_DST && region != REGION_SRC))
            continue;
        const uint8_t *base = a->kind == ACCESS_STORE ? r.layout.dst : r.layout.src;
        size_t at = a->kind == register_side ? 0 : seen[a->kind] * width;
        assert_int_equal(a->width, width);
        assert_int_equal(a->addr - (uintptr_t)base, at);
        seen[a->kind]++;
    }
    assert_int_equal(seen[ACCESS_LOAD], COUNT);
    assert_int_equal(seen[ACCESS_STORE], COUNT);
    recording_free(&r);
}

static void a_fifo_is_one_access_of_the_width_an_element(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 8; width *= 2) {
        check_fifo((const void *)(uintptr_t)storecopy_to_fifo, width, ACCESS_STORE);
        check_fifo((const void *)(uintptr_t)storecopy_from_fifo, width, ACCESS_LOAD);
    }
}

#endif

static void the_path_has_a_name(void **state)
{
    (void)state;
    for (unsigned path = 0; path < STORECOPY_PATHS; path++)
        assert_string_not_equal(storecopy_path_name((enum storecopy_path)path), "unknown");
    print_message("path here: %s\n", storecopy_path_name(storecopy_path_here()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_copies_the_bytes_and_no_others),
        cmocka_unit_test(moves_take_every_overlap),
        cmocka_unit_test(nothing_beyond_the_buffers_is_touched),
        cmocka_unit_test(an_ordered_copy_refuses_to_overwrite_what_it_has_not_read),
        cmocka_unit_test(an_ordered_move_keeps_the_least_there_is),
        cmocka_unit_test(an_ordered_move_on_the_stack_has_its_limit),
#if !defined(STORECOPY_CHECKS) // there, these are for test_checks.c
        cmocka_unit_test(devices_refuse_widths_that_are_none),
        cmocka_unit_test(copies_apart_refuse_what_would_go_wrong),
        cmocka_unit_test(a_fifo_is_one_access_of_the_width_an_element),
#endif
        cmocka_unit_test(the_path_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
