// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/vectors.h"

#include <cpuid.h>
#include <string.h>

// Components of the state (SDM vol. 1, 13.1), and parts of the legacy area.
enum { YMM_HIGH = 2, OPMASK = 5, ZMM_HIGH = 6, ZMM_16_TO_31 = 7, COMPONENTS = 8 };
enum {
    STATUS_OFFSET = 2,
    ST_OFFSET = 32,
    XMM_OFFSET = 160,
    LEGACY_BYTES = 512,
    SOFTWARE_OFFSET = 464, // the kernel's words in the legacy area
    SOFTWARE_MAGIC = 0x46505853,
};

static uint32_t offset_of[COMPONENTS];

void vectors_open(void)
{
    for (unsigned i = 2; i < COMPONENTS; i++) {
        unsigned size, offset, c, d;
        if (__get_cpuid_count(0xd, i, &size, &offset, &c, &d) && size)
            offset_of[i] = offset;
    }
}

static const uint8_t *state(const ucontext_t *uc)
{
    return (const uint8_t *)uc->uc_mcontext.fpregs;
}

size_t vectors_state_bytes(const ucontext_t *uc)
{
    uint32_t words[5]; // magic, whole size, features (2), size of the state
    if (!state(uc))
        return 0;
    memcpy(words, state(uc) + SOFTWARE_OFFSET, sizeof words);
    return words[0] == SOFTWARE_MAGIC ? words[4] : LEGACY_BYTES;
}

// A component's bytes, or NULL when they are all zero or not there.
static const uint8_t *component(const ucontext_t *uc, unsigned number)
{
    uint64_t used;
    if (vectors_state_bytes(uc) <= LEGACY_BYTES || offset_of[number] == 0)
        return NULL;
    memcpy(&used, state(uc) + LEGACY_BYTES, sizeof used);
    return used >> number & 1 ? state(uc) + offset_of[number] : NULL;
}

// The SSE state may be in its initial form too, all zero.
static bool has_xmm(const ucontext_t *uc)
{
    uint64_t used;
    if (vectors_state_bytes(uc) <= LEGACY_BYTES)
        return true;
    memcpy(&used, state(uc) + LEGACY_BYTES, sizeof used);
    return used >> 1 & 1;
}

void vectors_read(const ucontext_t *uc, unsigned number, uint8_t out[64])
{
    const uint8_t *high;
    memset(out, 0, 64);
    if (!state(uc))
        return;
    if (number >= 16) {
        high = component(uc, ZMM_16_TO_31);
        if (high)
            memcpy(out, high + 64 * (number - 16), 64);
        return;
    }
    if (has_xmm(uc))
        memcpy(out, state(uc) + XMM_OFFSET + 16 * number, 16);
    high = component(uc, YMM_HIGH);
    if (high)
        memcpy(out + 16, high + 16 * number, 16);
    high = component(uc, ZMM_HIGH);
    if (high)
        memcpy(out + 32, high + 32 * number, 32);
}

void vectors_read_mmx(const ucontext_t *uc, unsigned number, uint8_t out[8])
{
    // They are saved from the top of the x87 stack on.
    unsigned top = state(uc)[STATUS_OFFSET + 1] >> 3 & 7;
    memcpy(out, state(uc) + ST_OFFSET + 16 * ((number - top) & 7), 8);
}

uint64_t vectors_read_mask(const ucontext_t *uc, unsigned number)
{
    uint64_t mask = 0;
    const uint8_t *masks = component(uc, OPMASK);
    if (masks)
        memcpy(&mask, masks + 8 * number, sizeof mask);
    return mask;
}
