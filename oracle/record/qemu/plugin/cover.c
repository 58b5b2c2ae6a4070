// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which of the routine's code was executed: each block that is translated in it
// counts how often it begins, until it was seen to in a case. Outside of cases the
// runner and its libc may call the routine, too; that does not count.

#include "record/qemu/plugin/cover.h"
#include "base/memory.h"

#include "record/qemu/plugin/plugin_log.h"

#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next; // of those that no case was seen to reach
    uint64_t lo, hi;
    uint64_t runs;
};

static struct block *unseen;

static uint8_t *reached_at(uint64_t addr)
{
    return plugin.shared->reached + (addr - plugin.shared->code.lo);
}

static bool is_reached(uint64_t lo, uint64_t hi)
{
    for (uint64_t at = lo; at < hi; at++)
        if (!*reached_at(at))
            return false;
    return true;
}

// Code that is translated again is the same block.
static struct block *block_of(uint64_t lo, uint64_t hi)
{
    for (struct block *b = unseen; b; b = b->next)
        if (b->lo == lo && b->hi == hi)
            return b;
    struct block *b = must(malloc(sizeof *b));
    *b = (struct block){.next = unseen, .lo = lo, .hi = hi};
    return unseen = b;
}

static void on_block(unsigned vcpu, void *data)
{
    (void)vcpu;
    ((struct block *)data)->runs++;
}

void cover_block(struct qemu_plugin_tb *tb)
{
    const struct qemu_range code = plugin.shared->code;
    size_t count = qemu_plugin_tb_n_insns(tb);
    struct qemu_plugin_insn *first = NULL;
    uint64_t lo = code.hi, hi = code.lo;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t addr = qemu_plugin_insn_vaddr(insn);
        if (addr < code.lo || addr >= code.hi)
            continue;
        first = first ? first : insn;
        lo = addr < lo ? addr : lo;
        hi = addr >= hi ? addr + 1 : hi;
    }
    if (!first || is_reached(lo, hi))
        return;
    struct block *b = block_of(lo, hi);
    if (qemu_plugin_register_vcpu_insn_exec_inline)
        qemu_plugin_register_vcpu_insn_exec_inline(first, QEMU_PLUGIN_INLINE_ADD_U64, &b->runs, 1);
    else
        qemu_plugin_register_vcpu_insn_exec_cb(first, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
}

void cover_begin(void)
{
    for (struct block *b = unseen; b; b = b->next)
        b->runs = 0;
}

// QEMU's code goes on counting in a block that is left out here: it is not freed.
void cover_end(uint64_t stopped_at)
{
    if (plugin.shared->uncounted)
        return;
    for (struct block **at = &unseen; *at;) {
        struct block *b = *at;
        bool stopped = stopped_at >= b->lo && stopped_at < b->hi;
        if (b->runs > 0)
            memset(reached_at(b->lo), 1, (stopped ? stopped_at + 1 : b->hi) - b->lo);
        if (b->runs > 0 && !stopped)
            *at = b->next;
        else
            at = &b->next;
    }
}
