// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/cpu_ask.h"
#include "backends/cpu_features.def"

#include <cpuid.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum cpuid_register { EAX, EBX, ECX, EDX };

enum { STATE_NONE = 0, STATE_YMM = 0x06, STATE_ZMM = 0xe6 };

static const struct feature_row {
    const char *name;
    uint32_t leaf;
    enum cpuid_register reg;
    unsigned bit;
    uint32_t state;
} features[] = {
#define ROW(name, above, leaf, reg, bit, state) {name, leaf, reg, bit, state},
    CPU_FEATURES_X86_64(ROW)
#undef ROW
};

static uint32_t saved_state(void)
{
    uint32_t r[4];
    if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || (r[ECX] & bit_OSXSAVE) == 0) {
        return 0;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool has(const struct feature_row *f)
{
    uint32_t r[4];
    return __get_cpuid_count(f->leaf, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) &&
           (r[f->reg] >> f->bit & 1) != 0 && (saved_state() & f->state) == f->state;
}

bool cpu_ask(const char *feature)
{
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        if (strcmp(features[i].name, feature) == 0) {
            return has(&features[i]);
        }
    }
    return false;
}
