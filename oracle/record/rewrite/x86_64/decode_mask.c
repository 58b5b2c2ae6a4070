// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which bytes of a memory operand an instruction touches, where not all.

#include "record/rewrite/x86_64/zydis_insn.h"

#include <string.h>

static bool is_masked_move(ZydisMnemonic m)
{
    switch (m) {
    case ZYDIS_MNEMONIC_VMASKMOVPS:
    case ZYDIS_MNEMONIC_VMASKMOVPD:
    case ZYDIS_MNEMONIC_VPMASKMOVD:
    case ZYDIS_MNEMONIC_VPMASKMOVQ:
    case ZYDIS_MNEMONIC_MASKMOVQ:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_VMASKMOVDQU:
        return true;
    default:
        return false;
    }
}

static bool is_byte_masked_move(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_MASKMOVQ || m == ZYDIS_MNEMONIC_MASKMOVDQU ||
           m == ZYDIS_MNEMONIC_VMASKMOVDQU;
}

// Fills the mask from the vector register REG.
static void mask_by_vector(struct mem *m, ZydisRegister reg, const ZydisDecodedInstruction *in)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(reg);
    m->mask = MASK_VECTOR;
    m->mask_reg = (uint8_t)ZydisRegisterGetId(reg);
    m->mask_bytes = class == ZYDIS_REGCLASS_MMX ? 8 : class == ZYDIS_REGCLASS_YMM ? 32 : 16;
    m->mask_class = class == ZYDIS_REGCLASS_MMX                         ? VECTOR_MMX
                    : in->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY ? VECTOR_SSE
                                                                        : VECTOR_VEX;
}

static bool is_expand_or_compress(ZydisInstructionCategory c)
{
    return c == ZYDIS_CATEGORY_COMPRESS || c == ZYDIS_CATEGORY_EXPAND;
}

// Does the instruction load its operand whatever the mask holds? These are the
// classes without fault suppression (SDM vol. 2, 2.8), and one that Zydis files
// elsewhere.
static bool loads_regardless(const ZydisDecodedInstruction *in)
{
    switch (in->meta.exception_class) {
    case ZYDIS_EXCEPTION_CLASS_E1NF:
    case ZYDIS_EXCEPTION_CLASS_E2NF:
    case ZYDIS_EXCEPTION_CLASS_E3NF:
    case ZYDIS_EXCEPTION_CLASS_E4NF:
    case ZYDIS_EXCEPTION_CLASS_E5NF:
    case ZYDIS_EXCEPTION_CLASS_E6NF:
    case ZYDIS_EXCEPTION_CLASS_E9NF:
    case ZYDIS_EXCEPTION_CLASS_E10NF:
    case ZYDIS_EXCEPTION_CLASS_E11NF:
        return true;
    default:
        return in->mnemonic == ZYDIS_MNEMONIC_VDBPSADBW;
    }
}

// One element, and mask bit 0: ...ss and ...sd, but for what fills a vector.
static bool is_scalar(const struct mem *m, const ZydisDecodedInstruction *in)
{
    const char *name = ZydisMnemonicGetString(in->mnemonic);
    size_t n = strlen(name);
    return m->width == m->element && in->meta.category != ZYDIS_CATEGORY_BROADCAST &&
           in->avx.broadcast.mode == ZYDIS_BROADCAST_MODE_INVALID && name[n - 2] == 's' &&
           (name[n - 1] == 's' || name[n - 1] == 'd');
}

// Mask bits that count where one memory operand feeds many elements: as many as
// the longer of source and destination elements fit the vector.
static uint8_t whole_elements(const struct mem *m, const struct decoded *d)
{
    unsigned longest = m->element;
    if (d->ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER && d->ops[0].element_size / 8 > longest)
        longest = d->ops[0].element_size / 8;
    return (uint8_t)(longest ? d->in.avx.vector_length / 8 / longest : 0);
}

// Opmask of an EVEX instruction: which bytes of the operand bit i governs.
static void mask_by_opmask(struct mem *m, const struct decoded *d, const ZydisDecodedOperand *op)
{
    const ZydisDecodedInstruction *in = &d->in;
    m->mask = MASK_K;
    m->mask_reg = (uint8_t)(in->avx.mask.reg - ZYDIS_REGISTER_K0);
    m->element = (uint8_t)(op->element_size / 8);
    m->compressed = is_expand_or_compress(in->meta.category);
    // Where a memory element feeds several elements of the register (broadcasts,
    // conversions to a longer type keep one to one), bits and bytes do not map.
    unsigned elements = m->element ? m->width / m->element : 0;
    const ZydisDecodedOperand *reg =
        op == &d->ops[0] ? &d->ops[in->operand_count_visible - 1] : &d->ops[0];
    bool to_mask = reg->type == ZYDIS_OPERAND_TYPE_REGISTER &&
                   ZydisRegisterGetClass(reg->reg.value) == ZYDIS_REGCLASS_MASK;
    m->whole = !m->store && !m->compressed && !to_mask && reg->element_count != elements;
    if (in->avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID)
        m->whole = true;
    if (is_scalar(m, in))
        m->whole = false;
    m->elements = whole_elements(m, d);
    if (!m->store && loads_regardless(in))
        m->mask = MASK_NONE;
}

static bool gather_or_scatter(struct mem *m, const struct decoded *d, const ZydisDecodedOperand *op)
{
    ZydisInstructionCategory c = d->in.meta.category;
    if (c != ZYDIS_CATEGORY_AVX2GATHER && c != ZYDIS_CATEGORY_GATHER &&
        c != ZYDIS_CATEGORY_SCATTER) {
        return false;
    }
    // Mnemonics end in [dq][dq|ps|pd]: index width, then data width.
    const char *name = ZydisMnemonicGetString(d->in.mnemonic);
    size_t n = strlen(name);
    bool fp = name[n - 2] == 'p';
    char index = fp ? name[n - 3] : name[n - 2];
    char data = name[n - 1]; // d: 32 bits for integers, 64 for "pd"
    unsigned data_bytes = fp ? (data == 'd' ? 8 : 4) : (data == 'd' ? 4 : 8);
    m->vindex_bytes = index == 'd' ? 4 : 8;
    m->vindex = (uint8_t)ZydisRegisterGetId(op->mem.index);
    m->index = GPR_NONE;
    unsigned vl = d->in.avx.vector_length / 8;
    unsigned wide = data_bytes > m->vindex_bytes ? data_bytes : m->vindex_bytes;
    m->elements = (uint8_t)(vl / wide);
    m->width = (uint16_t)data_bytes;
    m->element = (uint8_t)data_bytes;
    if (c == ZYDIS_CATEGORY_AVX2GATHER) {
        mask_by_vector(m, d->ops[2].reg.value, &d->in);
        ZydisRegisterClass class = ZydisRegisterGetClass(d->ops[2].reg.value);
        m->mask_bytes = class == ZYDIS_REGCLASS_YMM ? 32 : 16;
    }
    return true;
}

void decode_mask(struct mem *m, const struct decoded *d, const ZydisDecodedOperand *op)
{
    const ZydisDecodedInstruction *in = &d->in;
    m->element = (uint8_t)(op->element_size / 8 > 64 ? 0 : op->element_size / 8);
    if (is_masked_move(in->mnemonic)) {
        bool bytes = is_byte_masked_move(in->mnemonic);
        mask_by_vector(m, d->ops[1].reg.value, in);
        m->element = bytes ? 1
                     : (in->mnemonic == ZYDIS_MNEMONIC_VMASKMOVPD ||
                        in->mnemonic == ZYDIS_MNEMONIC_VPMASKMOVQ)
                         ? 8
                         : 4;
        return;
    }
    bool gather = gather_or_scatter(m, d, op);
    bool opmask = in->avx.mask.reg > ZYDIS_REGISTER_K0 && in->avx.mask.reg <= ZYDIS_REGISTER_K7 &&
                  in->avx.mask.mode != ZYDIS_MASK_MODE_INVALID &&
                  in->avx.mask.mode != ZYDIS_MASK_MODE_DISABLED;
    if (!opmask)
        return;
    if (gather) {
        m->mask = MASK_K;
        m->mask_reg = (uint8_t)(in->avx.mask.reg - ZYDIS_REGISTER_K0);
    } else {
        mask_by_opmask(m, d, op);
    }
}
