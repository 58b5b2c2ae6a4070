// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/linker.h"

#include <string.h>

// System V ABI, AMD64 supplement, table 4.9.
static const struct reloc_row rows[] = {
    {R_X86_64_64, "64", 8, false, false, BASE_SYMBOL, 0},
    {R_X86_64_PC64, "PC64", 8, true, false, BASE_SYMBOL, 0},
    {R_X86_64_PC32, "PC32", 4, true, false, BASE_SYMBOL, 0},
    {R_X86_64_PLT32, "PLT32", 4, true, false, BASE_SYMBOL, 0},
    {R_X86_64_32, "32", 4, false, true, BASE_SYMBOL, 0},
    {R_X86_64_32S, "32S", 4, false, false, BASE_SYMBOL, 0},
    {R_X86_64_GOTPCREL, "GOTPCREL", 4, true, false, BASE_GOT_SLOT, 0},
    {R_X86_64_GOTPCRELX, "GOTPCRELX", 4, true, false, BASE_GOT_SLOT, 0},
    {R_X86_64_REX_GOTPCRELX, "REX_GOTPCRELX", 4, true, false, BASE_GOT_SLOT, 0},
    {R_X86_64_GOTPCREL64, "GOTPCREL64", 8, true, false, BASE_GOT_SLOT, 0},
    {R_X86_64_GOTPC32, "GOTPC32", 4, true, false, BASE_GOT, 0},
    {R_X86_64_GOTPC64, "GOTPC64", 8, true, false, BASE_GOT, 0},
    {R_X86_64_GOTOFF64, "GOTOFF64", 8, false, false, BASE_FROM_GOT, 0},
    {R_X86_64_PLTOFF64, "PLTOFF64", 8, false, false, BASE_FROM_GOT, 0},
    {R_X86_64_GOT64, "GOT64", 8, false, false, BASE_SLOT_FROM_GOT, 0},
    // As in a program, which has one block of thread-local variables: see
    // image_tls.c.
    {R_X86_64_TPOFF32, "TPOFF32", 4, false, false, BASE_THREAD, 0},
    {R_X86_64_TPOFF64, "TPOFF64", 8, false, false, BASE_THREAD, 0},
    {R_X86_64_DTPOFF32, "DTPOFF32", 4, false, false, BASE_THREAD, 0},
    {R_X86_64_DTPOFF64, "DTPOFF64", 8, false, false, BASE_THREAD, 0},
    {R_X86_64_GOTTPOFF, "GOTTPOFF", 4, true, false, BASE_THREAD_SLOT, 0},
    {R_X86_64_TLSGD, "TLSGD", 4, false, false, BASE_THREAD, 0},
    {R_X86_64_TLSLD, "TLSLD", 0, false, false, BASE_NONE, 0},
    {R_X86_64_GOTPC32_TLSDESC, "GOTPC32_TLSDESC", 4, false, false, BASE_THREAD, 0},
    {R_X86_64_TLSDESC_CALL, "TLSDESC_CALL", 0, false, false, BASE_NONE, 0},
};

const struct reloc_row *reloc_find(unsigned type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].type == type) {
            return &rows[i];
        }
    }
    return NULL;
}

bool reloc_is_branch(const struct reloc_row *row, const uint8_t *section, uint64_t offset)
{
    if (row->type == R_X86_64_PLT32) {
        return true;
    }
    if (!row->pc_relative || row->width != 4 || offset == 0) {
        return false;
    }
    uint8_t last = section[offset - 1];
    uint8_t before = offset > 1 ? section[offset - 2] : 0;
    if (row->base == BASE_GOT_SLOT) {
        return before == 0xff && (last == 0x15 || last == 0x25); // call, jmp *x(%rip)
    }
    return last == 0xe8 || last == 0xe9 || (before == 0x0f && (last & 0xf0) == 0x80);
}

static bool fits(const struct reloc_row *row, uint64_t value)
{
    if (row->width == 8) {
        return true;
    }
    return row->zero_extended ? value <= UINT32_MAX : (uint64_t)(int64_t)(int32_t)value == value;
}

bool reloc_apply(const struct fixup *fixup, const struct reloc_place *place)
{
    const struct reloc_row *row = fixup->row;
    uint64_t value = place->symbol;
    if (row->base == BASE_NONE) {
        return true;
    }
    if (reloc_has_slot(row)) {
        value = place->slot;
    } else if (row->base == BASE_THREAD) {
        value = place->thread;
    } else if (row->base == BASE_GOT) {
        value = place->got;
    }
    if (row->base == BASE_FROM_GOT || row->base == BASE_SLOT_FROM_GOT) {
        value -= place->got;
    }
    value += (uint64_t)fixup->addend;
    if (row->pc_relative) {
        value -= (uint64_t)(uintptr_t)place->field;
    }
    if (!fits(row, value)) {
        return false;
    }
    memcpy(place->field, &value, row->width); // x86 is little-endian
    return true;
}
