// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/cpu.h"
#include "record/rewrite/x86_64/zydis_insn.h"
#include "trace/barrier.h"

#include <elf.h>
#include <string.h>

// Instructions whose accesses, or whose effect on the recorder itself, are not
// modelled. Reaching one ends the case with this reason.
static const struct {
    ZydisMnemonic mnemonic;
    const char *why;
} refused_mnemonics[] = {
    {ZYDIS_MNEMONIC_SYSCALL, "a system call, whose stores cannot be recorded"},
    {ZYDIS_MNEMONIC_SYSENTER, "a system call, whose stores cannot be recorded"},
    {ZYDIS_MNEMONIC_INT, "a software interrupt, whose stores cannot be recorded"},
    {ZYDIS_MNEMONIC_INTO, "a software interrupt, whose stores cannot be recorded"},
    {ZYDIS_MNEMONIC_IRET, "a far return"},
    {ZYDIS_MNEMONIC_IRETD, "a far return"},
    {ZYDIS_MNEMONIC_IRETQ, "a far return"},
    {ZYDIS_MNEMONIC_UIRET, "a user-interrupt return"},
    {ZYDIS_MNEMONIC_XBEGIN, "a transaction, whose stores may be undone"},
    {ZYDIS_MNEMONIC_CLZERO, "a cache-line store that the operand decoder does not know"},
    {ZYDIS_MNEMONIC_WRFSBASE, "a change of the thread's segment base"},
    {ZYDIS_MNEMONIC_WRGSBASE, "a change of the thread's segment base"},
    {ZYDIS_MNEMONIC_WRPKRU, "a change of the memory protection keys"},
    {ZYDIS_MNEMONIC_ENQCMD, "a command store to a device"},
    {ZYDIS_MNEMONIC_ENQCMDS, "a command store to a device"},
    {ZYDIS_MNEMONIC_XSAVE, "a state save of varying size"},
    {ZYDIS_MNEMONIC_XSAVE64, "a state save of varying size"},
    {ZYDIS_MNEMONIC_XSAVEC, "a state save of varying size"},
    {ZYDIS_MNEMONIC_XSAVEC64, "a state save of varying size"},
    {ZYDIS_MNEMONIC_XSAVEOPT, "a state save of varying size"},
    {ZYDIS_MNEMONIC_XSAVEOPT64, "a state save of varying size"},
    {ZYDIS_MNEMONIC_XRSTOR, "a state load of varying size"},
    {ZYDIS_MNEMONIC_XRSTOR64, "a state load of varying size"},
};

static const char *refused_by_mnemonic(ZydisMnemonic m)
{
    for (unsigned i = 0; i < sizeof refused_mnemonics / sizeof *refused_mnemonics; i++) {
        if (refused_mnemonics[i].mnemonic == m)
            return refused_mnemonics[i].why;
    }
    return NULL;
}

static bool is_bit_test(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_BT || m == ZYDIS_MNEMONIC_BTS || m == ZYDIS_MNEMONIC_BTR ||
           m == ZYDIS_MNEMONIC_BTC;
}

static const char *refused_by_operands(const struct decoded *d)
{
    const ZydisDecodedInstruction *in = &d->in;
    if (in->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return "a far branch";
    if (in->meta.category == ZYDIS_CATEGORY_AMX_TILE)
        return "a tile access";
    if (in->meta.category == ZYDIS_CATEGORY_MPX)
        return "a bounds-table access";
    if (in->meta.category == ZYDIS_CATEGORY_CET && in->mnemonic != ZYDIS_MNEMONIC_ENDBR64 &&
        in->mnemonic != ZYDIS_MNEMONIC_ENDBR32) {
        return "a shadow-stack operation";
    }
    if (in->meta.category == ZYDIS_CATEGORY_IO || in->meta.category == ZYDIS_CATEGORY_IOSTRINGOP) {
        return "port I/O";
    }
    for (unsigned i = 0; i < in->operand_count; i++) {
        const ZydisDecodedOperand *op = &d->ops[i];
        if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
            ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_SEGMENT) {
            return "a load of a segment register";
        }
    }
    if (in->mnemonic == ZYDIS_MNEMONIC_ENTER && d->ops[1].imm.value.u != 0) {
        return "a nested frame";
    }
    return NULL;
}

static uint8_t gpr_number(ZydisRegister reg)
{
    if (reg == ZYDIS_REGISTER_NONE)
        return GPR_NONE;
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return GPR_PC;
    ZydisRegister wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (wide < ZYDIS_REGISTER_RAX || wide > ZYDIS_REGISTER_R15)
        return GPR_NONE;
    return (uint8_t)(wide - ZYDIS_REGISTER_RAX);
}

static void name_register(struct insn *out, ZydisRegister reg, bool written)
{
    uint8_t n = gpr_number(reg);
    if (n >= GPR_COUNT)
        return;
    out->named |= 1u << n;
    if (written)
        out->written |= 1u << n;
}

static bool moves_rsp_first(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_PUSH || m == ZYDIS_MNEMONIC_PUSHF || m == ZYDIS_MNEMONIC_PUSHFQ ||
           m == ZYDIS_MNEMONIC_CALL || m == ZYDIS_MNEMONIC_ENTER;
}

static void decode_memory(struct insn *out, const struct decoded *d, const ZydisDecodedOperand *op)
{
    struct mem *m = &out->mems[out->mem_count++];
    const ZydisDecodedInstruction *in = &d->in;
    memset(m, 0, sizeof *m);
    m->base = gpr_number(op->mem.base);
    m->index = gpr_number(op->mem.index);
    m->scale = op->mem.scale ? op->mem.scale : 1;
    m->disp = op->mem.disp.has_displacement ? op->mem.disp.value : 0;
    // The stack's own accesses are 64 bits wide whatever the prefix says.
    bool hidden = op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    m->addr32 = in->address_width == 32 && !(hidden && op->mem.segment == ZYDIS_REGISTER_SS);
    m->segment = op->mem.segment == ZYDIS_REGISTER_FS   ? SEGMENT_FS
                 : op->mem.segment == ZYDIS_REGISTER_GS ? SEGMENT_GS
                                                        : SEGMENT_NONE;
    m->width = (uint16_t)(op->size / 8);
    m->load = (op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    m->store = (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    // Written under a condition still means a write cycle (SDM vol. 2, CMPXCHG).
    if (m->base == GPR_PC) {
        ZyanU64 absolute = 0;
        ZydisCalcAbsoluteAddress(in, op, out->addr, &absolute);
        m->disp = (int64_t)absolute;
    }
    if (hidden && m->base == GPR_RSP && moves_rsp_first(in->mnemonic))
        m->disp -= m->width;
    // The address of `pop mem` is taken after rsp has moved (SDM vol. 2, POP).
    if (!hidden && in->mnemonic == ZYDIS_MNEMONIC_POP && m->base == GPR_RSP)
        m->disp += m->width;
    if (op->mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
        out->is_lea = true;
        m->load = m->store = false;
        return;
    }
    decode_mask(m, d, op);
}

static void decode_string(struct insn *out, const struct decoded *d)
{
    if (d->in.meta.category != ZYDIS_CATEGORY_STRINGOP)
        return;
    ZydisInstructionAttributes a = d->in.attributes;
    out->string = a & ZYDIS_ATTRIB_HAS_REP                               ? STRING_REP
                  : a & (ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE) ? STRING_REP_UNTIL
                                                                         : STRING_ONCE;
    out->counter = GPR_RCX;
    // The pointers move; Zydis does not say so of scas and cmps.
    for (unsigned i = 0; i < out->mem_count; i++)
        out->written |= 1u << out->mems[i].base;
    // movs and its like read first, then write.
    if (out->mem_count == 2 && out->mems[0].store && out->mems[1].load) {
        struct mem first = out->mems[0];
        out->mems[0] = out->mems[1];
        out->mems[1] = first;
    }
}

static void decode_special(struct insn *out, const struct decoded *d)
{
    switch (d->in.mnemonic) {
    case ZYDIS_MNEMONIC_CLFLUSH:
    case ZYDIS_MNEMONIC_CLFLUSHOPT:
    case ZYDIS_MNEMONIC_CLWB:
        out->flush = true;
        break;
    case ZYDIS_MNEMONIC_CLDEMOTE:
        out->prefetch = true;
        break;
    case ZYDIS_MNEMONIC_STD:
        out->sets_df = true;
        out->traits |= TRAIT_SETS_FLAGS;
        break;
    case ZYDIS_MNEMONIC_CLD:
        out->clears_df = true;
        break;
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ:
        out->pops_flags = true;
        out->traits |= TRAIT_SETS_FLAGS;
        if (out->mems[0].width > 2)
            out->may_refuse = "turns alignment checks on";
        break;
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
        out->traits |= TRAIT_X87 | TRAIT_MXCSR;
        break;
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_VLDMXCSR:
        out->traits |= TRAIT_MXCSR;
        break;
    case ZYDIS_MNEMONIC_FLDCW:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FRSTOR:
        out->traits |= TRAIT_X87;
        break;
    case ZYDIS_MNEMONIC_VZEROUPPER:
    case ZYDIS_MNEMONIC_VZEROALL:
        out->traits |= TRAIT_CLEARS_UPPERS;
        break;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
        out->undefined = true;
        out->mem_count = 0;
        break;
    default:
        break;
    }
    if (d->in.meta.category == ZYDIS_CATEGORY_PREFETCH)
        out->prefetch = true;
    if (d->in.meta.isa_ext == ZYDIS_ISA_EXT_X87)
        out->traits |= TRAIT_X87;
    if (d->in.meta.category == ZYDIS_CATEGORY_NOP ||
        d->in.meta.category == ZYDIS_CATEGORY_WIDENOP) {
        out->mem_count = 0;
    }
}

static void decode_order(struct insn *out)
{
    struct ordering order = ordering_of(EM_X86_64, false, out->bytes, out->length);
    out->fence = ordering_is_fence(order);
    out->drains = ordering_drains(order);
}

// Push, pop and the like move rsp by a constant; all others that write rsp
// leave it unknown.
static void decode_rsp(struct insn *out, const struct decoded *d)
{
    ZydisMnemonic m = d->in.mnemonic;
    int delta = 0;
    switch (m) {
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POP:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFQ:
        for (unsigned i = 0; i < out->mem_count; i++) {
            const struct mem *s = &out->mems[i];
            if (s->base == GPR_RSP && s->segment == SEGMENT_NONE)
                delta = s->width;
        }
        break;
    default:
        return;
    }
    bool pops = m == ZYDIS_MNEMONIC_POP || m == ZYDIS_MNEMONIC_POPF || m == ZYDIS_MNEMONIC_POPFQ;
    bool target_is_rsp = d->ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                         d->ops[0].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
                         gpr_number(d->ops[0].reg.value) == GPR_RSP && pops;
    if (delta == 0 || target_is_rsp)
        return;
    out->effect = EFFECT_ADD;
    out->reg = GPR_RSP;
    out->imm = pops ? delta : -delta;
}

static bool is_gpr64(const ZydisDecodedOperand *op)
{
    return op->type == ZYDIS_OPERAND_TYPE_REGISTER && op->size == 64 &&
           ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_GPR64;
}

static void decode_effect(struct insn *out, const struct decoded *d)
{
    const ZydisDecodedOperand *a = &d->ops[0], *b = &d->ops[1];
    if (d->in.operand_count_visible < 1 || !is_gpr64(a))
        return;
    bool reg = d->in.operand_count_visible > 1 && is_gpr64(b);
    bool imm = d->in.operand_count_visible > 1 && b->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    out->reg = gpr_number(a->reg.value);
    out->from = reg ? gpr_number(b->reg.value) : GPR_NONE;
    switch (d->in.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
        if (reg)
            out->effect = EFFECT_MOVE;
        break;
    case ZYDIS_MNEMONIC_LEA:
        if (!out->mems[0].addr32)
            out->effect = EFFECT_LEA;
        break;
    case ZYDIS_MNEMONIC_ADD:
        if (imm)
            out->effect = EFFECT_ADD, out->imm = b->imm.value.s;
        if (reg)
            out->effect = EFFECT_SUM;
        break;
    case ZYDIS_MNEMONIC_SUB:
        if (imm)
            out->effect = EFFECT_ADD, out->imm = -b->imm.value.s;
        break;
    case ZYDIS_MNEMONIC_INC:
        out->effect = EFFECT_ADD, out->imm = 1;
        break;
    case ZYDIS_MNEMONIC_DEC:
        out->effect = EFFECT_ADD, out->imm = -1;
        break;
    default:
        break;
    }
}

static void decode_branch(struct insn *out, const struct decoded *d)
{
    const ZydisDecodedOperand *op = &d->ops[0];
    ZyanU64 target = 0;
    if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        ZydisCalcAbsoluteAddress(&d->in, op, out->addr, &target);
    }
    out->target = target;
    bool direct = op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    switch (d->in.meta.category) {
    case ZYDIS_CATEGORY_CALL:
        out->flow = direct ? FLOW_CALL : FLOW_CALL_INDIRECT;
        break;
    case ZYDIS_CATEGORY_UNCOND_BR:
        out->flow = direct ? FLOW_JUMP : FLOW_JUMP_INDIRECT;
        break;
    case ZYDIS_CATEGORY_RET:
        out->flow = FLOW_RETURN;
        out->pops = op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? (uint16_t)op->imm.value.u : 0;
        break;
    case ZYDIS_CATEGORY_COND_BR:
        // jcc is 0x7x or 0x0f 0x8x; loop*, j*cxz are 0xe0..0xe3.
        out->flow = d->in.opcode >= 0xe0 && d->in.opcode <= 0xe3 &&
                            d->in.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT
                        ? FLOW_LOOP
                        : FLOW_BRANCH;
        break;
    default:
        break;
    }
    // Code that asks for a thread-local variable has calls with both prefixes.
    bool wide = (d->in.attributes & ZYDIS_ATTRIB_HAS_REX) && d->in.raw.rex.W;
    if (out->flow != FLOW_NEXT && (d->in.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) && !wide &&
        out->flow != FLOW_BRANCH && out->flow != FLOW_LOOP) {
        out->refused = "a branch with 16-bit operands";
    }
    if ((out->flow == FLOW_CALL_INDIRECT || out->flow == FLOW_JUMP_INDIRECT) &&
        op->type == ZYDIS_OPERAND_TYPE_REGISTER)
        out->reg = gpr_number(op->reg.value);
}

static void decode_part(struct insn *out, const struct decoded *d)
{
    struct mem *m = &out->mems[0];
    if (d->in.mnemonic == ZYDIS_MNEMONIC_XLAT) {
        m->index = GPR_NONE;
        m->part = GPR_RAX;
        m->part_bytes = m->part_times = 1;
    }
    // The bit offset moves the address, by whole operands, either way (SDM vol.
    // 2, 3.1.1.9: bit strings).
    if (is_bit_test(d->in.mnemonic) && d->ops[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
        d->ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER) {
        m->part = gpr_number(d->ops[1].reg.value);
        m->part_bytes = m->part_times = (uint8_t)m->width;
        m->part_signed = true;
        m->part_shift = (uint8_t)(3 + __builtin_ctz(m->width));
    }
}

static void decode_operands(struct insn *out, const struct decoded *d)
{
    for (unsigned i = 0; i < d->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &d->ops[i];
        if (op->type == ZYDIS_OPERAND_TYPE_REGISTER) {
            name_register(out, op->reg.value, (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0);
            ZydisRegisterClass c = ZydisRegisterGetClass(op->reg.value);
            if ((c == ZYDIS_REGCLASS_YMM || c == ZYDIS_REGCLASS_ZMM) &&
                ZydisRegisterGetId(op->reg.value) < 16) {
                out->traits |= TRAIT_DIRTIES_UPPERS;
            }
            if (c == ZYDIS_REGCLASS_MMX || c == ZYDIS_REGCLASS_X87)
                out->traits |= TRAIT_X87;
        } else if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            name_register(out, op->mem.base, false);
            name_register(out, op->mem.index, false);
            if (out->mem_count == INSN_MEMS_MAX)
                out->refused = "more memory operands than are modelled";
            else
                decode_memory(out, d, op);
        }
    }
}

// The remaining doubts about a memory operand.
static void check_memory(struct insn *out)
{
    for (unsigned i = 0; i < out->mem_count && !out->refused; i++) {
        const struct mem *m = &out->mems[i];
        bool access = m->load || m->store;
        if (!access || out->flush || out->prefetch)
            continue;
        if (m->width == 0 || m->width > 512)
            out->refused = "a memory operand of unknown width";
        if (m->mask != MASK_NONE && (m->width > 64 || m->element == 0)) {
            out->refused = "a masked operand of unknown shape";
        }
    }
}

static void find_rip_relative(struct insn *out, const struct decoded *d)
{
    bool relative = false;
    for (unsigned i = 0; i < out->mem_count; i++)
        relative |= out->mems[i].base == GPR_PC;
    // A wide nop has its operand dropped above, but not from its bytes; its
    // displacement does not matter.
    if (!relative)
        return;
    out->modrm_off = d->in.raw.modrm.offset;
    out->disp_off = d->in.raw.disp.offset;
}

void insn_decode(uint64_t addr, const uint8_t *code, unsigned length, struct insn *out)
{
    static ZydisDecoder decoder;
    static bool ready;
    if (!ready) {
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        ready = true;
    }
    struct decoded d;
    memset(out, 0, sizeof *out);
    out->addr = addr;
    out->reg = out->from = GPR_NONE;
    unsigned most = length < sizeof out->bytes ? length : (unsigned)sizeof out->bytes;
    if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, most, &d.in, d.ops))) {
        out->length = 1;
        memcpy(out->bytes, code, 1);
        insn_refuse(out, "bytes that are no known instruction");
        return;
    }
    out->length = d.in.length;
    memcpy(out->bytes, code, d.in.length);
    decode_operands(out, &d);
    decode_part(out, &d);
    decode_string(out, &d);
    decode_special(out, &d);
    decode_order(out);
    decode_effect(out, &d);
    decode_rsp(out, &d);
    decode_branch(out, &d);
    check_memory(out);
    find_rip_relative(out, &d);
    const char *why = out->refused;
    if (!why)
        why = refused_by_mnemonic(d.in.mnemonic);
    if (!why)
        why = refused_by_operands(&d);
    if (why)
        insn_refuse(out, why);
}

void insn_describe(const struct insn *in, struct site *site)
{
    memset(site, 0, sizeof *site);
    site->addr = in->addr;
    site->length = in->length;
    memcpy(site->bytes, in->bytes, in->length);
    site_describe(site, insn_store_bytes(in));
}
