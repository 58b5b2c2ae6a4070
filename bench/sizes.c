// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sizes.h"

#include <math.h>

// google/fleetbench, fleetbench/libc/distributions/MemcpyGoogleFleet.csv: all of
// Google's fleet. Sizes up to 128 as published, rounded; 129 to 4096 are 5.9 %.
static const uint16_t fleet[] = {
    5868, 5398, 3686, 3000, 5745, 2474, 2819, 2734, 11036, 1817, 4849, 1688, 1894, 1563, 1246,
    1187, 3176, 1123, 1040, 1136, 1020, 1104, 1049, 975,   1600, 751,  761,  785,  1035, 702,
    752,  907,  1703, 543,  524,  450,  829,  342,  386,   378,  564,  444,  426,  570,  366,
    432,  254,  229,  509,  338,  372,  258,  319,  220,   220,  178,  437,  194,  190,  238,
    297,  152,  133,  157,  433,  185,  166,  250,  168,   162,  172,  139,  194,  129,  163,
    210,  182,  109,  87,   121,  235,  111,  87,   104,   97,   83,   89,   77,   118,  81,
    92,   110,  65,   54,   73,   98,   177,  58,   72,    53,   92,   60,   68,   65,   66,
    60,   60,   47,   68,   40,   44,   55,   97,   45,    44,   42,   61,   42,   64,   44,
    175,  41,   37,   38,   31,   32,   44,   35,   145,
};

// llvm/llvm-project, libc/benchmarks/distributions/MemcpyGoogleD.csv: "storage" of
// Chatelet et al., automemcpy, ISMM 2021. Sizes up to 120 as published, rounded;
// 121 to 512 are 7.3 %.
static const uint16_t storage[] = {
    2350, 1371, 1044, 1175, 2285, 1762, 6723, 3721, 3916, 3721, 2480, 4569, 2676, 3590, 1567, 522,
    3068, 1240, 1044, 1371, 261,  1501, 3655, 392,  653,  4439, 1632, 4308, 587,  1697, 1110, 131,
    2937, 0,    65,   196,  2480, 392,  979,  65,   3655, 65,   131,  65,   65,   65,   914,  0,
    65,   0,    0,    65,   0,    0,    131,  0,    1632, 65,   65,   65,   0,    0,    65,   0,
    914,  65,   0,    0,    65,   0,    0,    0,    131,  0,    65,   0,    0,    131,  0,    0,
    0,    0,    0,    0,    0,    261,  0,    914,  3003, 0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    196,  0,    0,    131,  65,   457,  0,    0,    0,    0,    0,
    0,    131,  1305, 0,    0,    0,    0,    0,    65,
};

#define COUNT(weights) sizeof(weights) / sizeof *(weights)

const struct size_distribution size_distributions[] = {
    {"fleet", "fleetbench, MemcpyGoogleFleet", fleet, COUNT(fleet), 129, 4096},
    {"storage", "llvm-libc, MemcpyGoogleD", storage, COUNT(storage), 121, 512},
};
const size_t size_distribution_count = COUNT(size_distributions);

uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

size_t size_draw(const struct size_distribution *d, uint64_t *state)
{
    uint64_t left = (random_next(state) >> 16) % WEIGHTS_SUM;
    for (size_t size = 0; size < d->count; size++) {
        if (left < d->weights[size])
            return size;
        left -= d->weights[size];
    }
    double octaves = log2((double)(d->tail_last + 1) / (double)d->tail_first);
    double part = (double)(random_next(state) >> 11) / 0x1p53;
    return (size_t)((double)d->tail_first * exp2(octaves * part));
}
