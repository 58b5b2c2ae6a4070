// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/x86_64/semantics.h"

#define ROW(mnemonic, function)             \
    {                                       \
        ZYDIS_MNEMONIC_##mnemonic, function \
    }

static const struct {
    ZydisMnemonic mnemonic;
    semantics *run;
} rows[] = {
    ROW(MOV, integer_move),
    ROW(MOVZX, integer_extend),
    ROW(MOVSX, integer_extend),
    ROW(MOVSXD, integer_extend),
    ROW(LEA, integer_lea),
    ROW(ADD, integer_add),
    ROW(SUB, integer_sub),
    ROW(CMP, integer_compare),
    ROW(AND, integer_and),
    ROW(TEST, integer_test),
    ROW(OR, integer_or),
    ROW(XOR, integer_xor),
    ROW(INC, integer_inc),
    ROW(DEC, integer_dec),
    ROW(NEG, integer_neg),
    ROW(NOT, integer_not),
    ROW(SHL, integer_shift),
    ROW(SHR, integer_shift),
    ROW(SAR, integer_shift),
    ROW(SHLX, integer_shift),
    ROW(SHRX, integer_shift),
    ROW(SARX, integer_shift),
    ROW(IMUL, integer_multiply),
    ROW(BSR, integer_scan),
    ROW(BSF, integer_scan),
    ROW(LZCNT, integer_scan),
    ROW(TZCNT, integer_scan),
    ROW(BT, integer_bit),
    ROW(BTS, integer_bit),
    ROW(BTR, integer_bit),
    ROW(BTC, integer_bit),
    ROW(XCHG, integer_exchange),
    ROW(DIV, integer_divide),
    ROW(ADC, integer_carry),
    ROW(SBB, integer_carry),
    ROW(CWDE, integer_sign_extend),
    ROW(CDQE, integer_sign_extend),
    ROW(BZHI, integer_bzhi),
    ROW(JMP, flow_jump),
    ROW(JRCXZ, flow_count),
    ROW(JECXZ, flow_count),
    ROW(LOOP, flow_loop),
    ROW(LOOPE, flow_loop),
    ROW(LOOPNE, flow_loop),
    ROW(CALL, flow_call),
    ROW(RET, flow_return),
    ROW(PUSH, flow_push),
    ROW(POP, flow_pop),
    ROW(LEAVE, flow_leave),
    ROW(UD2, flow_crash),
    ROW(HLT, flow_crash),
    ROW(INT3, flow_crash),
    ROW(NOP, state_nothing),
    ROW(ENDBR64, state_nothing),
    ROW(PAUSE, state_nothing),
    ROW(PREFETCHT0, state_nothing),
    ROW(PREFETCHT1, state_nothing),
    ROW(PREFETCHT2, state_nothing),
    ROW(PREFETCHNTA, state_nothing),
    ROW(PREFETCHW, state_nothing),
    ROW(VZEROUPPER, state_zero_upper),
    ROW(CLD, state_direction),
    ROW(STD, state_direction),
    ROW(CLC, state_carry),
    ROW(STC, state_carry),
    ROW(SFENCE, state_fence),
    ROW(LFENCE, state_fence),
    ROW(MFENCE, state_fence),
    ROW(CLFLUSH, state_flush),
    ROW(CLFLUSHOPT, state_flush),
    ROW(CLWB, state_flush),
    ROW(MOVSB, string_move),
    ROW(MOVSW, string_move),
    ROW(MOVSQ, string_move),
    ROW(MOVUPS, vector_move),
    ROW(MOVUPD, vector_move),
    ROW(MOVDQU, vector_move),
    ROW(LDDQU, vector_move),
    ROW(MOVAPS, vector_move),
    ROW(MOVAPD, vector_move),
    ROW(MOVDQA, vector_move),
    ROW(MOVNTDQ, vector_move),
    ROW(MOVNTPS, vector_move),
    ROW(MOVNTPD, vector_move),
    ROW(MOVNTDQA, vector_move),
    ROW(MOVNTI, integer_move),
    ROW(MOVD, vector_move),
    ROW(MOVQ, vector_move),
    ROW(MOVSS, vector_move),
    ROW(VMOVUPS, vector_move),
    ROW(VMOVUPD, vector_move),
    ROW(VMOVDQU, vector_move),
    ROW(VLDDQU, vector_move),
    ROW(VMOVAPS, vector_move),
    ROW(VMOVAPD, vector_move),
    ROW(VMOVDQA, vector_move),
    ROW(VMOVNTDQ, vector_move),
    ROW(VMOVNTPS, vector_move),
    ROW(VMOVNTPD, vector_move),
    ROW(VMOVNTDQA, vector_move),
    ROW(VMOVD, vector_move),
    ROW(VMOVQ, vector_move),
    ROW(VMOVSS, vector_move),
    ROW(VMOVSD, vector_move),
    ROW(VMOVDQU8, vector_move),
    ROW(VMOVDQU16, vector_move),
    ROW(VMOVDQU32, vector_move),
    ROW(VMOVDQU64, vector_move),
    ROW(VMOVDQA32, vector_move),
    ROW(VMOVDQA64, vector_move),
    ROW(PALIGNR, vector_align),
    ROW(VPALIGNR, vector_align),
    ROW(KMOVB, mask_move),
    ROW(KMOVW, mask_move),
    ROW(KMOVD, mask_move),
    ROW(KMOVQ, mask_move),
    ROW(KSHIFTRD, mask_shift),
    ROW(KSHIFTRQ, mask_shift),
};

static bool has_vector(const struct step *s)
{
    for (unsigned i = 0; i < s->in.operand_count_visible; i++) {
        ZydisRegisterClass c = s->ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER
                                   ? ZydisRegisterGetClass(s->ops[i].reg.value)
                                   : ZYDIS_REGCLASS_INVALID;
        if (c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_YMM || c == ZYDIS_REGCLASS_ZMM)
            return true;
    }
    return false;
}

// Of one mnemonic that stands for two instructions.
static semantics *of_two(const struct step *s)
{
    switch (s->in.mnemonic) {
    case ZYDIS_MNEMONIC_MOVSD:
        return has_vector(s) ? vector_move : string_move;
    default:
        return NULL;
    }
}

// By a condition code in its opcode: 70 to 7f, and 0f 80 to 0f 8f.
static bool is_jcc(const struct step *s)
{
    unsigned first = s->in.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT ? 0x70
                     : s->in.opcode_map == ZYDIS_OPCODE_MAP_0F    ? 0x80
                                                                  : 0;
    return first && s->in.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
           s->in.meta.category == ZYDIS_CATEGORY_COND_BR && (s->in.opcode & 0xf0u) == first;
}

semantics *semantics_of(const struct step *s)
{
    semantics *two = of_two(s);
    if (two)
        return two;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].mnemonic == s->in.mnemonic)
            return rows[i].run;
    if (is_jcc(s))
        return flow_branch;
    if (s->in.meta.category == ZYDIS_CATEGORY_SETCC)
        return integer_set;
    if (s->in.meta.category == ZYDIS_CATEGORY_CMOV)
        return integer_cmov;
    return s->in.meta.category == ZYDIS_CATEGORY_WIDENOP ? state_nothing
           : has_vector(s)                               ? vector_opaque
                                                         : NULL;
}

void semantics_run(struct execution *x)
{
    x->m->pc = x->step->next;
    if (!x->step->run || x->step->in.attributes & ZYDIS_ATTRIB_HAS_LOCK) {
        execution_unknown(x, "is not modelled");
        return;
    }
    x->step->run(x);
    if (pool_trouble(x->pool))
        execution_unknown(x, pool_trouble(x->pool));
}
