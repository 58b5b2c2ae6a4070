// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/emit.h"

#include <string.h>

void emit_bytes(struct emitter *e, const void *bytes, size_t length)
{
    if ((size_t)(e->end - e->next) < length) {
        e->full = true;
        return;
    }
    memcpy(e->next, bytes, length);
    e->next += length;
}

void emit_u32(struct emitter *e, uint32_t word)
{
    emit_bytes(e, &word, sizeof word);
}
