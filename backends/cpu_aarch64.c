// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/cpu_ask.h"
#include "backends/cpu_features.def"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

static const struct feature_row {
    const char *name;
    unsigned long word; // AT_*, or 0
    unsigned bit;
} features[] = {
#define ROW(name, above, word, bit) {name, word, bit},
    CPU_FEATURES_AARCH64(ROW)
#undef ROW
};

// Does `dc zva` clear 64 bytes, and is it allowed (Arm ARM, DCZID_EL0)?
static bool zeroes_64_bytes(void)
{
    uint64_t dczid;
    __asm__("mrs %0, dczid_el0" : "=r"(dczid));
    return (dczid & 31) == 4;
}

bool cpu_ask(const char *feature)
{
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        if (strcmp(features[i].name, feature) == 0) {
            return features[i].word == 0 ? zeroes_64_bytes()
                                         : getauxval(features[i].word) >> features[i].bit & 1;
        }
    }
    return false;
}
