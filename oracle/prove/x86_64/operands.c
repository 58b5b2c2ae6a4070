// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/x86_64/semantics.h"

bool general_register(ZydisRegister reg, unsigned *number, unsigned *offset)
{
    ZydisRegister wide_one = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (wide_one < ZYDIS_REGISTER_RAX || wide_one > ZYDIS_REGISTER_R15)
        return false;
    *number = (unsigned)(wide_one - ZYDIS_REGISTER_RAX);
    *offset = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
    return true;
}

unsigned operand_bytes(const struct step *s, unsigned i)
{
    return s->ops[i].size / 8u;
}

static const struct form *register_in_address(struct execution *x, ZydisRegister reg)
{
    unsigned number, offset;
    if (reg == ZYDIS_REGISTER_NONE)
        return form_constant(x->pool, 0);
    if (!general_register(reg, &number, &offset)) {
        execution_unknown(x, "has an address of a kind that is not modelled");
        return form_constant(x->pool, 0);
    }
    return reg_number(x, number, 0, 8);
}

const struct form *effective_address(struct execution *x, const ZydisDecodedOperand *op)
{
    struct pool *p = x->pool;
    const struct step *s = x->step;
    ZyanU64 absolute;
    if (s->in.address_width != 64 || op->mem.segment == ZYDIS_REGISTER_FS ||
        op->mem.segment == ZYDIS_REGISTER_GS)
        execution_unknown(x, "has an address of a kind that is not modelled");
    if (op->mem.base == ZYDIS_REGISTER_RIP &&
        ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&s->in, op, s->at, &absolute)))
        return form_constant(p, absolute);
    int64_t disp = op->mem.disp.has_displacement ? op->mem.disp.value : 0;
    const struct form *a = register_in_address(x, op->mem.base);
    const struct form *index = register_in_address(x, op->mem.index);
    a = form_add_scaled(p, form_plus(p, a, disp), index, op->mem.scale ? op->mem.scale : 1);
    return form_reduce(p, a);
}

static struct value register_value(struct execution *x, ZydisRegister reg, unsigned width)
{
    unsigned number, offset;
    if (general_register(reg, &number, &offset))
        return reg_value(x, number, offset, width);
    execution_unknown(x, "has an operand that is not modelled");
    return value_number(form_constant(x->pool, 0));
}

struct value operand_value(struct execution *x, unsigned i)
{
    const ZydisDecodedOperand *op = &x->step->ops[i];
    unsigned width = operand_bytes(x->step, i);
    switch (op->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return register_value(x, op->reg.value, width);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        return value_number(form_constant(
            x->pool, op->imm.is_signed ? (wide)op->imm.value.s : (wide)(int64_t)op->imm.value.u));
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return memory_load(x, norm(x, effective_address(x, op), 64), width, 0, NULL);
    default:
        execution_unknown(x, "has an operand that is not modelled");
        return value_number(form_constant(x->pool, 0));
    }
}

const struct form *operand_number(struct execution *x, unsigned i)
{
    return value_to_number(x, operand_value(x, i));
}

void operand_set(struct execution *x, unsigned i, struct value v)
{
    const ZydisDecodedOperand *op = &x->step->ops[i];
    unsigned width = operand_bytes(x->step, i), number, offset;
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
        memory_store(x, norm(x, effective_address(x, op), 64), width, 0, NULL,
                     value_to_bytes(x, v, width));
    else if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
             general_register(op->reg.value, &number, &offset))
        reg_set(x, number, offset, width, v);
    else
        execution_unknown(x, "has an operand that is not modelled");
}

void set_flags(struct execution *x, struct flags f)
{
    x->m->flags = f;
}
