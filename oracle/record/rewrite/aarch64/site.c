// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"
#include "record/qemu/qemu.h"
#include "record/rewrite/cpu.h"

#include <string.h>

void insn_describe(const struct insn *in, struct site *site)
{
    struct qemu_site bytes = {.addr = in->addr, .length = in->length};
    uint8_t element;
    memcpy(bytes.bytes, in->bytes, in->length);
    qemu_describe_site(&arch_native, &bytes, site, &element);
}
