// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Loaded by qemu-system: after each access of the guest to a device, a line in QEMU's own
// log that names the instruction, and one at each of the guest's marks. Argument:
// guest=ADDRESS, where the guest starts.

#include "base/qemu_plugin.h"
#include "board/guest/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_hwaddr;
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *addr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *addr);

PLUGIN_DECLARE_VERSION

enum { GUEST_VCPU = 0 }; // others run whatever a machine starts them with

static uint64_t guest;
static uint64_t last_pc; // of the routine's instruction that was begun last

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *pc)
{
    if (vcpu != GUEST_VCPU)
        return;
    const struct qemu_plugin_hwaddr *addr = qemu_plugin_get_hwaddr(info, vaddr);
    char line[128];
    if (addr == NULL || !qemu_plugin_hwaddr_is_io(addr))
        return;
    snprintf(line, sizeof line, GUEST_LINE "%s pc 0x%" PRIxPTR " phys 0x%" PRIx64 " width %u\n",
             qemu_plugin_mem_is_store(info) ? "store" : "load", (uintptr_t)pc,
             qemu_plugin_hwaddr_phys_addr(addr), 1u << qemu_plugin_mem_size_shift(info));
    qemu_plugin_outs(line);
}

static void on_mark(unsigned vcpu, void *line)
{
    if (vcpu == GUEST_VCPU)
        qemu_plugin_outs(line);
}

static void on_fault(unsigned vcpu, void *nothing)
{
    (void)nothing;
    char line[64];
    if (vcpu != GUEST_VCPU)
        return;
    snprintf(line, sizeof line, GUEST_LINE "fault pc 0x%" PRIx64 "\n", last_pc);
    qemu_plugin_outs(line);
}

static void on_routine(unsigned vcpu, void *pc)
{
    if (vcpu == GUEST_VCPU)
        last_pc = (uintptr_t)pc;
}

static void watch_own(struct qemu_plugin_insn *insn, uint64_t offset)
{
    static const struct {
        unsigned offset;
        const char *line;
    } marks[] = {
        {MARK_CALL, GUEST_LINE "call\n"},
        {MARK_RETURN, GUEST_LINE "return\n"},
        {MARK_DONE, GUEST_LINE "done\n"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (offset == marks[i].offset)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)marks[i].line);
    if (offset >= MARK_FAULTS && offset % 128 == 0)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_fault, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t pc = qemu_plugin_insn_vaddr(insn);
        if (pc - guest < GUEST_BYTES) {
            watch_own(insn, pc - guest);
            continue;
        }
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_routine, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)pc);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, (void *)(uintptr_t)pc);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (!info->system_emulation || argc < 1 || strncmp(argv[0], "guest=", 6) != 0)
        return 1;
    guest = strtoull(argv[0] + 6, NULL, 0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
