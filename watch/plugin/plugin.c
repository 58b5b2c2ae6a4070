// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The plugin that QEMU's user-mode emulation loads into the watched program. It
// writes down every access to a mapping of FILE. It reads back what was stored, and
// takes the mapping's protection away where unreported.c says.

#include "base/qemu_plugin.h"
#include "record/qemu/plugin/rmw.h"
#include "watch/plugin/guest.h"
#include "watch/plugin/mappings.h"
#include "watch/plugin/syscalls.h"
#include "watch/plugin/unreported.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// An access that reaches over an end of the mapping: its bytes inside, each.
static void write_edge(struct guest_insn *insn, uint16_t flags, uint64_t addr, unsigned width,
                       const uint8_t *value)
{
    struct watched w;
    for (unsigned i = 0; i < width; i++)
        if (watched_find(addr + i, &w))
            plugin_access(insn, flags, addr + i, 1, &w, value ? value + i : NULL);
}

static void take_access(struct guest_insn *insn, uint16_t flags, uint64_t addr, unsigned width,
                        const uint8_t *value)
{
    struct watched w;
    if (watched_find(addr, &w) && addr - w.addr + width <= w.bytes)
        plugin_access(insn, flags, addr, width, &w, value);
    else
        write_edge(insn, flags, addr, width, value);
}

// Flags of a store by INSN; 0: it stored nothing, as what it compared differed.
static uint16_t store_flags(const struct guest_insn *insn)
{
    const struct guest_thread *t = thread_self();
    if (!(insn->rmw & RMW_COMPARES))
        return RING_STORE;
    if (t->blind != insn || !t->compared)
        return RING_STORE | RING_UNSURE;
    return t->stored ? RING_STORE : 0;
}

// A read-modify-write is a load and a store.
static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    struct guest_insn *insn = data;
    uint64_t addr = vaddr & plugin.address_mask;
    unsigned width = 1u << qemu_plugin_mem_size_shift(info);
    uint64_t low = atomic_load_explicit(&watched_low, memory_order_relaxed);
    uint64_t span = atomic_load_explicit(&watched_span, memory_order_relaxed);
    (void)vcpu;
    if (addr + width - 1 - low >= span + width || span == 0)
        return;
    enum qemu_plugin_mem_rw kind = plugin_access_kind(info);
    uint16_t stores = kind & QEMU_PLUGIN_MEM_W ? store_flags(insn) : 0;
    uint8_t bytes[RING_VALUE_MAX];
    bool told = stores && width <= sizeof bytes && plugin_access_value(info, bytes, width);
    if (kind & QEMU_PLUGIN_MEM_R && !(insn->rmw & RMW_RESERVES))
        take_access(insn, 0, addr, width, NULL);
    if (stores)
        take_access(insn, stores, addr, width, told ? bytes : NULL);
}

static void on_call(unsigned vcpu, void *data)
{
    struct guest_thread *t = thread_self();
    (void)vcpu;
    t->calls[t->depth++ % CALLS_MAX] = data;
}

static void on_return(unsigned vcpu, void *data)
{
    struct guest_thread *t = thread_self();
    (void)vcpu, (void)data;
    if (t->depth > 0)
        t->depth--;
    if (t->depth < t->low)
        t->low = t->depth;
}

static void on_block(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    struct guest_thread *t = thread_self();
    t->instance++;
    if (t->blind != NULL)
        unreported_after();
}

// A barrier says nothing before FILE is accessed, and a loop of one no more than once.
static void on_fence(unsigned vcpu, void *data)
{
    struct guest_thread *t = thread_self();
    (void)vcpu;
    if (!t->has_accessed)
        return;
    struct ring_record record = {.kind = RING_FENCE};
    record.range.site = site_of(data);
    if (record.range.site == t->fence)
        return;
    t->fence = record.range.site;
    plugin_write(&record, NULL);
}

static void on_insn_after_unreported(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    if (thread_self()->blind != NULL)
        unreported_after();
}

// What is only known once the program was loaded: with its first instruction.
static void begin(const struct qemu_plugin_insn *insn)
{
    const uint8_t *host = qemu_plugin_insn_haddr(insn);
    if (host != NULL)
        plugin.base = (uintptr_t)host - qemu_plugin_insn_vaddr(insn);
    if (qemu_plugin_path_to_binary)
        snprintf(plugin.program, sizeof plugin.program, "%s", qemu_plugin_path_to_binary());
    plugin_write(&(struct ring_record){.kind = RING_PROCESS}, plugin.program);
    if (host == NULL)
        plugin_write(&(struct ring_record){.kind = RING_TROUBLE},
                     "this QEMU does not tell where the program's memory is");
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);
    bool after_unreported = false;
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, NULL);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct guest_insn *kept = insn_of(insn);
        if (!atomic_exchange(&plugin.begun, true))
            begin(insn);
        if (kept == NULL)
            continue;
        if (after_unreported)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn_after_unreported,
                                                   QEMU_PLUGIN_CB_NO_REGS, NULL);
        after_unreported = kept->is_unreported || kept->rmw & RMW_COMPARES;
        if (after_unreported)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, unreported_before, QEMU_PLUGIN_CB_NO_REGS,
                                                   kept);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, kept);
        if (kept->is_fence)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_fence, QEMU_PLUGIN_CB_NO_REGS, kept);
        if (kept->flow != FLOW_OTHER)
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, kept->flow == FLOW_CALL ? on_call : on_return, QEMU_PLUGIN_CB_NO_REGS, kept);
    }
}

static void on_thread(qemu_plugin_id_t id, unsigned vcpu)
{
    struct ring_record record = {.kind = RING_THREAD};
    (void)id, (void)vcpu;
    atomic_fetch_add(&plugin.threads, 1);
    plugin_write(&record, NULL);
}

static void on_thread_end(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id, (void)vcpu;
    atomic_fetch_sub(&plugin.threads, 1);
}

static void after_fork(void)
{
    watched_after_fork();
    struct ring_record record = {.kind = RING_FORK};
    record.range.other = thread_self()->pid;
    thread_set_ids(thread_self());
    plugin.threads = 1;
    plugin_write(&record, NULL);
}

// The ring, by its name in "ring=NAME".
static struct ring *attach(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "ring=", 5) != 0)
            continue;
        int fd = open(argv[i] + 5, O_RDWR | O_CLOEXEC);
        struct stat status;
        if (fd < 0)
            return NULL;
        struct ring *ring =
            fstat(fd, &status) == 0 && status.st_size == sizeof *ring
                ? mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                : MAP_FAILED;
        close(fd);
        return ring != MAP_FAILED && ring->magic == RING_MAGIC ? ring : NULL;
    }
    return NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    plugin.machine = machine_find(info->target_name);
    plugin.ring = attach(argc, argv);
    if (plugin.ring == NULL || plugin.machine == NULL || info->system_emulation)
        return 1;
    // The top byte of an AArch64 address is not part of it (Arm ARM, D8.9).
    plugin.address_mask =
        plugin.machine->flow == machine_find("aarch64")->flow ? UINT64_MAX >> 8 : UINT64_MAX;
    thread_begin();
    atomic_fetch_add(&plugin.ring->attached, 1);
    pthread_atfork(watched_before_fork, watched_after_fork, after_fork);
    qemu_plugin_register_vcpu_init_cb(id, on_thread);
    qemu_plugin_register_vcpu_exit_cb(id, on_thread_end);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_vcpu_syscall_cb(id, watched_syscall);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, watched_syscall_ret);
    return 0;
}
