// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/code.h"

#include "base/memory.h"
#include "prove/cpu.h"

#include <stdlib.h>
#include <string.h>

void code_init(struct code *p, uint64_t entry, struct extent *extents, size_t count,
               const struct prove_cpu *cpu)
{
    *p = (struct code){.entry = entry, .extents = extents, .extent_count = count, .cpu = cpu};
    p->step_capacity = 1 << 10;
    p->steps = must(calloc(p->step_capacity, sizeof(void *)));
}

void code_free(struct code *p)
{
    for (size_t i = 0; i < p->step_capacity; i++)
        free(p->steps[i]);
    free(p->steps);
    free(p->extents);
}

const uint8_t *code_bytes(const struct code *p, uint64_t at, uint64_t count, bool *writable)
{
    for (size_t i = 0; i < p->extent_count; i++) {
        const struct extent *e = &p->extents[i];
        if (at < e->lo || at >= e->hi || count > e->hi - at)
            continue;
        if (writable)
            *writable = e->writable;
        return e->bytes + (at - e->lo);
    }
    return NULL;
}

static struct step **slot_of(const struct code *p, uint64_t at)
{
    size_t i = (at * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (p->step_capacity - 1);
    while (p->steps[i] && p->steps[i]->at != at)
        i = (i + 1) & (p->step_capacity - 1);
    return &p->steps[i];
}

static void grow(struct code *p)
{
    struct step **old = p->steps;
    size_t capacity = p->step_capacity;
    p->step_capacity *= 2;
    p->steps = must(calloc(p->step_capacity, sizeof(void *)));
    for (size_t i = 0; i < capacity; i++)
        if (old[i])
            *slot_of(p, old[i]->at) = old[i];
    free(old);
}

// As many bytes of code as there are, at most what one instruction has.
static size_t code_at(const struct code *p, uint64_t at, const uint8_t **code, bool *writable)
{
    size_t count = p->cpu->insn_bytes;
    while (count > 0 && !(*code = code_bytes(p, at, count, writable)))
        count--;
    return count;
}

const struct step *code_step(struct code *p, uint64_t at, const char **why)
{
    struct step **slot = slot_of(p, at);
    if (*slot)
        return *slot;
    const uint8_t *code = NULL;
    bool writable = false;
    size_t count = code_at(p, at, &code, &writable);
    *why = count == 0 ? "it goes where none of its code is" : "its code is writable";
    if (count == 0 || writable)
        return NULL;
    struct step *s = must(calloc(1, sizeof *s));
    s->at = at;
    if (!p->cpu->decode(s, code, count)) {
        *why = "bytes that are no known instruction";
        free(s);
        return NULL;
    }
    s->next = at + s->site.length;
    *slot = s;
    if (2 * ++p->step_count > p->step_capacity)
        grow(p);
    return s;
}
