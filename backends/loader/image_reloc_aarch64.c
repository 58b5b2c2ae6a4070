// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/linker.h"

#include <string.h>

// How a value lies in an instruction.
enum field {
    FIELD_WHOLE, // it fills its bytes
    FIELD_ADR,   // 21 bits, the lowest two apart from the others
    FIELD_PAGE,  // those of the distance in pages of 4 KiB
    FIELD_LOW,   // bits 0 to 11, where SCALE of them are left out
    FIELD_HIGH,  // bits 12 to 23
    FIELD_MOVE,  // 16 bits
    FIELD_JUMP,  // words, 26 bits
    FIELD_TEST,  // words, 14 bits
    FIELD_NEAR,  // words, 19 bits
};

// FIELD of an instruction, with how many of its value's lowest bits it leaves out, or for
// FIELD_MOVE how many groups of 16, and whether what it has no room for does not matter.
#define IN(field, scale)      (uint8_t)((field) | (scale) << 4)
#define IN_PART(field, scale) (uint8_t)(IN(field, scale) | NO_CHECK)
enum { NO_CHECK = 0x80 };

#define ROW(type, width, relative, base, field)                      \
    {                                                                \
        R_AARCH64_##type, #type, width, relative, false, base, field \
    }

// ELF for the Arm 64-bit Architecture (AAELF64), 5.7.
static const struct reloc_row rows[] = {
    ROW(ABS64, 8, false, BASE_SYMBOL, 0),
    {R_AARCH64_ABS32, "ABS32", 4, false, true, BASE_SYMBOL, 0},
    ROW(PREL64, 8, true, BASE_SYMBOL, 0),
    ROW(PREL32, 4, true, BASE_SYMBOL, 0),
    ROW(MOVW_UABS_G0, 4, false, BASE_SYMBOL, IN(FIELD_MOVE, 0)),
    ROW(MOVW_UABS_G0_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_MOVE, 0)),
    ROW(MOVW_UABS_G1, 4, false, BASE_SYMBOL, IN(FIELD_MOVE, 1)),
    ROW(MOVW_UABS_G1_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_MOVE, 1)),
    ROW(MOVW_UABS_G2, 4, false, BASE_SYMBOL, IN(FIELD_MOVE, 2)),
    ROW(MOVW_UABS_G2_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_MOVE, 2)),
    ROW(MOVW_UABS_G3, 4, false, BASE_SYMBOL, IN(FIELD_MOVE, 3)),
    ROW(LD_PREL_LO19, 4, true, BASE_SYMBOL, IN(FIELD_NEAR, 2)),
    ROW(ADR_PREL_LO21, 4, true, BASE_SYMBOL, IN(FIELD_ADR, 0)),
    ROW(ADR_PREL_PG_HI21, 4, true, BASE_SYMBOL, IN(FIELD_PAGE, 0)),
    ROW(ADR_PREL_PG_HI21_NC, 4, true, BASE_SYMBOL, IN_PART(FIELD_PAGE, 0)),
    ROW(ADD_ABS_LO12_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_LOW, 0)),
    ROW(LDST8_ABS_LO12_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_LOW, 0)),
    ROW(LDST16_ABS_LO12_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_LOW, 1)),
    ROW(LDST32_ABS_LO12_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_LOW, 2)),
    ROW(LDST64_ABS_LO12_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_LOW, 3)),
    ROW(LDST128_ABS_LO12_NC, 4, false, BASE_SYMBOL, IN_PART(FIELD_LOW, 4)),
    ROW(TSTBR14, 4, true, BASE_SYMBOL, IN(FIELD_TEST, 2)),
    ROW(CONDBR19, 4, true, BASE_SYMBOL, IN(FIELD_NEAR, 2)),
    ROW(JUMP26, 4, true, BASE_SYMBOL, IN(FIELD_JUMP, 2)),
    ROW(CALL26, 4, true, BASE_SYMBOL, IN(FIELD_JUMP, 2)),
    ROW(GOT_LD_PREL19, 4, true, BASE_GOT_SLOT, IN(FIELD_NEAR, 2)),
    ROW(ADR_GOT_PAGE, 4, true, BASE_GOT_SLOT, IN(FIELD_PAGE, 0)),
    ROW(LD64_GOT_LO12_NC, 4, false, BASE_GOT_SLOT, IN_PART(FIELD_LOW, 3)),
    // As in a program, which has one block of thread-local variables: see
    // image_tls.c.
    ROW(TLSIE_ADR_GOTTPREL_PAGE21, 4, true, BASE_THREAD_SLOT, IN(FIELD_PAGE, 0)),
    ROW(TLSIE_LD64_GOTTPREL_LO12_NC, 4, false, BASE_THREAD_SLOT, IN_PART(FIELD_LOW, 3)),
    ROW(TLSLE_MOVW_TPREL_G2, 4, false, BASE_THREAD, IN(FIELD_MOVE, 2)),
    ROW(TLSLE_MOVW_TPREL_G1, 4, false, BASE_THREAD, IN(FIELD_MOVE, 1)),
    ROW(TLSLE_MOVW_TPREL_G1_NC, 4, false, BASE_THREAD, IN_PART(FIELD_MOVE, 1)),
    ROW(TLSLE_MOVW_TPREL_G0, 4, false, BASE_THREAD, IN(FIELD_MOVE, 0)),
    ROW(TLSLE_MOVW_TPREL_G0_NC, 4, false, BASE_THREAD, IN_PART(FIELD_MOVE, 0)),
    ROW(TLSLE_ADD_TPREL_HI12, 4, false, BASE_THREAD, IN(FIELD_HIGH, 0)),
    ROW(TLSLE_ADD_TPREL_LO12, 4, false, BASE_THREAD, IN(FIELD_LOW, 0)),
    ROW(TLSLE_ADD_TPREL_LO12_NC, 4, false, BASE_THREAD, IN_PART(FIELD_LOW, 0)),
    ROW(TLSLE_LDST8_TPREL_LO12_NC, 4, false, BASE_THREAD, IN_PART(FIELD_LOW, 0)),
    ROW(TLSLE_LDST16_TPREL_LO12_NC, 4, false, BASE_THREAD, IN_PART(FIELD_LOW, 1)),
    ROW(TLSLE_LDST32_TPREL_LO12_NC, 4, false, BASE_THREAD, IN_PART(FIELD_LOW, 2)),
    ROW(TLSLE_LDST64_TPREL_LO12_NC, 4, false, BASE_THREAD, IN_PART(FIELD_LOW, 3)),
    ROW(TLSLE_LDST128_TPREL_LO12_NC, 4, false, BASE_THREAD, IN_PART(FIELD_LOW, 4)),
    // What image_tls_aarch64.c makes of them.
    ROW(TLSDESC_ADR_PAGE21, 4, false, BASE_THREAD, IN(FIELD_MOVE, 1)),
    ROW(TLSDESC_LD64_LO12, 4, false, BASE_THREAD, IN_PART(FIELD_MOVE, 0)),
    ROW(TLSDESC_ADD_LO12, 4, false, BASE_NONE, 0),
    ROW(TLSDESC_CALL, 4, false, BASE_NONE, 0),
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

// Code is entered by registers too, which a call through a GOT slot loads first; that it
// is code is not seen of those.
bool reloc_is_branch(const struct reloc_row *row, const uint8_t *section, uint64_t offset)
{
    (void)section, (void)offset;
    return row->type == R_AARCH64_JUMP26 || row->type == R_AARCH64_CALL26 ||
           row->type == R_AARCH64_CONDBR19 || row->type == R_AARCH64_TSTBR14;
}

// A weak symbol that nobody defines is called by going on (AAELF64, 5.7.9).
static bool calls_nothing(const struct reloc_row *row, uint64_t symbol)
{
    return symbol == 0 && (row->type == R_AARCH64_JUMP26 || row->type == R_AARCH64_CALL26);
}

static bool is_signed(int64_t value, unsigned bits)
{
    return value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1);
}

static void put_bits(uint8_t *at, uint64_t value, unsigned bits, unsigned lowest)
{
    uint32_t word, mask = (UINT32_C(1) << bits) - 1;
    memcpy(&word, at, sizeof word);
    word = (word & ~(mask << lowest)) | ((uint32_t)value & mask) << lowest;
    memcpy(at, &word, sizeof word);
}

static bool put_whole(const struct reloc_row *row, uint8_t *at, uint64_t value)
{
    memcpy(at, &value, row->width);
    return row->width == 8 || is_signed((int64_t)value, 32) ||
           (row->zero_extended && value <= UINT32_MAX);
}

// BITS of VALUE from bit LOWEST of the instruction on, the others of it being the sign.
static bool put_distance(uint8_t *at, int64_t value, unsigned scale, unsigned bits, unsigned lowest)
{
    put_bits(at, (uint64_t)(value >> scale), bits, lowest);
    return (value & ((INT64_C(1) << scale) - 1)) == 0 && is_signed(value >> scale, bits);
}

static bool put_adr(uint8_t *at, int64_t value)
{
    put_bits(at, (uint64_t)value, 2, 29);
    put_bits(at, (uint64_t)(value >> 2), 19, 5);
    return is_signed(value, 21);
}

// What is not added to where the instruction is.
static bool put_value(const struct reloc_row *row, uint8_t *at, uint64_t value, bool checks)
{
    unsigned scale = row->field >> 4 & 7;
    switch (row->field & 15) {
    case FIELD_LOW:
        put_bits(at, (value & 0xfff) >> scale, 12, 10);
        return (!checks || value < 0x1000) && (value & ((UINT64_C(1) << scale) - 1)) == 0;
    case FIELD_HIGH:
        put_bits(at, value >> 12, 12, 10);
        return value < 0x1000000;
    default:
        put_bits(at, value >> 16 * scale, 16, 5);
        return !checks || scale == 3 || value >> 16 * scale <= UINT16_MAX;
    }
}

static bool put_relative(const struct reloc_row *row, uint8_t *at, uint64_t value)
{
    unsigned scale = row->field >> 4 & 7;
    uint64_t here = (uintptr_t)at;
    int64_t distance = (int64_t)(value - here);
    switch (row->field & 15) {
    case FIELD_ADR:
        return put_adr(at, distance);
    case FIELD_PAGE:
        return put_adr(at, (int64_t)(value >> 12) - (int64_t)(here >> 12));
    case FIELD_TEST:
        return put_distance(at, distance, scale, 14, 5);
    case FIELD_NEAR:
        return put_distance(at, distance, scale, 19, 5);
    case FIELD_JUMP:
        return put_distance(at, distance, scale, 26, 0);
    default:
        return put_whole(row, at, (uint64_t)distance);
    }
}

bool reloc_apply(const struct fixup *fixup, const struct reloc_place *place)
{
    const struct reloc_row *row = fixup->row;
    uint64_t value = place->symbol;
    if (row->base == BASE_NONE) {
        return true;
    }
    if (calls_nothing(row, value)) {
        value = (uintptr_t)place->field + 4;
    } else if (reloc_has_slot(row)) {
        value = place->slot;
    } else if (row->base == BASE_THREAD) {
        value = place->thread;
    }
    value += (uint64_t)fixup->addend;
    if (row->pc_relative) {
        return put_relative(row, place->field, value);
    }
    bool whole = (row->field & 15) == FIELD_WHOLE;
    return whole ? put_whole(row, place->field, value)
                 : put_value(row, place->field, value, !(row->field & NO_CHECK));
}
