// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/aarch64/semantics.h"

// C4.1, by mask and value.
static const struct {
    uint32_t mask, word;
    semantics *run;
} rows[] = {
    {0x1f000000, 0x10000000, a64_address},
    {0x1f800000, 0x11000000, a64_add_immediate},
    {0x1f800000, 0x12000000, a64_logic_immediate},
    {0x1f800000, 0x12800000, a64_move_wide},
    {0x1f800000, 0x13000000, a64_bit_field},
    {0x1f000000, 0x0a000000, a64_logic},
    {0x1f200000, 0x0b000000, a64_add},
    {0x1fe00000, 0x0b200000, a64_add_extended},
    {0x3fe00800, 0x1a800000, a64_select},
    {0x3fe00410, 0x3a400000, a64_compare_if},
    {0x7fe0f000, 0x1ac02000, a64_shift},
    {0x7fe00000, 0x1b000000, a64_multiply_add},
    {0xfc000000, 0x14000000, a64_jump},
    {0xfc000000, 0x94000000, a64_call},
    {0xff000010, 0x54000000, a64_branch},
    {0x7e000000, 0x34000000, a64_branch_if_zero},
    {0x7e000000, 0x36000000, a64_branch_on_bit},
    {0xfffffc1f, 0xd61f0000, a64_jump_register},
    {0xfffffc1f, 0xd63f0000, a64_call_register},
    {0xfffffc1f, 0xd65f0000, a64_return},
    {0xffe0001f, 0xd4200000, a64_crash},   // brk
    {0xffff0000, 0x00000000, a64_crash},   // udf
    {0xffffffff, 0xd503201f, a64_nothing}, // nop
    {0xffffffff, 0xd503203f, a64_nothing}, // yield
    {0xffffff3f, 0xd503241f, a64_nothing}, // bti
    {0xfffff0ff, 0xd503309f, a64_barrier}, // dsb
    {0xfffff0ff, 0xd50330bf, a64_barrier}, // dmb
    {0xfffff0ff, 0xd50330df, a64_barrier}, // isb
    {0x3b000000, 0x18000000, a64_literal},
    {0x3a000000, 0x28000000, a64_pair},
    {0x3b200c00, 0x38000000, a64_unscaled},
    {0x3b200400, 0x38000400, a64_indexed},
    {0x3b200c00, 0x38200800, a64_register_offset},
    {0x3b000000, 0x39000000, a64_unsigned_offset},
    {0x3fbffc00, 0x089ffc00, a64_ordered},    // ldar, stlr
    {0xbfbf0000, 0x0c000000, a64_structures}, // ld1 and st1 of whole registers
    {0xbfa00000, 0x0c800000, a64_structures},
    {0xbfe0fc00, 0x0ea01c00, a64_move_vector},      // orr
    {0xfffffc00, 0x9e670000, a64_move_to_vector},   // fmov d, x
    {0xfffffc00, 0x9e660000, a64_move_from_vector}, // fmov x, d
    {0x9ff80400, 0x0f000400, a64_opaque_vector},    // movi and its like
};

semantics *a64_semantics_of(uint32_t word)
{
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((word & rows[i].mask) == rows[i].word)
            return rows[i].run;
    return NULL;
}
