// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes the instrumented copy: plans each block's records, has it written, and
// joins the blocks.

#include "base/host.h"
#include "base/memory.h"
#include "record/rewrite/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CODE_BYTES_DEFAULT = 16 << 20 };

// ---- where in the copy ----

const struct host_insn *translation_where(const struct translation *t, const uint8_t *pc)
{
    size_t lo = 0, hi = t->map_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->map[mid].end <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->map_count && t->map[lo].begin <= pc ? &t->map[lo] : NULL;
}

bool translation_holds(const struct translation *t, const uint8_t *pc)
{
    return t->code && pc >= t->code && pc < t->code + t->code_bytes;
}

// ---- jumps ----

// Ends the run: the code at TARGET is not known yet. Once it is, the stub's
// first bytes become a jump to it.
static const uint8_t *stub_for(struct writer *w, uint64_t target)
{
    uint64_t known;
    if (address_map_get(&w->t->stubs, target, &known))
        return (const uint8_t *)(uintptr_t)known;
    const uint8_t *at = w->e->next;
    writer_unknown(w, target);
    address_map_put(&w->t->stubs, target, (uintptr_t)at);
    return at;
}

static void resolve_patches(struct writer *w)
{
    struct translation *t = w->t;
    for (size_t i = 0; i < t->patch_count && !w->e->full; i++) {
        const uint8_t *copy = translation_find(t, t->patches[i].target);
        if (!copy)
            copy = stub_for(w, t->patches[i].target);
        if (!w->e->full && !emit_patch(t->patches[i].end, copy))
            t->far = w->e->full = true;
    }
    t->patch_count = 0;
    for (size_t i = 0; i < t->stubs.capacity; i++) {
        const uint8_t *copy = t->stubs.keys[i] ? translation_find(t, t->stubs.keys[i]) : NULL;
        if (!copy)
            continue;
        struct emitter over = {(uint8_t *)(uintptr_t)t->stubs.values[i], NULL, false};
        over.end = over.next + CPU_JUMP_BYTES;
        emit_jump(&over, copy);
    }
}

// ---- blocks ----

// Tells the segment at a block's start from others, by a number that follows
// from the block's place in the routine.
static void name_block(struct writer *w, const struct block_insn *block, size_t count)
{
    struct segment *s = &w->t->table.segments[block[0].step.segment];
    uint64_t offset = w->r->program.insns[block[0].insn].addr - w->r->routine->entry;
    s->block = (uint32_t)(offset * UINT64_C(0x9e3779b97f4a7c15) >> 32) | 1;
    s->insn = block[0].insn;
    s->insns = (uint32_t)count;
}

// The block's instructions and its segments, which must be known as a whole
// before the first record is written. Gives the number of instructions; NEXT is
// the address after the last.
static size_t plan_block(struct writer *w, uint64_t address, struct block_insn **out,
                         uint64_t *next)
{
    const struct program *p = &w->r->program;
    struct translation *t = w->t;
    struct segment_builder builder;
    bool named = w->r->options.blocks && !w->r->quiet &&
                 (w->r->options.edges || !cover_has_block(p, address));
    segment_begin_block(&builder, &t->table, &t->rules, named);
    size_t n = 0;
    uint64_t i;
    for (bool ended = false; !ended && address_map_get(&p->at, address, &i); n++) {
        if (n > 0 && address_map_get(&p->leaders, address, NULL))
            break;
        const struct insn *in = &p->insns[i];
        if (n == t->block_capacity) {
            t->block_capacity = n ? 2 * n : 64;
            t->block = must(realloc(t->block, t->block_capacity * sizeof *t->block));
        }
        struct block_insn *b = &t->block[n];
        b->insn = (uint32_t)i;
        b->fits = segment_take(&builder, in, p->sites[i], &b->step);
        address += in->length;
        ended = in->flow != FLOW_NEXT || !b->fits;
    }
    if (n > 0 && named)
        name_block(w, t->block, n);
    *out = t->block;
    *next = address;
    return n;
}

// AFTER: address of the block that is written next, for falling through.
static void write_block(struct writer *w, uint64_t address, uint64_t after)
{
    struct block_insn *block;
    uint64_t next;
    address_map_put(&w->t->blocks, address, (uintptr_t)w->e->next);
    size_t n = plan_block(w, address, &block, &next);
    w->pending = w->segment = w->done = 0;
    for (size_t k = 0; k < n; k++) {
        const struct insn *in = &w->r->program.insns[block[k].insn];
        const struct segment_step *step = &block[k].step;
        if (step->starts && w->pending > CPU_PENDING_MOST)
            writer_settle_log(w);
        int32_t at = (int32_t)w->pending;
        if (!block[k].fits) {
            writer_settle_log(w);
            writer_refused(w, block[k].insn);
            return;
        }
        if (step->starts)
            writer_record(w, block[k].insn, step->segment);
        w->done = step->done;
        if (writer_flow(w, in, block[k].insn, step->segment, at)) {
            if (in->flow == FLOW_BRANCH && next != after)
                writer_jump(w, next);
            return;
        }
        uint8_t *begin = w->e->next;
        writer_plain(w, block[k].insn);
        writer_map(w, begin, block[k].insn);
        if (step->starts)
            writer_after(w, block[k].insn, step->segment, at);
    }
    writer_settle_log(w);
    if (n == 0 || next != after)
        writer_jump(w, next);
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// All blocks that are known and not yet written, in the routine's order, so
// that falling through needs no jump.
static void write_blocks(struct writer *w)
{
    const struct program *p = &w->r->program;
    uint64_t *todo = must(malloc((p->leaders.count + 1) * sizeof *todo));
    size_t n = 0;
    for (size_t i = 0; i < p->leaders.capacity; i++) {
        uint64_t address = p->leaders.keys[i];
        if (address && address_map_get(&p->at, address, NULL) && !translation_find(w->t, address)) {
            todo[n++] = address;
        }
    }
    qsort(todo, n, sizeof *todo, by_address);
    for (size_t i = 0; i < n && !w->e->full; i++)
        write_block(w, todo[i], i + 1 < n ? todo[i + 1] : 0);
    free(todo);
    resolve_patches(w);
}

// ---- making a translation ----

static bool allocate(struct translation *t, size_t code_bytes)
{
    t->code_bytes = code_bytes ? code_bytes : CODE_BYTES_DEFAULT;
    void *code = mmap(NULL, t->code_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | host.map_low, -1, 0);
    if (code == MAP_FAILED)
        return false;
    t->code = code;
    const size_t table_bytes = INDIRECT_CHAINS * sizeof *t->indirect;
    t->indirect = must(aligned_alloc(table_bytes, table_bytes));
    address_map_init(&t->blocks);
    address_map_init(&t->stubs);
    address_map_init(&t->indirect_known);
    segment_table_init(&t->table);
    return true;
}

static void start_over(struct writer *w)
{
    struct translation *t = w->t;
    t->emit = (struct emitter){t->code, t->code + t->code_bytes, false};
    t->map_count = t->patch_count = 0;
    t->stale = false;
    t->entry = NULL;
    cover_keep(&w->r->program, t);
    t->table.count = 1;
    t->table.descriptor_count = 0;
    t->code_number = ++w->r->codes;
    address_map_clear(&t->blocks);
    address_map_clear(&t->stubs);
    if (!writer_choose_registers(t, w->r->program.named)) {
        t->misfit = "the routine names all general registers";
        t->emit.full = true;
    }
    t->traits = w->r->program.traits;
    t->named = w->r->program.named;
    writer_entry(w);
}

// Targets of indirect jumps stay known over a fresh start.
static void restore_indirect(struct writer *w)
{
    struct address_map old = w->t->indirect_known;
    address_map_init(&w->t->indirect_known);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.keys[i])
            writer_indirect(w, old.keys[i]);
    }
    address_map_free(&old);
}

static void write_program(struct writer *w, bool fresh, uint64_t entry)
{
    struct translation *t = w->t;
    if (fresh)
        start_over(w);
    write_blocks(w);
    if (fresh)
        restore_indirect(w);
    writer_indirect(w, entry);
    t->entry = t->emit.full ? NULL : translation_find(t, w->r->routine->entry);
    if (t->entry)
        emit_patch(t->entry_call, t->entry);
}

static bool is_misfit(const struct translation *t, char *reason)
{
    if (t->misfit)
        snprintf(reason, TRACE_REASON_MAX, "%s", t->misfit);
    return t->misfit != NULL;
}

bool translation_make(struct recorder *r, struct translation *t, uint64_t entry, char *reason)
{
    if (is_misfit(t, reason))
        return false;
    if (!t->code && !allocate(t, r->options.code_bytes)) {
        snprintf(reason, TRACE_REASON_MAX, "no memory%s for the rewritten copy",
                 host.map_low ? " below 2 GiB" : "");
        return false;
    }
    mprotect(t->code, t->code_bytes, PROT_READ | PROT_WRITE);
    struct writer w = {.r = r, .t = t, .e = &t->emit, .c = r->context};
    bool far = t->far;
    // The entry saves and sets the registers that were named when it was written.
    bool fresh = t->emit.next == NULL || t->stale || t->named != r->program.named ||
                 t->traits != r->program.traits;
    write_program(&w, fresh, entry);
    // Copies that others have replaced may be what fills the room.
    if (t->emit.full && (!fresh || t->far != far))
        write_program(&w, true, entry);
    mprotect(t->code, t->code_bytes, PROT_READ | PROT_EXEC);
    __builtin___clear_cache((char *)t->code, (char *)t->emit.next);
    // What is known of the routine only grows. Half of a copy is not to be run.
    t->stale = t->emit.full;
    if (t->emit.full && !t->misfit)
        t->misfit = "the routine is too large to rewrite";
    return !is_misfit(t, reason);
}

void translation_free(struct translation *t)
{
    if (t->code) {
        munmap(t->code, t->code_bytes);
        address_map_free(&t->blocks);
        address_map_free(&t->stubs);
        address_map_free(&t->indirect_known);
        segment_table_free(&t->table);
    }
    free(t->indirect);
    free(t->map);
    free(t->patches);
    free(t->block);
    memset(t, 0, sizeof *t);
}
