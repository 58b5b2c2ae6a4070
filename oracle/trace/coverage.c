// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/coverage.h"
#include "base/memory.h"

#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_offset(const void *a, const void *b)
{
    const struct covered_insn *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

// Makes one of those with the same offset.
static void merge_equal(struct coverage *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (kept > 0 && c->insns[kept - 1].offset == c->insns[i].offset)
            c->insns[kept - 1].reached |= c->insns[i].reached;
        else
            c->insns[kept++] = c->insns[i];
    }
    c->count = kept;
}

void coverage_add(struct coverage *c, const struct covered_insn *insns, size_t count)
{
    if (count == 0)
        return;
    if (c->count + count > c->capacity) {
        c->capacity = c->count + count + c->capacity;
        c->insns = must(realloc(c->insns, c->capacity * sizeof *c->insns));
    }
    memcpy(c->insns + c->count, insns, count * sizeof *insns);
    c->count += count;
    qsort(c->insns, c->count, sizeof *c->insns, by_offset);
    merge_equal(c);
}

size_t coverage_known(const struct coverage *c)
{
    return c->count + c->unplaced;
}

size_t coverage_reached(const struct coverage *c)
{
    size_t reached = c->unplaced;
    for (size_t i = 0; i < c->count; i++)
        reached += c->insns[i].reached;
    return reached;
}

size_t coverage_unreachable(const struct coverage *c)
{
    size_t unreachable = 0;
    for (size_t i = 0; i < c->count; i++)
        unreachable += c->insns[i].unreachable;
    return unreachable;
}

void coverage_free(struct coverage *c)
{
    free(c->insns);
    *c = (struct coverage){0};
}

void covered_insn_text(const struct covered_insn *insn, char *text)
{
    if (insn->text[0]) {
        memcpy(text, insn->text, COVERED_TEXT_MAX);
        return;
    }
    // Offsets from the entry are what a person can look up in a disassembly.
    struct site site = {.addr = (uint64_t)insn->offset, .length = insn->length};
    memcpy(site.bytes, insn->bytes, insn->length);
    site_describe(&site, 0);
    snprintf(text, COVERED_TEXT_MAX, "%s", site.text);
}
