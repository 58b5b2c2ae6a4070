// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names and classes one instruction, with Capstone. All use of Capstone is in
// this file.
//
// An instruction is of several classes: maskmovdqu is non-temporal, masked and
// vector. What is none of fence, flush, prefetch, non-temporal, string, atomic,
// masked and vector is scalar. So are x87 instructions: they store at most ten
// bytes, in one piece; they are of class x87 besides. Moves of a mask register
// are vector: only AVX-512 has them.
//
// Capstone 4.0.2 fails on some encodings, and prints the vector index of a
// 512-bit gather or scatter as a general register. There Zydis gives the text.

#include "trace/trace.h"

#include <assert.h>
#include <capstone/capstone.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <Zydis/Zydis.h>

// What the class follows from, whichever decoder gave it.
struct description {
    char name[24]; // mnemonic without prefixes
    char operands[96];
    bool locked;
    bool memory;     // has a memory operand
    bool vector;     // has an operand in a vector or mask register
    unsigned stores; // bytes stored to memory operands; Capstone only
};

// Is the bare name one of the words of the list, which are separated by blanks?
static bool is_one_of(const char *name, const char *list)
{
    const size_t length = strlen(name);
    for (const char *p = list; *p != '\0' && length != 0;) {
        const size_t word = strcspn(p, " ");
        if (word == length && memcmp(p, name, word) == 0)
            return true;
        p += word + strspn(p + word, " ");
    }
    return false;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_nontemporal(const char *name)
{
    // clzero writes a cache line around the caches, weakly ordered (AMD APM vol. 3).
    return starts_with(name, "movnt") || starts_with(name, "vmovnt") ||
           is_one_of(name, "maskmovq maskmovdqu vmaskmovdqu movdiri movdir64b enqcmd enqcmds "
                           "clzero");
}

// movsd and cmpsd are also SSE2 instructions, with a vector register.
static bool is_string(const struct description *d)
{
    return !d->vector &&
           is_one_of(d->name, "movsb movsw movsd movsq stosb stosw stosd stosq "
                              "lodsb lodsw lodsd lodsq cmpsb cmpsw cmpsd cmpsq "
                              "scasb scasw scasd scasq insb insw insd outsb outsw outsd");
}

static bool is_masked(const struct description *d)
{
    const char *name = d->name;
    return strstr(d->operands, "{k") || starts_with(name, "vmaskmov") ||
           starts_with(name, "maskmov") || starts_with(name, "vpmaskmov") ||
           strstr(name, "gather") || strstr(name, "scatter");
}

static bool is_vector(const struct description *d)
{
    const char *name = d->name;
    return d->vector || starts_with(name, "fxsave") || starts_with(name, "xsave") ||
           starts_with(name, "fxrstor") || starts_with(name, "xrstor");
}

// Loads, stores and exchanges with the x87 stack.
static bool is_x87(const struct description *d)
{
    return d->memory && d->name[0] == 'f' && !d->vector && !is_vector(d);
}

// Bits per enum site_class.
static unsigned classify(const struct description *d, struct ordering order)
{
    const char *name = d->name;
    if (ordering_is_fence(order))
        return 1u << CLASS_FENCE;
    if (is_one_of(name, "clflush clflushopt clwb"))
        return 1u << CLASS_FLUSH;
    if (starts_with(name, "prefetch") || strstr(name, "gatherpf") || strstr(name, "scatterpf"))
        return 1u << CLASS_PREFETCH;
    bool atomic = d->locked || (d->memory && strcmp(name, "xchg") == 0);
    return (unsigned)is_nontemporal(name) << CLASS_NONTEMPORAL |
           (unsigned)is_string(d) << CLASS_STRING | (unsigned)atomic << CLASS_ATOMIC |
           (unsigned)is_masked(d) << CLASS_MASKED | (unsigned)is_vector(d) << CLASS_VECTOR |
           (unsigned)is_x87(d) << CLASS_X87;
}

// The mnemonic after its prefixes, of a text such as "rep movsb byte ptr [rdi]".
static const char *skip_prefixes(const char *text)
{
    static const char prefixes[] =
        "lock rep repe repne repz repnz bnd notrack xacquire xrelease data16";
    for (;;) {
        char word[16];
        const size_t length = strcspn(text, " ");
        if (text[length] == '\0' || length >= sizeof word)
            return text;
        memcpy(word, text, length);
        word[length] = '\0';
        if (!is_one_of(word, prefixes))
            return text;
        text += length + strspn(text + length, " ");
    }
}

static void set_name(struct description *d, const char *text)
{
    const char *name = skip_prefixes(text);
    snprintf(d->name, sizeof d->name, "%.*s", (int)strcspn(name, " "), name);
}

// Opened once and kept for the life of the process.
static csh capstone_handle(void)
{
    static csh handle;
    if (handle == 0) {
        const cs_err opened = cs_open(CS_ARCH_X86, CS_MODE_64, &handle);
        assert(opened == CS_ERR_OK);
        cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    }
    return handle;
}

static bool is_vector_register(x86_reg reg)
{
    return (reg >= X86_REG_XMM0 && reg <= X86_REG_ZMM31) ||
           (reg >= X86_REG_MM0 && reg <= X86_REG_MM7) || (reg >= X86_REG_K0 && reg <= X86_REG_K7);
}

static void describe_operands(const cs_x86 *x86, struct description *d)
{
    d->locked = x86->prefix[0] == X86_PREFIX_LOCK;
    for (unsigned i = 0; i < x86->op_count; i++) {
        const cs_x86_op *op = &x86->operands[i];
        if (op->type == X86_OP_REG && is_vector_register(op->reg))
            d->vector = true;
        if (op->type == X86_OP_MEM) {
            d->memory = true;
            if (op->access & CS_AC_WRITE)
                d->stores = op->size;
        }
    }
}

// Longer texts are cut off.
static void set_text(struct site *site, const char *text)
{
    snprintf(site->text, sizeof site->text, "%.*s", (int)sizeof site->text - 1, text);
}

// Capstone prints some operands as "zmm0 , ...".
static void copy_operands(char *out, size_t out_size, const char *operands)
{
    size_t used = 0;
    for (const char *p = operands; *p != '\0' && used + 1 < out_size; p++) {
        if (p[0] != ' ' || p[1] != ',')
            out[used++] = *p;
    }
    out[used] = '\0';
}

// False when Capstone does not know the instruction.
static bool describe_with_capstone(struct site *site, struct description *d)
{
    cs_insn *insn;
    const csh handle = capstone_handle();
    const size_t count = cs_disasm(handle, site->bytes, site->length, site->addr, 1, &insn);
    if (count == 0)
        return false;
    const bool whole = insn->size == site->length;
    copy_operands(d->operands, sizeof d->operands, insn->op_str);
    set_name(d, insn->mnemonic);
    describe_operands(&insn->detail->x86, d);
    char text[sizeof insn->mnemonic + sizeof d->operands];
    snprintf(text, sizeof text, "%s%s%s", insn->mnemonic, d->operands[0] == '\0' ? "" : " ",
             d->operands);
    set_text(site, text);
    cs_free(insn, count);
    return whole;
}

static bool zydis_operand_is_vector(const ZydisDecodedOperand *operand)
{
    if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return false;
    switch (ZydisRegisterGetClass(operand->reg.value)) {
    case ZYDIS_REGCLASS_MMX:
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_ZMM:
    case ZYDIS_REGCLASS_TMM:
    case ZYDIS_REGCLASS_MASK:
        return true;
    default:
        return false;
    }
}

static bool describe_with_zydis(struct site *site, struct description *d)
{
    ZydisDisassembledInstruction insn;
    if (ZYAN_FAILED(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, site->addr, site->bytes,
                                          site->length, &insn)))
        return false;
    *d = (struct description){.locked = (insn.info.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0};
    set_name(d, insn.text);
    snprintf(d->operands, sizeof d->operands, "%s", insn.text);
    for (unsigned i = 0; i < insn.info.operand_count; i++) {
        d->memory |= insn.operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
        d->vector |= zydis_operand_is_vector(&insn.operands[i]);
    }
    set_text(site, insn.text);
    return insn.info.length == site->length;
}

static void print_bytes(struct site *site)
{
    int used = snprintf(site->text, sizeof site->text, "(bytes");
    for (unsigned i = 0; i < site->length; i++)
        used +=
            snprintf(site->text + used, sizeof site->text - (size_t)used, " %02x", site->bytes[i]);
    snprintf(site->text + used, sizeof site->text - (size_t)used, ")");
}

void site_describe(struct site *site, unsigned stores_bytes)
{
    struct description d = {0};
    assert(site->length <= sizeof site->bytes);
    const bool known = describe_with_capstone(site, &d);
    site->decoders_differ = !known || d.stores != stores_bytes;
    const bool text_is_wrong = strstr(d.name, "gather") || strstr(d.name, "scatter");
    if (!known || text_is_wrong) {
        struct description zydis;
        if (describe_with_zydis(site, &zydis))
            d = zydis;
        else if (!known)
            print_bytes(site);
    }
    site->order = ordering_of(EM_X86_64, false, site->bytes, site->length);
    site_set_classes(site, classify(&d, site->order));
}
