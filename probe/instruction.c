// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/instruction.h"

#include "base/host.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <stdio.h>

static bool open_decoder(csh *handle)
{
    switch (host.machine) {
    case EM_X86_64:
        return cs_open(CS_ARCH_X86, CS_MODE_64, handle) == CS_ERR_OK;
    case EM_AARCH64:
        return cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, handle) == CS_ERR_OK;
    default:
        return false;
    }
}

void instruction_text(const struct probe_fault *fault, char *text, size_t size)
{
    csh handle;
    cs_insn *insn;
    const size_t length = fault->code_bytes <= sizeof fault->code ? fault->code_bytes : 0;
    *text = '\0';
    if (length == 0 || !open_decoder(&handle))
        return;
    size_t count = cs_disasm(handle, fault->code, length, fault->pc, 1, &insn);
    if (count > 0) {
        snprintf(text, size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
        cs_free(insn, count);
    }
    cs_close(&handle);
}
