// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/source.h"

#include "probe/run.h"

// splitmix64 (Steele, Lea, Flood 2014).
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void probe_source(uint64_t seed, uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        do
            bytes[i] = (uint8_t)next_random(&seed);
        while (bytes[i] == PROBE_FILL);
}

int probe_value(uint64_t seed)
{
    uint8_t byte;
    probe_source(seed, &byte, 1);
    return (int8_t)byte;
}
