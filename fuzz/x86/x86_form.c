// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/x86_form.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- what is not generated, and why ----

#define KERNEL     "enters the kernel, or needs its privilege"
#define TWICE      "does not do the same twice"
#define THREAD     "changes a state of the thread that the process lives by"
#define UMIP       "is not executed but emulated by the kernel, which says so in its log"
#define TEMPLATE   "made where the flow of a routine is made"
#define TRANSACT   "a transaction, which a signal or a fault undoes"
#define BOUNDS     "an extension that Linux has dropped: does nothing"
#define INIT_STATE "stores, or not, what the CPU takes for unchanged: not the same twice"

// clang-format off
static const struct {
    ZydisMnemonic mnemonic;
    const char *why;
} excluded_mnemonics[] = {
    {ZYDIS_MNEMONIC_SYSCALL, KERNEL},   {ZYDIS_MNEMONIC_SYSENTER, KERNEL},
    {ZYDIS_MNEMONIC_INT, KERNEL},       {ZYDIS_MNEMONIC_INT1, KERNEL},
    {ZYDIS_MNEMONIC_INTO, KERNEL},      {ZYDIS_MNEMONIC_IRET, KERNEL},
    {ZYDIS_MNEMONIC_IRETD, KERNEL},     {ZYDIS_MNEMONIC_IRETQ, KERNEL},
    {ZYDIS_MNEMONIC_VMCALL, KERNEL},    {ZYDIS_MNEMONIC_VMMCALL, KERNEL},
    {ZYDIS_MNEMONIC_VMFUNC, KERNEL},    {ZYDIS_MNEMONIC_ENCLU, KERNEL},
    {ZYDIS_MNEMONIC_GETSEC, KERNEL},    {ZYDIS_MNEMONIC_RDTSC, TWICE},
    {ZYDIS_MNEMONIC_RDTSCP, TWICE},     {ZYDIS_MNEMONIC_RDPMC, TWICE},
    {ZYDIS_MNEMONIC_RDRAND, TWICE},     {ZYDIS_MNEMONIC_RDSEED, TWICE},
    {ZYDIS_MNEMONIC_RDPID, TWICE},      {ZYDIS_MNEMONIC_RDPRU, TWICE},
    {ZYDIS_MNEMONIC_CPUID, TWICE},      {ZYDIS_MNEMONIC_UMONITOR, TWICE},
    {ZYDIS_MNEMONIC_UMWAIT, TWICE},     {ZYDIS_MNEMONIC_TPAUSE, TWICE},
    {ZYDIS_MNEMONIC_MONITORX, TWICE},   {ZYDIS_MNEMONIC_MWAITX, TWICE},
    {ZYDIS_MNEMONIC_WRFSBASE, THREAD},  {ZYDIS_MNEMONIC_WRGSBASE, THREAD},
    {ZYDIS_MNEMONIC_WRPKRU, THREAD},    {ZYDIS_MNEMONIC_XRSTOR, THREAD},
    {ZYDIS_MNEMONIC_XRSTOR64, THREAD},  {ZYDIS_MNEMONIC_SGDT, UMIP},
    {ZYDIS_MNEMONIC_SIDT, UMIP},        {ZYDIS_MNEMONIC_SLDT, UMIP},
    {ZYDIS_MNEMONIC_STR, UMIP},         {ZYDIS_MNEMONIC_SMSW, UMIP},
    {ZYDIS_MNEMONIC_XBEGIN, TRANSACT},  {ZYDIS_MNEMONIC_XEND, TRANSACT},
    {ZYDIS_MNEMONIC_XABORT, TRANSACT},  {ZYDIS_MNEMONIC_XTEST, TRANSACT},
    {ZYDIS_MNEMONIC_XSAVE, INIT_STATE}, {ZYDIS_MNEMONIC_XSAVE64, INIT_STATE},
    {ZYDIS_MNEMONIC_XSAVEC, INIT_STATE},   {ZYDIS_MNEMONIC_XSAVEC64, INIT_STATE},
    {ZYDIS_MNEMONIC_XSAVEOPT, INIT_STATE}, {ZYDIS_MNEMONIC_XSAVEOPT64, INIT_STATE},
    {ZYDIS_MNEMONIC_ENTER, TEMPLATE},   {ZYDIS_MNEMONIC_LEAVE, TEMPLATE},
    {ZYDIS_MNEMONIC_POPF, TEMPLATE},    {ZYDIS_MNEMONIC_POPFD, TEMPLATE},
    {ZYDIS_MNEMONIC_POPFQ, TEMPLATE},
};

static const struct {
    ZydisInstructionCategory category;
    const char *why;
} excluded_categories[] = {
    {ZYDIS_CATEGORY_COND_BR, TEMPLATE}, {ZYDIS_CATEGORY_UNCOND_BR, TEMPLATE},
    {ZYDIS_CATEGORY_CALL, TEMPLATE},    {ZYDIS_CATEGORY_RET, TEMPLATE},
    {ZYDIS_CATEGORY_IO, KERNEL},        {ZYDIS_CATEGORY_IOSTRINGOP, KERNEL},
    {ZYDIS_CATEGORY_SYSCALL, KERNEL},   {ZYDIS_CATEGORY_SYSRET, KERNEL},
    {ZYDIS_CATEGORY_UINTR, KERNEL},     {ZYDIS_CATEGORY_VTX, KERNEL},
    {ZYDIS_CATEGORY_SGX, KERNEL},       {ZYDIS_CATEGORY_CET, THREAD},
    {ZYDIS_CATEGORY_AMX_TILE, THREAD},  {ZYDIS_CATEGORY_KEYLOCKER, THREAD},
    {ZYDIS_CATEGORY_PADLOCK, KERNEL},   {ZYDIS_CATEGORY_PCONFIG, KERNEL},
    {ZYDIS_CATEGORY_MPX, BOUNDS},
};
// clang-format on

static const char *why_excluded(const struct x86_decoded *d)
{
    for (size_t i = 0; i < sizeof excluded_mnemonics / sizeof *excluded_mnemonics; i++)
        if (excluded_mnemonics[i].mnemonic == d->in.mnemonic)
            return excluded_mnemonics[i].why;
    for (size_t i = 0; i < sizeof excluded_categories / sizeof *excluded_categories; i++)
        if (excluded_categories[i].category == d->in.meta.category)
            return excluded_categories[i].why;
    if (d->in.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
        return KERNEL;
    if (d->in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE)
        return TEMPLATE;
    for (unsigned i = 0; i < d->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &d->ops[i];
        if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
            continue;
        ZydisRegisterClass c = ZydisRegisterGetClass(op->reg.value);
        if (c == ZYDIS_REGCLASS_CONTROL || c == ZYDIS_REGCLASS_DEBUG || c == ZYDIS_REGCLASS_TEST)
            return KERNEL;
        if (c == ZYDIS_REGCLASS_SEGMENT && (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            return THREAD;
    }
    return NULL;
}

// ---- decoding ----

bool x86_decode(const uint8_t *bytes, size_t length, struct x86_decoded *out)
{
    static ZydisDecoder decoder;
    static bool ready;
    if (!ready) {
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        ready = true;
    }
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &out->in, out->ops));
}

uint8_t x86_gpr(ZydisRegister reg)
{
    ZydisRegister wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (wide < ZYDIS_REGISTER_RAX || wide > ZYDIS_REGISTER_R15)
        return X86_NO_REG;
    return (uint8_t)(wide - ZYDIS_REGISTER_RAX);
}

bool x86_is_vector(ZydisRegister reg)
{
    ZydisRegisterClass c = ZydisRegisterGetClass(reg);
    return c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_YMM || c == ZYDIS_REGCLASS_ZMM;
}

static enum x86_field field_of(ZydisRegister reg)
{
    if (x86_gpr(reg) != X86_NO_REG)
        return FIELD_GPR;
    if (x86_is_vector(reg))
        return FIELD_VECTOR;
    return ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_MASK ? FIELD_MASK : FIELD_OTHER;
}

// ---- encoding ----

struct out {
    uint8_t *next;
};

static void put(struct out *o, unsigned byte)
{
    *o->next++ = (uint8_t)byte;
}

static void put_number(struct out *o, uint64_t value, unsigned bytes)
{
    memcpy(o->next, &value, bytes);
    o->next += bytes;
}

static const uint8_t pp_byte[] = {0, 0x66, 0xf3, 0xf2};

// Bits of the registers that do not fit ModRM and SIB.
struct high {
    unsigned r, x, b, r2, v2;
};

static struct high high_bits(const struct x86_form *f, const struct x86_choice *c)
{
    struct high h = {0};
    h.r = f->reg != FIELD_NONE ? c->reg >> 3 & 1 : 0;
    h.r2 = f->reg != FIELD_NONE ? c->reg >> 4 & 1 : 0;
    if (!f->memory) {
        h.b = (f->rm != FIELD_NONE || f->low != FIELD_NONE) ? c->rm >> 3 & 1 : 0;
        h.x = c->rm >> 4 & 1;
        return h;
    }
    bool base = c->mode == ADDRESS_BASE;
    bool index = (base || c->mode == ADDRESS_INDEX) && c->index != X86_NO_REG;
    h.b = base ? c->base >> 3 & 1 : 0;
    h.x = index ? c->index >> 3 & 1 : 0;
    h.v2 = index && f->vsib ? c->index >> 4 & 1 : 0;
    return h;
}

static void put_map(struct out *o, unsigned map)
{
    if (map > 0)
        put(o, 0x0f);
    if (map > 1)
        put(o, map == 2 ? 0x38 : 0x3a);
}

static void put_opcode(struct out *o, const struct x86_form *f, const struct x86_choice *c)
{
    struct high h = high_bits(f, c);
    unsigned vvvv = f->vvvv != FIELD_NONE ? c->vvvv : 0;
    unsigned v2 = f->vsib ? h.v2 : vvvv >> 4 & 1;
    if (f->encoding == X86_LEGACY) {
        unsigned rex = 0x40u | (unsigned)f->w << 3 | h.r << 2 | h.x << 1 | h.b;
        if (rex != 0x40 || c->rex)
            put(o, rex);
        put_map(o, f->map);
        put(o, f->low == FIELD_NONE ? f->opcode : (f->opcode & 0xf8u) | (c->rm & 7u));
    } else if (f->encoding == X86_VEX) {
        put(o, 0xc4);
        put(o, (h.r << 7 | h.x << 6 | h.b << 5) ^ 0xe0u ^ f->map);
        put(o, (unsigned)f->w << 7 | (~vvvv & 15u) << 3 | (unsigned)f->l << 2 | f->pp);
        put(o, f->opcode);
    } else {
        put(o, 0x62);
        put(o, ((h.r << 7 | h.x << 6 | h.b << 5 | h.r2 << 4) ^ 0xf0u) | f->map);
        put(o, (unsigned)f->w << 7 | (~vvvv & 15u) << 3 | 4u | f->pp);
        put(o, (unsigned)c->zeroing << 7 | (unsigned)f->l << 5 | (unsigned)f->b << 4 |
                   (v2 ^ 1u) << 3 | (c->mask & 7u));
        put(o, f->opcode);
    }
}

static void put_address(struct out *o, const struct x86_form *f, const struct x86_choice *c)
{
    unsigned reg = (c->reg & 7u) << 3;
    bool index = c->index != X86_NO_REG;
    switch (c->mode) {
    case ADDRESS_RIP:
        put(o, reg | 5);
        put_number(o, (uint64_t)c->disp, 4);
        return;
    case ADDRESS_ABSOLUTE:
        put(o, reg | 4);
        put(o, 0x25);
        put_number(o, (uint64_t)c->disp, 4);
        return;
    case ADDRESS_INDEX:
        put(o, reg | 4);
        put(o, (unsigned)c->scale << 6 | (c->index & 7u) << 3 | 5);
        put_number(o, (uint64_t)c->disp, 4);
        return;
    default:
        break;
    }
    unsigned mod = c->disp_bytes == 0 ? 0 : c->disp_bytes == 1 ? 0x40 : 0x80;
    if (index || (c->base & 7) == 4 || f->vsib) {
        put(o, mod | reg | 4);
        put(o, (unsigned)c->scale << 6 | (index ? c->index & 7u : 4u) << 3 | (c->base & 7u));
    } else {
        put(o, mod | reg | (c->base & 7u));
    }
    put_number(o, (uint64_t)c->disp, c->disp_bytes);
}

static bool is_encodable(const struct x86_form *f, const struct x86_choice *c)
{
    if (!f->memory || f->moffs)
        return true;
    if (c->mode == ADDRESS_BASE && c->disp_bytes == 0 && (c->base & 7) == 5)
        return false;
    if (f->vsib)
        return c->mode <= ADDRESS_INDEX && c->index != X86_NO_REG;
    if (c->mode == ADDRESS_INDEX && c->index == X86_NO_REG)
        return false;
    return c->mode > ADDRESS_INDEX || c->index != 4;
}

size_t x86_encode(const struct x86_form *f, const struct x86_choice *c,
                  uint8_t bytes[X86_LENGTH_MAX + 9], size_t *disp_off)
{
    struct out o = {bytes};
    *disp_off = 0;
    if (!is_encodable(f, c))
        return 0;
    if (c->extra)
        put(&o, c->extra);
    if (c->segment)
        put(&o, c->segment);
    if (c->addr32)
        put(&o, 0x67);
    if (f->encoding == X86_LEGACY && f->pp)
        put(&o, pp_byte[f->pp]);
    if (f->lock)
        put(&o, 0xf0);
    put_opcode(&o, f, c);
    if (f->moffs) {
        *disp_off = (size_t)(o.next - bytes);
        put_number(&o, (uint64_t)c->disp, c->addr32 ? 4 : 8);
    } else if (f->modrm && f->memory) {
        put_address(&o, f, c);
        unsigned disp = c->mode == ADDRESS_BASE ? c->disp_bytes : 4;
        *disp_off = (size_t)(o.next - bytes) - disp;
    } else if (f->modrm) {
        put(&o, 0xc0u | (c->reg & 7u) << 3 | (c->rm & 7u));
    }
    put_number(&o, c->imm, f->imm_bytes);
    size_t length = (size_t)(o.next - bytes);
    return length <= X86_LENGTH_MAX ? length : 0;
}

// ---- finding the forms ----

static struct x86_form_table table;

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001b3);
}

// What makes two encodings of an opcode two forms.
static uint64_t signature(const struct x86_decoded *d)
{
    const ZydisInstructionAttributes kept = ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_REP |
                                            ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE |
                                            ZYDIS_ATTRIB_HAS_MODRM;
    uint64_t h = mix(UINT64_C(0xcbf29ce484222325), (uint64_t)d->in.mnemonic);
    h = mix(h, d->in.attributes & kept);
    h = mix(h, (uint64_t)d->in.avx.broadcast.mode);
    h = mix(h, d->in.avx.has_sae | (uint64_t)(d->in.avx.rounding.mode != 0) << 1);
    h = mix(h, d->in.avx.vector_length);
    for (unsigned i = 0; i < d->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &d->ops[i];
        h = mix(h, (uint64_t)op->type);
        h = mix(h, op->size);
        h = mix(h, op->actions);
        h = mix(h, (uint64_t)op->visibility);
        h = mix(h, (uint64_t)op->encoding);
        h = mix(h, op->element_size);
        if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
            h = mix(h, op->encoding == ZYDIS_OPERAND_ENCODING_NONE
                           ? (uint64_t)op->reg.value
                           : (uint64_t)ZydisRegisterGetClass(op->reg.value));
    }
    return h;
}

static void describe_operand(struct x86_form *f, const ZydisDecodedOperand *op)
{
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.type != ZYDIS_MEMOP_TYPE_AGEN) {
        bool store = (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        f->store |= store;
        f->load |= (op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
        if (op->size / 8 > f->width)
            f->width = (uint16_t)(op->size / 8);
        f->vsib |= op->mem.type == ZYDIS_MEMOP_TYPE_VSIB;
    }
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return;
    enum x86_field field = field_of(op->reg.value);
    switch (op->encoding) {
    case ZYDIS_OPERAND_ENCODING_MODRM_REG:
        f->reg = (uint8_t)field;
        break;
    case ZYDIS_OPERAND_ENCODING_MODRM_RM:
        f->rm = (uint8_t)field;
        break;
    case ZYDIS_OPERAND_ENCODING_NDSNDD:
        f->vvvv = (uint8_t)field;
        break;
    case ZYDIS_OPERAND_ENCODING_OPCODE:
        f->low = (uint8_t)field;
        break;
    default:
        break;
    }
}

static void describe(struct x86_form *f, const struct x86_decoded *d)
{
    f->mnemonic = d->in.mnemonic;
    f->modrm = (d->in.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
    f->moffs = !f->modrm && d->in.raw.disp.size > 0;
    f->memory &= f->modrm || f->moffs;
    for (unsigned i = 0; i < 2; i++)
        f->imm_bytes = (uint8_t)(f->imm_bytes + d->in.raw.imm[i].size / 8);
    for (unsigned i = 0; i < d->in.operand_count; i++)
        describe_operand(f, &d->ops[i]);
    f->excluded = why_excluded(d);
}

// The forms of the opcode that is being looked at.
struct seen {
    uint64_t signature;
    size_t form;
};
static struct seen seen[2048];
static size_t seen_count;

// An opcode that names a register in its low bits is one form, not eight.
static bool is_known_by_low_bits(const struct x86_form *f)
{
    for (size_t i = table.count; f->low != FIELD_NONE && i-- > 0;) {
        const struct x86_form *old = &table.forms[i];
        if (old->encoding == f->encoding && old->map == f->map && old->low &&
            old->mnemonic == f->mnemonic && old->opcode != f->opcode &&
            (old->opcode ^ f->opcode) < 8)
            return true;
    }
    return false;
}

static void add(const struct x86_form *f, const struct x86_choice *c, const struct x86_decoded *d)
{
    uint64_t s = mix(signature(d), f->memory);
    uint8_t reg = (uint8_t)(1u << (c->reg & 7)), rm = (uint8_t)(1u << (c->rm & 7));
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].signature == s) {
            struct x86_form *old = &table.forms[seen[i].form];
            // The same thing with a prefix that means nothing is no other form.
            bool same = old->pp == f->pp && old->w == f->w && old->l == f->l && old->b == f->b;
            old->regs |= same ? reg : 0;
            old->rms |= same ? rm : 0;
            return;
        }
    }
    if (table.count == table.capacity) {
        table.capacity = table.capacity ? 2 * table.capacity : 4096;
        table.forms = must(realloc(table.forms, table.capacity * sizeof *table.forms));
    }
    struct x86_form *form = &table.forms[table.count];
    *form = *f;
    describe(form, d);
    if (is_known_by_low_bits(form))
        return;
    form->regs = reg;
    form->rms = rm;
    if (seen_count == sizeof seen / sizeof *seen)
        abort();
    seen[seen_count++] = (struct seen){s, table.count++};
}

// Encodes with all fields taken for registers, so that every bit is as chosen.
static bool try(struct x86_form f, const struct x86_choice *c, bool no_modrm)
{
    uint8_t bytes[32] = {0};
    size_t disp_off;
    struct x86_decoded d;
    f.vsib = true; // makes the SIB byte, and V'
    f.modrm = !no_modrm;
    if (x86_encode(&f, c, bytes, &disp_off) == 0 || !x86_decode(bytes, X86_LENGTH_MAX, &d))
        return false;
    bool has = (d.in.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
    if (has == no_modrm)
        return has;
    f.vsib = false;
    f.needs_mask = c->mask != 0;
    add(&f, c, &d);
    return true;
}

static void try_memory(struct x86_form f)
{
    f.memory = true;
    for (unsigned reg = 0; reg < 8; reg++) {
        struct x86_choice c = {
            .reg = (uint8_t)reg, .mode = ADDRESS_BASE, .index = 1, .disp_bytes = 4};
        // Gathers want three registers; scatters an opmask.
        for (unsigned k = 0; k < 4; k++) {
            c.mask = f.encoding == X86_EVEX ? k & 1 : 0;
            c.vvvv = k & 2 ? 2 : 0;
            f.vvvv = k & 2 ? FIELD_VECTOR : FIELD_NONE;
            struct x86_form g = f;
            if (k & 2 ? f.encoding == X86_VEX && try(g, &c, false) : try(g, &c, false))
                break;
        }
    }
}

static void try_registers(struct x86_form f)
{
    f.memory = false;
    for (unsigned reg = 0; reg < 8; reg++) {
        for (unsigned rm = 0; rm < (f.encoding == X86_LEGACY ? 8 : 1); rm++) {
            struct x86_choice c = {.reg = (uint8_t)reg, .rm = (uint8_t)rm};
            if (!try(f, &c, false) && f.encoding == X86_EVEX) {
                c.mask = 1;
                try(f, &c, false);
            }
        }
    }
}

static bool is_prefix(unsigned map, unsigned opcode)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
                                       0xf0, 0xf2, 0xf3, 0x62, 0xc4, 0xc5, 0x0f};
    if (map == 1)
        return opcode == 0x38 || opcode == 0x3a || opcode == 0x0f;
    if (map != 0)
        return false;
    return (opcode & 0xf0) == 0x40 || memchr(prefixes, (int)opcode, sizeof prefixes) != NULL;
}

static void try_legacy(unsigned map, unsigned opcode)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        struct x86_form f = {.encoding = X86_LEGACY,
                             .map = (uint8_t)map,
                             .opcode = (uint8_t)opcode,
                             .pp = bits & 3,
                             .w = bits >> 2 & 1,
                             .lock = bits >> 3 & 1};
        struct x86_choice none = {0};
        struct x86_form plain = f;
        // A displacement without ModRM (moffs) is memory all the same.
        plain.memory = map == 0 && opcode >= 0xa0 && opcode <= 0xa3;
        plain.moffs = plain.memory;
        try(plain, &none, true);
        try_memory(f);
        try_registers(f);
    }
}

static void try_vector(enum x86_encoding encoding, unsigned map, unsigned opcode)
{
    unsigned lengths = encoding == X86_VEX ? 2 : 3, bs = encoding == X86_VEX ? 1 : 2;
    for (unsigned bits = 0; bits < 8 * lengths * bs; bits++) {
        struct x86_form f = {.encoding = (uint8_t)encoding,
                             .map = (uint8_t)map,
                             .opcode = (uint8_t)opcode,
                             .pp = bits & 3,
                             .w = bits >> 2 & 1,
                             .l = (uint8_t)((bits >> 3) % lengths),
                             .b = (uint8_t)((bits >> 3) / lengths)};
        struct x86_choice none = {0};
        if (encoding == X86_VEX)
            try(f, &none, true); // vzeroupper
        try_memory(f);
        try_registers(f);
    }
}

static void find(void)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (unsigned map = 0; map < 4; map++) {
            seen_count = 0;
            if (!is_prefix(map, opcode))
                try_legacy(map, opcode);
        }
        for (unsigned map = 1; map < 7; map++) {
            seen_count = 0;
            if (map <= 3)
                try_vector(X86_VEX, map, opcode);
            seen_count = 0;
            if (map != 4)
                try_vector(X86_EVEX, map, opcode);
        }
    }
}

const struct x86_form_table *x86_forms(void)
{
    if (table.count == 0)
        find();
    return &table;
}

void x86_form_print(const struct x86_form *f, char *text, size_t size)
{
    static const char *const encodings[] = {"", "vex ", "evex "};
    static const char *const pps[] = {"", "66 ", "f3 ", "f2 "};
    snprintf(text, size, "%s%s%-16s %s%s%smap%u %02x/%02x w%u l%u b%u %s%s%u",
             f->lock ? "lock " : "", encodings[f->encoding], ZydisMnemonicGetString(f->mnemonic),
             f->memory ? "m" : "r", f->vsib ? " vsib" : "", " ", f->map, f->opcode, f->regs, f->w,
             f->l, f->b, pps[f->pp],
             f->store  ? "stores "
             : f->load ? "loads "
                       : "",
             f->width);
}
