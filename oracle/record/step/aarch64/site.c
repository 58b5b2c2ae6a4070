// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"
#include "record/qemu/qemu.h"
#include "record/step/aarch64/exchange.h"

#include <string.h>

void step_describe_site(struct site *site)
{
    struct qemu_site bytes = {.addr = site->addr, .length = site->length};
    uint8_t element;
    memcpy(bytes.bytes, site->bytes, site->length);
    qemu_describe_site(&arch_native, &bytes, site, &element);
}
