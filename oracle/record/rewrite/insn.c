// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/decode.h"

#include <stddef.h>

void insn_refuse(struct insn *in, const char *why)
{
    in->flow = FLOW_REFUSED;
    in->refused = why;
    in->mem_count = 0;
    in->fence = in->flush = in->prefetch = false;
    in->exclusive = EXCLUSIVE_NONE;
    in->effect = EFFECT_NONE;
}

bool insn_is_site(const struct insn *in)
{
    if (in->fence)
        return true;
    for (unsigned i = 0; i < in->mem_count; i++) {
        if (in->mems[i].load || in->mems[i].store)
            return true;
    }
    return in->drains || in->flush;
}

unsigned insn_store_bytes(const struct insn *in)
{
    unsigned widest = 0;
    for (unsigned i = 0; i < in->mem_count; i++) {
        const struct mem *m = &in->mems[i];
        if (m->store && m->width > widest)
            widest = m->width;
    }
    return widest;
}
