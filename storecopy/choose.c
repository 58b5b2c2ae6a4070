// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "choose.h"

#include "access.h"

#if STORECOPY_VECTORS
#include <cpuid.h>

// As measured on Cascade Lake. glibc takes `rep movsb` there, up to its threshold
// for non-temporal stores.
struct storecopy_strings storecopy_strings = {8192, 4 << 20, 0};

enum cpuid_register { EAX, EBX, ECX, EDX };

// State the operating system must save: bits of XCR0 (Intel SDM vol. 1, 13.3).
enum { STATE_NONE = 0, STATE_YMM = 0x06, STATE_ZMM = 0xe6 };

#define AVX512_MASKS (1u << 5 | 1u << 8 | 1u << 16 | 1u << 30 | 1u << 31)

// Bits of CPUID (Intel SDM vol. 2A). Every bit of a row is needed; the last row of
// a path or flush whose bits are all there is the best.
static const struct {
    enum storecopy_path path;
    uint32_t leaf7_ebx, leaf7_ecx, leaf1_ecx, state;
} paths[] = {
    {STORECOPY_SSE2, 0, 0, 0, STATE_NONE},
    {STORECOPY_AVX2, 1u << 5, 0, 1u << 28, STATE_YMM},
    // AVX2, BMI2, AVX512F, AVX512BW, AVX512VL
    {STORECOPY_AVX512, AVX512_MASKS, 0, 1u << 28, STATE_ZMM},
    // The same, of CPUs with AVX512_VBMI2: Ice Lake and later, Zen 4 and later. Loads and
    // stores of 64 bytes do not lower their clock, as they do on Skylake's kin.
    {STORECOPY_AVX512_WIDE, AVX512_MASKS, 1u << 6, 1u << 28, STATE_ZMM},
};

static const struct {
    enum storecopy_flush flush;
    uint32_t leaf7_ebx, leaf1_edx;
} flushes[] = {
    {STORECOPY_CLFLUSH, 0, 1u << 19},
    {STORECOPY_CLFLUSHOPT, 1u << 23, 0},
    {STORECOPY_CLWB, 1u << 24, 0},
};

static void ask(uint32_t leaf, uint32_t r[4])
{
    r[EAX] = r[EBX] = r[ECX] = r[EDX] = 0;
    __get_cpuid_count(leaf, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
}

static uint32_t saved_state(const uint32_t leaf1[4])
{
    uint32_t low, high;
    if ((leaf1[ECX] & 1u << 27) == 0) // OSXSAVE
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

// AMD's, from a family on; the last row that a CPU reaches is its own. On Zen 4 vectors
// take 0.9 of the time of `rep movsq` unless both sides are aligned; on Zen 5 it takes 0.7
// of theirs from 32 KiB on, however they lie.
static const struct {
    uint32_t family;
    struct storecopy_strings strings;
} amd_strings[] = {
    {0, {32768, 8 << 20, 31}},
    {0x1a, {32768, 16 << 20, 0}},
};

// Intel's that take `avx512_wide`, as measured on Emerald Rapids: a source that is no
// multiple of 8 takes `rep movsq` 1.7 to 7 times as long as vectors up to 512 KiB, one that
// is up to 1.5 times as long below 32 KiB; it gains 5 % where both sides are multiples of 64.
static const struct storecopy_strings intel_wide_strings = {65536, 2 << 20, 63};

static uint32_t family_of(uint32_t leaf1_eax)
{
    const uint32_t family = leaf1_eax >> 8 & 0xf;
    return family == 0xf ? family + (leaf1_eax >> 20 & 0xff) : family;
}

static const struct storecopy_strings *strings_of_amd(void)
{
    uint32_t r[4];
    ask(1, r);
    size_t i = sizeof amd_strings / sizeof *amd_strings - 1;
    while (family_of(r[EAX]) < amd_strings[i].family)
        i--;
    return &amd_strings[i].strings;
}

void storecopy_choose_strings(enum storecopy_path path)
{
    const struct storecopy_strings *own;
    uint32_t r[4];
    ask(0, r);
    // "AuthenticAMD", the order of whose registers is EBX, EDX, ECX
    if (r[EBX] == 0x68747541 && r[EDX] == 0x69746e65 && r[ECX] == 0x444d4163)
        own = strings_of_amd();
    else if (path == STORECOPY_AVX512_WIDE)
        own = &intel_wide_strings;
    else
        return;
    __atomic_store_n(&storecopy_strings.from, own->from, __ATOMIC_RELAXED);
    __atomic_store_n(&storecopy_strings.to, own->to, __ATOMIC_RELAXED);
    __atomic_store_n(&storecopy_strings.misaligned, own->misaligned, __ATOMIC_RELAXED);
}

enum storecopy_path storecopy_find_path(void)
{
    enum storecopy_path best = STORECOPY_PORTABLE;
    uint32_t leaf1[4], leaf7[4];
    ask(1, leaf1);
    ask(7, leaf7);
    uint32_t state = saved_state(leaf1);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if ((leaf7[EBX] & paths[i].leaf7_ebx) == paths[i].leaf7_ebx &&
            (leaf7[ECX] & paths[i].leaf7_ecx) == paths[i].leaf7_ecx &&
            (leaf1[ECX] & paths[i].leaf1_ecx) == paths[i].leaf1_ecx &&
            (state & paths[i].state) == paths[i].state)
            best = paths[i].path;
    }
    return best;
}

enum storecopy_flush storecopy_find_flush(void)
{
    enum storecopy_flush best = STORECOPY_NO_FLUSH;
    uint32_t leaf1[4], leaf7[4];
    ask(1, leaf1);
    ask(7, leaf7);
    for (size_t i = 0; i < sizeof flushes / sizeof *flushes; i++) {
        if ((leaf7[EBX] & flushes[i].leaf7_ebx) == flushes[i].leaf7_ebx &&
            (leaf1[EDX] & flushes[i].leaf1_edx) == flushes[i].leaf1_edx)
            best = flushes[i].flush;
    }
    return best;
}
#else
enum storecopy_path storecopy_find_path(void)
{
    return STORECOPY_PORTABLE;
}

enum storecopy_flush storecopy_find_flush(void)
{
    return STORECOPY_NO_FLUSH;
}

void storecopy_choose_strings(enum storecopy_path path)
{
    (void)path;
}
#endif

const char *storecopy_path_name(enum storecopy_path path)
{
    static const char *const names[STORECOPY_PATHS] = {
        [STORECOPY_PORTABLE] = "portable",
        [STORECOPY_SSE2] = "sse2",
        [STORECOPY_AVX2] = "avx2",
        [STORECOPY_AVX512] = "avx512",
        [STORECOPY_AVX512_WIDE] = "avx512_wide",
    };
    return path < STORECOPY_PATHS ? names[path] : "unknown";
}
