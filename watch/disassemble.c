// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/disassemble.h"

#include "record/qemu/insn_text.h"
#include "trace/trace.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

static bool capstone_of(const struct machine *m, cs_arch *arch, int *mode)
{
    int order = m->big_endian ? (int)CS_MODE_BIG_ENDIAN : CS_MODE_LITTLE_ENDIAN;
    *mode = order;
    switch (m->elf) {
    case EM_AARCH64: // instructions are little-endian whatever the data
        *arch = CS_ARCH_ARM64, *mode = CS_MODE_LITTLE_ENDIAN;
        return true;
    case EM_386:
        *arch = CS_ARCH_X86, *mode = CS_MODE_32;
        return true;
    case EM_PPC:
        *arch = CS_ARCH_PPC, *mode |= CS_MODE_32;
        return true;
    case EM_PPC64:
        *arch = CS_ARCH_PPC, *mode |= CS_MODE_64;
        return true;
    case EM_MIPS:
        *arch = CS_ARCH_MIPS, *mode |= m->bits == 64 ? CS_MODE_MIPS64 : CS_MODE_MIPS32;
        return true;
    case EM_S390:
        *arch = CS_ARCH_SYSZ, *mode = (int)CS_MODE_BIG_ENDIAN;
        return true;
    case EM_SPARCV9:
        *arch = CS_ARCH_SPARC, *mode = (int)CS_MODE_BIG_ENDIAN | CS_MODE_V9;
        return true;
    case EM_68K:
        *arch = CS_ARCH_M68K, *mode = (int)CS_MODE_BIG_ENDIAN | CS_MODE_M68K_040;
        return true;
    default:
        return false;
    }
}

static bool by_capstone(const struct machine *m, uint64_t pc, const uint8_t *bytes, size_t length,
                        char *text, size_t text_size)
{
    cs_arch arch;
    int mode;
    csh handle;
    cs_insn *insn;
    if (!capstone_of(m, &arch, &mode) || cs_open(arch, (cs_mode)mode, &handle) != CS_ERR_OK)
        return false;
    size_t count = cs_disasm(handle, bytes, length, pc, 1, &insn);
    bool whole = count > 0 && insn->size == length;
    if (whole)
        snprintf(text, text_size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "",
                 insn->op_str);
    if (count > 0)
        cs_free(insn, count);
    cs_close(&handle);
    return whole;
}

void disassemble(const struct machine *machine, uint64_t pc, const uint8_t *bytes, size_t length,
                 char *text, size_t text_size)
{
    if (machine->elf == EM_X86_64 && length <= sizeof((struct site *)NULL)->bytes) {
        struct site site = {.addr = pc, .length = (uint8_t)length};
        memcpy(site.bytes, bytes, length);
        site_describe(&site, 0);
        snprintf(text, text_size, "%s", site.text);
        return;
    }
    struct insn_text t;
    if (insn_text_missing(machine->elf, machine->big_endian, pc, bytes, length, &t)) {
        snprintf(text, text_size, "%s %s", t.name, t.operands);
        return;
    }
    if (by_capstone(machine, pc, bytes, length, text, text_size))
        return;
    size_t used = (size_t)snprintf(text, text_size, "(bytes");
    for (size_t i = 0; i < length && used + 4 < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used, " %02x", bytes[i]);
    snprintf(text + used, text_size - used, ")");
}
