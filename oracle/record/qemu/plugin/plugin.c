// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The TCG plugin of the recorder `qemu`. It runs inside the qemu process, hands
// cases from shared memory to the guest runner, and writes down every access of
// what the runner calls. Instructions of the runner itself are not instrumented.

#include "base/host.h"
#include "base/memory.h"
#include "base/qemu_plugin.h"
#include "record/confine.h"
#include "record/qemu/plugin/batch.h"
#include "record/qemu/plugin/cover.h"
#include "record/qemu/plugin/effect.h"
#include "record/qemu/plugin/plugin_log.h"
#include "record/qemu/plugin/unreported.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

PLUGIN_DECLARE_VERSION

// ---- the two sides ----

static void futex(_Atomic uint32_t *word, int op, uint32_t value)
{
    syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

// Gives the turn to the recorder, and waits until it comes back.
static void handle_over(struct qemu_shared *s)
{
    atomic_store(&s->turn, TURN_RECORDER);
    futex(&s->turn, FUTEX_WAKE, 1);
    while (atomic_load(&s->turn) == TURN_RECORDER)
        futex(&s->turn, FUTEX_WAIT, TURN_RECORDER);
}

// ---- the mailbox ----

static uint64_t *mail(enum guest_mail word)
{
    return (uint64_t *)(uintptr_t)(plugin.shared->guest_base + plugin.shared->mailbox_addr) + word;
}

static uint64_t mail_get(enum guest_mail word)
{
    uint64_t value = *mail(word);
    return plugin.shared->big_endian ? __builtin_bswap64(value) : value;
}

static void mail_put(enum guest_mail word, uint64_t value)
{
    *mail(word) = plugin.shared->big_endian ? __builtin_bswap64(value) : value;
}

// ---- marks ----

static struct insn **slot_of(uint64_t addr)
{
    return &plugin.insns[addr / 2 % INSN_SLOTS];
}

// Has the CPU that is emulated the flushing instruction? QEMU 7.2's user mode has DC CVAP
// and CVADP for none, so that whether it faults does not tell.
static bool has_flush(const struct qemu_shared *s, uint32_t word)
{
    bool pop = (word & ~31u) == 0xd50b7c20, podp = (word & ~31u) == 0xd50b7d20;
    if (s->machine != EM_AARCH64 || (!pop && !podp))
        return true;
    return mail_get(MAIL_CLEANS) & (pop ? GUEST_CLEANS_POP : GUEST_CLEANS_PODP);
}

// Ends this process if the case met a flush whose line the next one will tell.
static void end_to_look_at(struct qemu_shared *s)
{
    const struct qemu_looked_at *l = &plugin.to_look_at;
    if (!l->addr || !has_flush(s, l->word) || s->looked_at_count >= QEMU_LOOKED_AT_MAX)
        return;
    s->looked_at[s->looked_at_count++] = *l;
    plugin_end(QEMU_END_FLUSHED);
}

static void finish_case(struct qemu_shared *s)
{
    plugin.recording = false;
    s->signal = mail_get(MAIL_SIGNAL);
    s->result = mail_get(MAIL_RESULT);
    s->clobbered = mail_get(MAIL_CLOBBERED) != 0;
    s->fault_at = mail_get(MAIL_FAULT_AT);
    s->fault_pc = mail_get(MAIL_FAULT_PC);
    s->stack = mail_get(MAIL_STACK);
    s->tls = (struct qemu_range){mail_get(MAIL_TLS_LO), mail_get(MAIL_TLS_HI)};
    s->fault_site = (struct qemu_site){.addr = s->fault_pc};
    for (struct insn *in = *slot_of(s->fault_pc); in && s->signal; in = in->next)
        if (in->site.addr == s->fault_pc)
            s->fault_site = in->site;
    cover_end(s->signal ? s->fault_pc : 0);
    end_to_look_at(s);
    atomic_store(&s->end, s->signal ? QEMU_END_FAULTED : QEMU_END_RETURNED);
}

static void tell_runner(const struct qemu_case *c, enum guest_command command)
{
    mail_put(MAIL_COMMAND, command);
    mail_put(MAIL_ROUTINE, c->routine);
    mail_put(MAIL_HOW, c->how);
    for (unsigned i = 0; i < GUEST_WORDS_MAX; i++)
        mail_put((enum guest_mail)(MAIL_WORD0 + i), c->words[i]);
    mail_put(MAIL_LOW_LANE, plugin.low_bytes);
    mail_put(MAIL_HIGH_LANE, plugin.high_bytes);
}

static void poke_all(const struct qemu_shared *s, const struct qemu_case *c)
{
    for (size_t i = 0; i < QEMU_POKES_MAX; i++)
        if (c->pokes[i].width)
            memcpy((void *)(uintptr_t)(s->guest_base + c->pokes[i].addr), &c->pokes[i].value,
                   c->pokes[i].width);
}

static uint64_t lane_bytes(const struct qemu_case *c, uint64_t window)
{
    uint64_t bytes = 0;
    if (c->dst_lane.lo == window + QEMU_GUARD_BYTES)
        bytes = c->dst_lane.hi - c->dst_lane.lo;
    if (c->src_lane.lo == window + QEMU_GUARD_BYTES)
        bytes = c->src_lane.hi - c->src_lane.lo;
    return bytes;
}

// Do the lanes differ from what is accessible?
static bool take_lanes(const struct qemu_case *c)
{
    uint64_t low = lane_bytes(c, QEMU_LOW_WINDOW), high = lane_bytes(c, QEMU_HIGH_WINDOW);
    bool differ = low != plugin.low_bytes || high != plugin.high_bytes;
    plugin.low_bytes = low;
    plugin.high_bytes = high;
    return differ;
}

// The runner asks for work. Lanes are resized first, where they must be.
static const struct qemu_looked_at *looked_at(uint64_t addr)
{
    const struct qemu_shared *s = plugin.shared;
    for (uint32_t i = 0; i < s->looked_at_count && i < QEMU_LOOKED_AT_MAX; i++)
        if (s->looked_at[i].addr == addr)
            return &s->looked_at[i];
    return NULL;
}

// Puts loads in the place of the flushes that earlier processes met; before the guest
// has run any of them.
static void place_loads(void)
{
    static bool placed;
    const struct qemu_shared *s = plugin.shared;
    const uintptr_t page = host_page_bytes();
    for (uint32_t i = 0; i < s->looked_at_count && i < QEMU_LOOKED_AT_MAX && !placed; i++) {
        const struct qemu_looked_at *l = &s->looked_at[i];
        uint32_t load = effect_load_like(s, l->word);
        uint8_t *at = (uint8_t *)(uintptr_t)(s->guest_base + l->addr);
        uint8_t *from = (uint8_t *)((uintptr_t)at & ~(page - 1));
        size_t length = (size_t)(at + sizeof load - from);
        if (mprotect(from, length, PROT_READ | PROT_WRITE) != 0)
            continue;
        if (load && memcmp(at, &l->word, sizeof load) == 0)
            memcpy(at, &load, sizeof load);
        mprotect(from, length, PROT_READ);
    }
    placed = true;
}

// The next case is in shared->now when this returns.
static void take_case(struct qemu_shared *s)
{
    if (!batch_next()) {
        s->atomic_bytes = (uint32_t)mail_get(MAIL_ATOMIC);
        handle_over(s);
        batch_begin();
    }
    plugin.loads = s->now.loads;
    plugin.values = s->now.values;
    plugin.executions = plugin.record_count = 0;
    plugin.fifo_bytes = 0;
    plugin.to_look_at.addr = 0;
    atomic_store_explicit(&s->record_count, 0, memory_order_relaxed);
    poke_all(s, &s->now);
}

static void on_wait(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    struct qemu_shared *s = plugin.shared;
    place_loads();
    if (plugin.running)
        finish_case(s);
    if (!plugin.resizing)
        take_case(s);
    plugin.resizing = take_lanes(&s->now);
    if (!plugin.resizing)
        batch_lay();
    tell_runner(&s->now, plugin.resizing ? GUEST_RESIZE : GUEST_CALL);
    plugin.running = !plugin.resizing;
}

static void on_begin(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    if (plugin.shared->unreported != UNREPORTED_NONE && !unreported_begin(plugin.shared))
        plugin_end(QEMU_END_NONE);
    cover_begin();
    plugin.recording = true;
}

static void on_end(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    unreported_end();
    plugin.recording = false;
}

// What the runner does at its marks makes no system calls: this is the routine.
static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7,
        (void)a8;
    if (!plugin.recording)
        return;
    plugin.shared->syscall = number;
    cover_end(0);
    plugin_end(QEMU_END_SYSCALL);
}

// ---- accesses ----

static void take_value(struct qemu_record *r, qemu_plugin_meminfo_t info)
{
    size_t width = r->width <= QEMU_PIECE_MAX ? r->width : QEMU_PIECE_MAX;
    if (r->width <= QEMU_PIECE_MAX && plugin_access_value(info, r->value, r->width))
        return;
    memcpy(r->value, (const void *)(uintptr_t)(plugin.shared->guest_base + r->addr), width);
}

static void note_access(struct insn *in, qemu_plugin_meminfo_t info, uint64_t addr, bool store)
{
    struct qemu_record *r = plugin_record(in, addr, 1u << qemu_plugin_mem_size_shift(info));
    r->flags = store ? RECORD_STORE : 0;
    if (store && plugin.values)
        take_value(r, info);
    plugin_count();
}

// QEMU does some instructions, such as x86's lock neg, by a load and then a
// compare-and-swap: together they are one read-modify-write.
static bool was_loaded(const struct insn *in, uint64_t addr)
{
    if (plugin.record_count == 0)
        return false;
    const struct qemu_record *r = &plugin.records[plugin.record_count - 1];
    return r->flags == 0 && r->addr == addr && r->site == in->number &&
           r->serial == (uint32_t)plugin.executions;
}

// What was taken out of a FIFO is followed by what comes next.
static void play_fifo(const struct qemu_case *c, uint64_t addr, uint64_t width)
{
    if (addr != c->src)
        return;
    plugin.fifo_bytes += width < QEMU_FIFO_BYTES ? width : QEMU_FIFO_BYTES;
    plugin.fifo_bytes = plugin.fifo_bytes < c->size ? plugin.fifo_bytes : c->size;
    memcpy((void *)(uintptr_t)(plugin.shared->guest_base + c->src),
           plugin.shared->fifo + plugin.fifo_bytes, QEMU_FIFO_BYTES);
}

// A read-modify-write is a load and a store.
static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *data)
{
    (void)vcpu;
    struct insn *in = data;
    if (!plugin.recording)
        return;
    enum qemu_plugin_mem_rw kind = plugin_access_kind(info);
    if (kind & QEMU_PLUGIN_MEM_R && plugin.loads && !(in->unreported & UNREPORTED_RESERVES) &&
        (kind == QEMU_PLUGIN_MEM_R || !was_loaded(in, addr)))
        note_access(in, info, addr, false);
    if (kind & QEMU_PLUGIN_MEM_W &&
        (!(in->unreported & UNREPORTED_COMPARES) || unreported_stored(in)))
        note_access(in, info, addr, true);
    if (kind & QEMU_PLUGIN_MEM_R && plugin.shared->now.plays)
        play_fifo(&plugin.shared->now, addr, UINT64_C(1) << qemu_plugin_mem_size_shift(info));
}

static void note_effect(struct insn *in, uint8_t flag)
{
    if (!plugin.recording)
        return;
    plugin_record(in, 0, 1)->flags = flag;
    plugin_count();
}

static void on_fence(unsigned vcpu, void *data)
{
    (void)vcpu;
    note_effect(data, RECORD_FENCE);
}

// A load may stand for it in the next process, if this CPU has the instruction.
static void on_flush(unsigned vcpu, void *data)
{
    (void)vcpu;
    const struct insn *in = data;
    uint32_t word;
    memcpy(&word, in->site.bytes, sizeof word);
    if (plugin.recording && in->site.length == sizeof word &&
        effect_load_like(plugin.shared, word) && !plugin.to_look_at.addr)
        plugin.to_look_at = (struct qemu_looked_at){in->site.addr, word};
    note_effect(data, RECORD_FLUSH);
}

// The load that stands for a flush.
static void on_flushed_line(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *data)
{
    (void)vcpu, (void)info;
    if (!plugin.recording)
        return;
    plugin_record(data, addr, 1)->flags = RECORD_FLUSH | RECORD_LINE;
    plugin_count();
}

static void on_execution(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    plugin.executions++;
}

// Of an instruction that may follow an unreported one, or is one.
static void on_watched(unsigned vcpu, void *data)
{
    (void)vcpu;
    if (!plugin.recording)
        return;
    unreported_after();
    unreported_before(data);
}

// ---- translation ----

// Where Linux has a compare-and-swap for CPUs without one (arch/arm/kernel/
// entry-armv.S, arch/parisc/kernel/syscall.S). QEMU does it, and tells nothing.
static const struct {
    unsigned machine;
    uint64_t addr;
} kernel_helpers[] = {
    {EM_ARM, 0xffff0f60},
    {EM_ARM, 0xffff0fc0},
    {EM_PARISC, 0xb0},
};

static bool is_kernel_helper(uint64_t addr)
{
    for (size_t i = 0; i < sizeof kernel_helpers / sizeof *kernel_helpers; i++)
        if (kernel_helpers[i].machine == plugin.shared->machine && kernel_helpers[i].addr == addr)
            return true;
    return false;
}

static void on_kernel_helper(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    if (plugin.recording)
        plugin.shared->stores_unseen = UNSEEN_KERNEL;
}

static bool in_runner(uint64_t addr)
{
    for (size_t i = 0; i < GUEST_MARKS; i++)
        if (addr >= plugin.shared->marks[i].lo && addr < plugin.shared->marks[i].hi)
            return true;
    return false;
}

static void instrument_mark(struct qemu_plugin_insn *insn, uint64_t addr)
{
    static qemu_plugin_vcpu_udata_cb_t *const callbacks[GUEST_MARKS] = {
        [MARK_WAIT] = on_wait,
        [MARK_BEGIN] = on_begin,
        [MARK_END] = on_end,
        [MARK_FAULT] = on_end,
    };
    for (size_t i = 0; i < GUEST_MARKS; i++)
        if (callbacks[i] && addr == plugin.shared->marks[i].lo)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, callbacks[i], QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
}

// What is known of the instruction. Code that is translated again is the same.
static struct insn *insn_of(struct qemu_plugin_insn *insn, uint64_t addr)
{
    struct insn **slot = slot_of(addr);
    struct insn fresh = {.number = NOT_PUBLISHED, .site.addr = addr};
    fresh.site.length = (uint8_t)plugin_insn_bytes(insn, fresh.site.bytes, sizeof fresh.site.bytes);
    const struct qemu_looked_at *was = looked_at(addr);
    uint32_t load = was ? effect_load_like(plugin.shared, was->word) : 0;
    fresh.looked_at = load && memcmp(fresh.site.bytes, &load, sizeof load) == 0;
    if (fresh.looked_at)
        memcpy(fresh.site.bytes, &was->word, sizeof was->word);
    for (struct insn *in = *slot; in; in = in->next)
        if (in->site.addr == addr && in->site.length == fresh.site.length &&
            memcmp(in->site.bytes, fresh.site.bytes, fresh.site.length) == 0)
            return in;
    char *text = plugin.shared->wants_text ? qemu_plugin_insn_disas(insn) : NULL;
    if (text)
        strncpy(fresh.site.text, text, sizeof fresh.site.text - 1);
    free(text);
    fresh.unreported = unreported_kind(plugin.shared, fresh.site.bytes, fresh.site.length);
    struct insn *in = must(malloc(sizeof *in));
    *in = fresh;
    in->next = *slot;
    return *slot = in;
}

// WATCHED: it may follow an unreported instruction. Is it one?
static bool instrument(struct qemu_plugin_insn *insn, uint64_t addr, bool watched)
{
    struct insn *in = insn_of(insn, addr);
    if (watched || in->unreported)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_watched, QEMU_PLUGIN_CB_NO_REGS, in);
    if (qemu_plugin_register_vcpu_insn_exec_inline)
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                   &plugin.executions, 1);
    else
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_execution, QEMU_PLUGIN_CB_NO_REGS, NULL);
    if (in->looked_at) {
        qemu_plugin_register_vcpu_mem_cb(insn, on_flushed_line, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, in);
        return in->unreported & UNREPORTED_KINDS;
    }
    enum effect effect = effect_of(plugin.shared, in->site.bytes, in->site.length);
    if (effect != EFFECT_NONE)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, effect == EFFECT_FENCE ? on_fence : on_flush,
                                               QEMU_PLUGIN_CB_NO_REGS, in);
    // One callback for both: QEMU 7.2 calls a second one, for the other kind, too.
    qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                     in);
    return in->unreported & UNREPORTED_KINDS;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    bool watched = plugin.shared->unreported != UNREPORTED_NONE;
    cover_block(tb);
    for (size_t i = 0, count = qemu_plugin_tb_n_insns(tb); i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t addr = qemu_plugin_insn_vaddr(insn);
        if (in_runner(addr))
            instrument_mark(insn, addr);
        else if (is_kernel_helper(addr))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_kernel_helper, QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
        else
            watched = instrument(insn, addr, watched);
    }
}

// The argument is shared=N, the number of the shared memory's file.
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (info->system_emulation || argc != 1 || strncmp(argv[0], "shared=", 7) != 0)
        return -1;
    int fd = atoi(argv[0] + 7);
    void *shared =
        mmap(NULL, sizeof(struct qemu_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        return -1;
    plugin.shared = shared;
    (void)confine((_Atomic uint32_t *)&plugin.shared->forbidden);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    return 0;
}
