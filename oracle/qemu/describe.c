// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Text and class of an instruction of any architecture.

#include "arch.h"
#include "qemu.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

void qemu_describe_site(const struct arch *arch, const struct qemu_site *in, struct site *out)
{
    static csh handle;
    cs_insn *insn;
    *out = (struct site){.addr = in->addr, .length = in->length, .class = CLASS_SCALAR};
    memcpy(out->bytes, in->bytes, in->length);
    if (arch->machine == EM_X86_64) {
        site_describe(out, 0);
        return;
    }
    if (!handle)
        cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle);
    size_t n = cs_disasm(handle, in->bytes, in->length, in->addr, 1, &insn);
    if (n) {
        snprintf(out->text, sizeof out->text, "%s %.40s", insn->mnemonic, insn->op_str);
        cs_free(insn, n);
    }
}
