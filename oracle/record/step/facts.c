// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/facts_mask.h"

#include "trace/barrier.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Opened once and kept for the life of the process, since decoding in a signal
// handler must not allocate.
static csh handle;
static cs_insn *scratch;

bool facts_open(void)
{
    if (handle)
        return true;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return false;
    cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    scratch = cs_malloc(handle);
    return scratch != NULL;
}

// ---- names ----

// What may not be run, by name, and why.
static const struct {
    const char *names, *why;
} refusals[] = {
    {"syscall sysenter", "a system call, whose stores cannot be recorded"},
    {"int into", "a software interrupt, whose stores cannot be recorded"},
    {"retf retfq lcall ljmp", "a far branch"},
    {"iret iretd iretq", "a far return"},
    {"xbegin", "a transaction, which a trap after each instruction would abort"},
    {"clzero", "a cache-line store that is not modelled"},
    {"wrfsbase wrgsbase", "a change of the thread's segment base"},
    {"wrpkru", "a change of the memory protection keys"},
    {"enqcmd enqcmds", "a command store to a device"},
    {"xsave xsave64 xsavec xsavec64 xsaveopt xsaveopt64 xsaves xsaves64",
     "a state save of varying size"},
    {"xrstor xrstor64 xrstors xrstors64", "a state load of varying size"},
    {"fxrstor fxrstor64", "a state load that may set the control registers"},
    {"in insb insw insd out outsb outsw outsd", "port I/O"},
    {"xlatb", "a table load through al, which is not modelled"},
};

static const char *refused_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (facts_is_one_of(name, refusals[i].names))
            return refusals[i].why;
    return NULL;
}

// Read their first operand only.
static const char readers[] = "cmp test push call jmp mul imul div idiv bt ldmxcsr vldmxcsr "
                              "verr verw lldt ltr lgdt lidt lmsw";
// Read memory and write it, where it is their first operand.
static const char updaters[] = "add or adc sbb and sub xor inc dec neg not shl sal shr sar rol ror "
                               "rcl rcr shld shrd bts btr btc xadd cmpxchg cmpxchg8b "
                               "cmpxchg16b";
// The x87 instructions that write memory; all others read it.
static const char x87_writers[] = "fst fstp fist fistp fisttp fbstp fnstcw fstcw fnstsw fstsw "
                                  "fnstenv fstenv fnsave fsave fxsave fxsave64";

// What Capstone 4.0.2 gives other sizes for (SDM vol. 2 has these).
static const struct {
    const char *names;
    uint16_t given;          // by Capstone; 0: whatever it gives
    uint16_t bytes, bytes16; // ... with 16-bit operands
} widths[] = {
    {"fnsave fsave frstor", 0, 108, 94},
    {"fnstenv fstenv fldenv", 0, 28, 14},
    {"fxsave fxsave64 fxrstor fxrstor64", 0, 512, 512},
    {"fnstsw fstsw fnstcw fstcw fldcw lsl", 0, 2, 2},
    {"stmxcsr vstmxcsr ldmxcsr vldmxcsr comiss vcomiss vaddss vsubss vmulss vdivss vminss vmaxss "
     "vrndscaless",
     0, 4, 4},
    {"comisd vcomisd vaddsd vsubsd vmulsd vdivsd vminsd vmaxsd vrndscalesd vmovq", 0, 8, 8},
    {"vpmovqb vpmovsqb vpmovusqb vpmovzxbq vpmovsxbq", 16, 8, 8},
    {"punpcklbw punpcklwd punpckldq", 8, 4, 4}, // with MMX registers
};

static uint16_t width_of(const char *name, uint16_t given, bool operand16)
{
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (facts_is_one_of(name, widths[i].names) &&
            (!widths[i].given || widths[i].given == given))
            return operand16 ? widths[i].bytes16 : widths[i].bytes;
    size_t n = strlen(name);
    if (facts_starts_with(name, "vf") && name[n - 2] == 's') // vfmadd213ss and its like
        return name[n - 1] == 's' ? 4 : 8;
    return given;
}

static bool is_x87(const char *name)
{
    return name[0] == 'f';
}

// Of the memory operand that is number INDEX of the instruction.
static enum step_role role_of(const char *name, unsigned index)
{
    if (facts_is_one_of(name, "clflush clflushopt clwb"))
        return ROLE_FLUSH;
    if (facts_starts_with(name, "prefetch") || strcmp(name, "cldemote") == 0)
        return ROLE_PREFETCH;
    if (facts_is_one_of(name, "lea nop invlpg"))
        return ROLE_NONE;
    if (strcmp(name, "xchg") == 0 || (index == 0 && facts_is_one_of(name, updaters)))
        return ROLE_UPDATE;
    if (is_x87(name))
        return facts_is_one_of(name, x87_writers) ? ROLE_STORE : ROLE_LOAD;
    return index == 0 && !facts_is_one_of(name, readers) ? ROLE_STORE : ROLE_LOAD;
}

// ---- registers ----

static uint8_t gpr_number(x86_reg reg)
{
    static const x86_reg wide[REG_NUMBERS] = {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX,
                                              X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI,
                                              X86_REG_R8,  X86_REG_R9,  X86_REG_R10, X86_REG_R11,
                                              X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15};
    static const x86_reg narrow[REG_NUMBERS] = {
        X86_REG_EAX,  X86_REG_ECX,  X86_REG_EDX,  X86_REG_EBX, X86_REG_ESP,  X86_REG_EBP,
        X86_REG_ESI,  X86_REG_EDI,  X86_REG_R8D,  X86_REG_R9D, X86_REG_R10D, X86_REG_R11D,
        X86_REG_R12D, X86_REG_R13D, X86_REG_R14D, X86_REG_R15D};
    static const x86_reg short_ones[REG_NUMBERS] = {
        X86_REG_AX,   X86_REG_CX,   X86_REG_DX,   X86_REG_BX,  X86_REG_SP,   X86_REG_BP,
        X86_REG_SI,   X86_REG_DI,   X86_REG_R8W,  X86_REG_R9W, X86_REG_R10W, X86_REG_R11W,
        X86_REG_R12W, X86_REG_R13W, X86_REG_R14W, X86_REG_R15W};
    if (reg == X86_REG_RIP || reg == X86_REG_EIP)
        return REG_NUMBER_RIP;
    for (uint8_t i = 0; i < REG_NUMBERS; i++)
        if (reg == wide[i] || reg == narrow[i] || reg == short_ones[i])
            return i;
    return REG_NUMBER_NONE;
}

// ---- encodings ----

static struct prefixes find_prefixes(const struct step_insn *in)
{
    struct prefixes p = {0};
    for (unsigned i = 0; i < in->length; i++) {
        uint8_t b = in->bytes[i];
        if (b == 0x66)
            p.operand16 = true;
        else if (b == 0xf2 || b == 0xf3)
            p.rep = b;
        else if (b == 0x62)
            return p.evex = &in->bytes[i], p;
        else if (b == 0xc4 || b == 0xc5)
            return p.vex = &in->bytes[i], p;
        else if (b != 0x67 && b != 0xf0 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26 &&
                 b != 0x64 && b != 0x65)
            return p.operand64 = (b & 0xf8) == 0x48, p;
    }
    return p;
}

// ---- operands ----

// A displacement of 8 bits counts in the operand's own size, or an element's
// (SDM vol. 2, 2.7.5); Capstone 4.0.2 takes other sizes for some instructions.
static void scale_disp(struct step_operand *m, const struct step_insn *in, const cs_x86 *x86)
{
    bool by_element = m->compressed || m->indices;
    if (x86->modrm >> 6 == 1)
        m->disp = (int8_t)in->bytes[x86->encoding.disp_offset] *
                  (int64_t)(by_element ? m->element : m->width);
}

// cldemote is a nop word to Capstone.
static bool is_cldemote(const cs_x86 *x86, const struct prefixes *p)
{
    return x86->opcode[0] == 0x0f && x86->opcode[1] == 0x1c && (x86->modrm >> 3 & 7) == 0 &&
           !p->rep && !p->operand16;
}

static void find_operand(struct step_insn *in, const char *name, const cs_x86 *x86, unsigned index,
                         const struct prefixes *p)
{
    const cs_x86_op *op = &x86->operands[index];
    struct step_operand *m = &in->operand;
    m->role = (uint8_t)role_of(name, index);
    m->base = gpr_number(op->mem.base);
    m->index = gpr_number(op->mem.index);
    m->scale = (uint8_t)op->mem.scale;
    m->disp = op->mem.disp;
    m->addr32 = x86->addr_size == 4;
    m->segment = op->mem.segment == X86_REG_FS ? 'f' : op->mem.segment == X86_REG_GS ? 'g' : 0;
    m->width = width_of(name, op->size, p->operand16);
    m->bit_reg = REG_NUMBER_NONE;
    if (facts_is_one_of(name, "bt bts btr btc") && x86->operands[1].type == X86_OP_REG)
        m->bit_reg = gpr_number(x86->operands[1].reg);
    if (strcmp(name, "pop") == 0 && m->base == REG_NUMBER_RSP)
        m->disp += m->width; // taken after rsp has moved (SDM vol. 2, POP)
    bool vsib = strstr(name, "gather") || strstr(name, "scatter");
    if (vsib && (p->evex || p->vex))
        facts_find_indices(m, name, x86, in, p);
    facts_find_mask(m, name, x86, op, p);
    if (is_cldemote(x86, p))
        m->role = ROLE_PREFETCH;
    if (p->evex)
        scale_disp(m, in, x86);
    bool indexed = op->mem.index != X86_REG_INVALID && op->mem.index != X86_REG_RIZ &&
                   op->mem.index != X86_REG_EIZ;
    // A vector for an index, or no index where there is one.
    if ((indexed && m->index == REG_NUMBER_NONE && !m->indices) || (p->evex && m->addr32))
        in->refused = "an operand that Capstone gets wrong";
}

static uint8_t string_width(const char *name)
{
    switch (name[4]) {
    case 'b':
        return 1;
    case 'w':
        return 2;
    case 'd':
        return 4;
    default:
        return 8;
    }
}

// movsd and cmpsd are also SSE2 instructions; those have other opcodes.
static bool is_string_op(const char *name, const cs_x86 *x86)
{
    return x86->opcode[0] >= 0xa4 && x86->opcode[0] <= 0xaf && x86->opcode[0] != 0xa8 &&
           x86->opcode[0] != 0xa9 &&
           facts_is_one_of(name,
                           "movsb movsw movsd movsq cmpsb cmpsw cmpsd cmpsq stosb stosw stosd "
                           "stosq lodsb lodsw lodsd lodsq scasb scasw scasd scasq");
}

static void find_string(struct step_insn *in, const char *name, const cs_x86 *x86,
                        const struct prefixes *p)
{
    struct step_hidden *h = &in->hidden;
    uint8_t width = string_width(name);
    in->operand.role = ROLE_NONE;
    in->repeats = p->rep != 0;
    if (x86->addr_size == 4)
        in->refused = "a string op with 32-bit addresses";
    h->loads_rsi = name[0] == 'm' || name[0] == 'c' || name[0] == 'l' ? width : 0;
    h->loads_rdi = name[0] == 'c' || facts_starts_with(name, "sca") ? width : 0;
    h->stores_rdi = name[0] == 'm' || facts_starts_with(name, "sto") ? width : 0;
}

static void find_hidden(struct step_insn *in, const char *name, const cs_x86 *x86,
                        const struct prefixes *p)
{
    struct step_hidden *h = &in->hidden;
    uint8_t slot = p->operand16 ? 2 : 8;
    if (is_string_op(name, x86))
        find_string(in, name, x86, p);
    else if (facts_is_one_of(name, "push pushf pushfq call"))
        h->push = strcmp(name, "call") == 0 ? 8 : slot;
    else if (facts_is_one_of(name, "pop popf popfq ret"))
        h->pop = strcmp(name, "ret") == 0 ? 8 : slot;
    else if (strcmp(name, "leave") == 0)
        h->frame = 8;
    else if (strcmp(name, "enter") == 0)
        h->push = 8;
    else if (facts_is_one_of(name, "maskmovq maskmovdqu vmaskmovdqu"))
        h->masked_rdi = strcmp(name, "maskmovq") == 0 ? 8 : 16;
    in->pushes_flags = facts_starts_with(name, "pushf");
    in->pops_flags = facts_starts_with(name, "popf");
    if (h->masked_rdi) {
        facts_vector_register(x86->operands[1].reg, &h->masked_by);
        in->operand.role = ROLE_NONE;
        in->operand.mask = STEP_MASK_VECTOR;
        in->operand.element = 1;
        in->operand.addr32 = x86->addr_size == 4;
        in->operand.segment = 0;
    }
    if (facts_is_one_of(name, "call jmp ret") && p->operand16 && !p->operand64)
        in->refused = "a branch with 16-bit operands";
    if (strcmp(name, "enter") == 0 && x86->operands[1].imm != 0)
        in->refused = "a nested frame";
}

// ---- all of it ----

// The mnemonic without the prefixes that Capstone prints with it.
static const char *bare_name(const char *mnemonic)
{
    const char *blank = strrchr(mnemonic, ' ');
    return blank ? blank + 1 : mnemonic;
}

static void find_refusal(struct step_insn *in, const char *name, const cs_x86 *x86)
{
    if (!in->refused)
        in->refused = refused_by_name(name);
    bool loads_segment =
        facts_is_one_of(name, "mov pop lfs lgs lss") && x86->op_count > 0 &&
        x86->operands[0].type == X86_OP_REG &&
        (x86->operands[0].reg == X86_REG_FS || x86->operands[0].reg == X86_REG_GS ||
         x86->operands[0].reg == X86_REG_SS || x86->operands[0].reg == X86_REG_DS ||
         x86->operands[0].reg == X86_REG_ES);
    if (loads_segment || facts_is_one_of(name, "lfs lgs lss"))
        in->refused = "a load of a segment register";
    const struct step_operand *m = &in->operand;
    bool access = m->role == ROLE_LOAD || m->role == ROLE_STORE || m->role == ROLE_UPDATE;
    if (access && !in->refused && m->mask != STEP_MASK_NONE && m->element == 0)
        in->refused = "a masked operand of unknown shape";
}

static void find_facts(struct step_insn *in, const cs_insn *insn)
{
    const cs_x86 *x86 = &insn->detail->x86;
    const char *name = bare_name(insn->mnemonic);
    struct prefixes p = find_prefixes(in);
    for (unsigned i = 0; i < x86->op_count; i++)
        if (x86->operands[i].type == X86_OP_MEM && in->operand.role == ROLE_NONE)
            find_operand(in, name, x86, i, &p);
    find_hidden(in, name, x86, &p);
    in->breakpoint = facts_is_one_of(name, "int3 int1 icebp");
    find_refusal(in, name, x86);
}

// A memory operand from its ModRM byte on (SDM vol. 2, 2.1.5 and 2.2.1.3), for
// what Capstone does not know. HIGH: the prefix's R, X and B, not inverted.
// Gives the bytes used, 0 when they end early or name a register.
static unsigned read_modrm(const uint8_t *at, unsigned room, unsigned high, struct step_operand *m)
{
    unsigned mod = at[0] >> 6, rm = at[0] & 7, used = 1;
    m->index = m->bit_reg = REG_NUMBER_NONE;
    m->scale = 1;
    m->base = (uint8_t)(rm | (high & 1) << 3);
    if (room < 1 || mod == 3)
        return 0;
    if (rm == 4) {
        if (room < 2)
            return 0;
        uint8_t sib = at[used++];
        unsigned index = (sib >> 3 & 7u) | (high & 2) << 2;
        m->index = index == 4 ? REG_NUMBER_NONE : (uint8_t)index;
        m->scale = (uint8_t)(1u << (sib >> 6));
        rm = sib & 7;
        m->base = (uint8_t)(rm | (high & 1) << 3);
        if (rm == 5 && mod == 0)
            m->base = REG_NUMBER_NONE;
    } else if (rm == 5 && mod == 0) {
        m->base = REG_NUMBER_RIP;
    }
    bool wide = mod == 2 || (mod == 0 && rm == 5);
    int32_t disp32 = 0;
    if (room < used + (wide ? 4 : mod))
        return 0;
    memcpy(&disp32, at + used, wide ? 4 : mod);
    m->disp = wide ? disp32 : (int8_t)disp32;
    return used + (wide ? 4 : mod);
}

// kmov between memory and a mask register, of which Capstone 4.0.2 knows the
// 16-bit form alone (SDM vol. 2, KMOVW/KMOVB/KMOVQ/KMOVD).
static bool find_kmov(struct step_insn *in, unsigned length)
{
    const uint8_t *code = in->bytes;
    unsigned at = 0, high = 0;
    uint8_t last; // the prefix's byte with W and pp
    while (at < length && (code[at] == 0x64 || code[at] == 0x65))
        in->operand.segment = code[at++] == 0x64 ? 'f' : 'g';
    if (length < at + 5)
        return false;
    if (code[at] == 0xc5) {
        last = code[at + 1] & 0x7f;
        at += 2;
    } else if (code[at] == 0xc4 && (code[at + 1] & 0x1f) == 1) {
        high = ~(code[at + 1] >> 5) & 7u;
        last = code[at + 2];
        at += 3;
    } else {
        return false;
    }
    static const uint8_t widths_of[] = {2, 1, 0, 0, 8, 4, 0, 0}; // by W and pp
    uint8_t opcode = code[at++], width = widths_of[(last >> 5 & 4u) | (last & 3u)];
    unsigned used =
        opcode >> 1 == 0x48 && width ? read_modrm(code + at, length - at, high, &in->operand) : 0;
    if (!used)
        return false;
    in->operand.role = opcode == 0x90 ? ROLE_LOAD : ROLE_STORE;
    in->operand.width = width;
    in->length = (uint8_t)(at + used);
    return true;
}

// nop words that Capstone 4.0.2 takes for something else, or for nothing.
static bool is_hint(const uint8_t *code, unsigned length)
{
    return length >= 4 && code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e &&
           (code[3] == 0xfa || code[3] == 0xfb);
}

static bool is_serialize(const uint8_t *code, unsigned length)
{
    return length >= 3 && code[0] == 0x0f && code[1] == 0x01 && code[2] == 0xe8;
}

static void find_order(struct step_insn *in)
{
    struct ordering order = ordering_of(EM_X86_64, false, in->bytes, in->length);
    in->fence = ordering_is_fence(order);
    in->drains = ordering_drains(order);
}

void facts_decode(uint64_t addr, const uint8_t *code, unsigned length, struct step_insn *out)
{
    memset(out, 0, sizeof *out);
    out->addr = addr;
    out->site = UINT32_MAX;
    unsigned most = length < sizeof out->bytes ? length : (unsigned)sizeof out->bytes;
    memcpy(out->bytes, code, most);
    if (is_hint(code, most) || is_serialize(code, most)) {
        out->length = is_hint(code, most) ? 4 : 3;
        find_order(out);
        return;
    }
    const uint8_t *at = code;
    size_t left = most;
    uint64_t pc = addr;
    if (!cs_disasm_iter(handle, &at, &left, &pc, scratch)) {
        if (find_kmov(out, most))
            return;
        out->length = (uint8_t)most; // as many as there are, for whoever names it
        out->refused = "an instruction that Capstone does not know";
        return;
    }
    out->length = (uint8_t)scratch->size;
    find_facts(out, scratch);
    find_order(out);
}

bool facts_is_site(const struct step_insn *in)
{
    const struct step_hidden *h = &in->hidden;
    return in->fence || in->drains || in->operand.role != ROLE_NONE || h->push || h->pop ||
           h->frame || h->loads_rsi || h->loads_rdi || h->stores_rdi || h->masked_rdi;
}
