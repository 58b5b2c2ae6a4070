// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Text and class of an instruction of any architecture. Capstone reads those it
// knows; of the others (RISC-V, PA-RISC, Alpha, SH with Debian 12's 4.0.2) the
// text is QEMU's, and the class follows from it.

#include "backends/arch.h"
#include "record/qemu/a64.h"
#include "record/qemu/insn_form.h"
#include "record/qemu/insn_text.h"
#include "record/qemu/qemu.h"

#include <capstone/capstone.h>
#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct decoder_row {
    unsigned machine;
    cs_arch arch;
    unsigned mode;
    uint8_t word_bytes; // 0: any
} decoders[] = {
    {EM_AARCH64, CS_ARCH_ARM64, 0, 0},
    {EM_ARM, CS_ARCH_ARM, CS_MODE_ARM | CS_MODE_V8, 0},
    {EM_PPC64, CS_ARCH_PPC, CS_MODE_64, 0},
    {EM_PPC, CS_ARCH_PPC, CS_MODE_32, 0},
    {EM_S390, CS_ARCH_SYSZ, 0, 0},
    {EM_MIPS, CS_ARCH_MIPS, CS_MODE_MIPS32, 4},
    {EM_MIPS, CS_ARCH_MIPS, CS_MODE_MIPS64, 8},
    {EM_SPARCV9, CS_ARCH_SPARC, CS_MODE_V9, 0},
    {EM_68K, CS_ARCH_M68K, CS_MODE_M68K_040, 0},
    {EM_386, CS_ARCH_X86, CS_MODE_32, 0},
};

static const struct decoder_row *decoder_of(const struct arch *arch)
{
    for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++)
        if (decoders[i].machine == arch->machine &&
            (decoders[i].word_bytes == 0 || decoders[i].word_bytes == arch->word_bytes))
            return &decoders[i];
    return NULL;
}

static bool decode(const struct decoder_row *row, unsigned mode, const struct qemu_site *in,
                   struct insn_text *out)
{
    csh handle;
    cs_insn *insn;
    if (cs_open(row->arch, (cs_mode)mode, &handle) != CS_ERR_OK)
        return false;
    size_t count = cs_disasm(handle, in->bytes, in->length, in->addr, 1, &insn);
    bool whole = count && insn->size == in->length;
    if (whole) {
        snprintf(out->name, sizeof out->name, "%.*s", (int)sizeof out->name - 1, insn->mnemonic);
        snprintf(out->operands, sizeof out->operands, "%.*s", (int)sizeof out->operands - 1,
                 insn->op_str);
    }
    if (count)
        cs_free(insn, count);
    cs_close(&handle);
    return whole;
}

// Thumb or ARM? QEMU knows, and decodes with Capstone as well: the one of the two
// that says the same.
static bool decode_arm(const struct decoder_row *row, unsigned big, const struct qemu_site *in,
                       struct insn_text *out)
{
    struct insn_text said, thumb;
    unsigned thumb_mode = CS_MODE_THUMB | CS_MODE_V8 | big;
    bool known = insn_text_of_qemu(in->text, &said);
    if (in->length == 2)
        return decode(row, thumb_mode, in, out);
    if (known && decode(row, thumb_mode, in, &thumb) && strcmp(thumb.name, said.name) == 0) {
        *out = thumb;
        return true;
    }
    // ARMv8 has no swp any more.
    return decode(row, row->mode | big, in, out) || decode(row, big, in, out);
}

static uint32_t word_of(const struct qemu_site *in)
{
    uint32_t word = 0;
    if (in->length == sizeof word)
        memcpy(&word, in->bytes, sizeof word);
    return word;
}

static bool read_words(const struct arch *arch, const struct qemu_site *in, struct insn_text *out)
{
    if (insn_text_missing(arch->machine, arch->big_endian, in->addr, in->bytes, in->length, out))
        return true;
    const struct decoder_row *row = decoder_of(arch);
    unsigned big = arch->big_endian ? (unsigned)CS_MODE_BIG_ENDIAN : 0;
    bool known = row && (row->machine == EM_ARM ? decode_arm(row, big, in, out)
                                                : decode(row, row->mode | big, in, out));
    return known || insn_text_of_qemu(in->text, out);
}

// ---- classes ----

static bool begins(const char *text, const char *list)
{
    char word[16];
    while (*(list += strspn(list, " "))) {
        size_t length = strcspn(list, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, list);
        if (strncmp(text, word, length) == 0)
            return true;
        list += length;
    }
    return false;
}

// Does an operand name one of the registers LETTERS followed by a number?
static bool has_register(const char *operands, const char *letters)
{
    for (const char *at = operands; *at; at++) {
        bool starts = at == operands || !(isalnum((unsigned char)at[-1]) || at[-1] == '#');
        if (starts && strchr(letters, *at) && isdigit((unsigned char)at[1]))
            return true;
    }
    return false;
}

// A row: what a name begins with makes it of the class.
struct class_row {
    unsigned machine; // 0: any that has no rows of its own
    enum site_class class;
    const char *names;
};

static const struct class_row class_rows[] = {
    {EM_AARCH64, CLASS_NONTEMPORAL, "stnp ldnp stnt ldnt"},
    {EM_AARCH64, CLASS_ATOMIC,
     "stxr stxp stlxr stlxp ldxr ldxp ldaxr ldaxp cas swp ldadd ldclr ldset ldeor stadd stclr "
     "stset steor ldsmax ldsmin ldumax ldumin stsmax stsmin stumax stumin"},
    {EM_AARCH64, CLASS_STRING, "cpyp cpym cpye cpyf setp setm sete setg"},
    {EM_ARM, CLASS_ATOMIC, "strex stlex ldrex ldaex swp"},
    {EM_PPC, CLASS_ATOMIC,
     "lwarx ldarx lbarx lharx lqarx stwcx stdcx stbcx sthcx stqcx lwat ldat stwat stdat"},
    {EM_PPC, CLASS_MASKED, "stxvl lxvl"},
    {EM_PPC, CLASS_VECTOR, "stxv lxv stv lv"},
    {EM_S390, CLASS_STRING, "mvc mvn mvz mvo mvpg mvst nc oc xc tr ex"},
    {EM_S390, CLASS_ATOMIC, "cs cds laa lan lao lax"},
    {EM_S390, CLASS_VECTOR, "vst vl"},
    {EM_S390, CLASS_MASKED, "vstl vll vstrl vlrl"},
    {EM_386, CLASS_NONTEMPORAL, "movnt vmovnt maskmov vmaskmovdqu movdir"},
    {EM_386, CLASS_MASKED, "maskmov vmaskmov vpmaskmov vpgather vgather"},
    {EM_386, CLASS_ATOMIC, "lock xchg"},
    {0, CLASS_ATOMIC,
     "sc. lr. amo ll scd lld cas swap ldstub ldl_l ldq_l stl_c stq_c tas ldcw ldcd"},
    {0, CLASS_VECTOR, "vs vl"},
};

static unsigned by_rows(unsigned machine, const char *name)
{
    unsigned classes = 0;
    bool own = false;
    for (size_t i = 0; i < sizeof class_rows / sizeof *class_rows; i++) {
        own |= class_rows[i].machine == machine;
        if (class_rows[i].machine == (own ? machine : 0) && begins(name, class_rows[i].names))
            classes |= 1u << class_rows[i].class;
    }
    return classes;
}

static bool flushes(unsigned machine, const struct insn_text *w)
{
    return (machine == EM_AARCH64 && strcmp(w->name, "dc") == 0 &&
            begins(w->operands, "cvac cvap cvadp civac")) ||
           (machine == EM_RISCV && begins(w->name, "cbo.clean cbo.flush")) ||
           (machine == EM_PPC && begins(w->name, "dcbf dcbst"));
}

// What no name's beginning tells.
static unsigned by_operands(unsigned machine, const struct insn_text *w)
{
    const unsigned vector = 1u << CLASS_VECTOR, masked = 1u << CLASS_MASKED;
    switch (machine) {
    case EM_AARCH64:
        if (has_register(w->operands, "z") && has_register(w->operands, "p"))
            return vector | masked;
        return has_register(w->operands, "qvdshbzp") ? vector : 0;
    case EM_ARM:
        return begins(w->name, "v") && has_register(w->operands, "qds") ? vector : 0;
    case EM_386:
        if (strstr(w->operands, "mm"))
            return vector;
        return begins(w->name, "rep movsb movsw movsd stosb stosw stosd lodsb lodsw lodsd")
                   ? 1u << CLASS_STRING
                   : 0;
    case EM_RISCV:
        return strstr(w->operands, "v0.t") ? vector | masked : 0;
    default:
        return 0;
    }
}

// Bits per enum site_class.
static unsigned classify(const struct arch *arch, const struct qemu_site *in,
                         const struct insn_text *w)
{
    unsigned machine = arch->machine == EM_PPC64 ? EM_PPC : arch->machine;
    if (machine == EM_S390 && strcmp(w->name, "mvhhi") == 0)
        return 0;
    if (strcmp(w->name, "sc") == 0) // a beginning that other names have, too
        return 1u << CLASS_ATOMIC;
    if (flushes(machine, w))
        return 1u << CLASS_FLUSH;
    return by_rows(machine, w->name) | by_operands(machine, w) |
           insn_form(machine, in->bytes, in->length, w);
}

// DC ZVA and DC GZVA clear a block at once.
static bool clears_block(uint32_t insn)
{
    return (insn & ~UINT32_C(31)) == 0xd50b7420 || (insn & ~UINT32_C(31)) == 0xd50b7480;
}

// Of vector instructions that load and store by element: the letter after a
// register's dot or brace, as in "{v0.16b}"; SVE's have it in their name.
static uint8_t element_of_arm64(const struct qemu_site *in, const struct insn_text *w)
{
    struct a64_text text;
    if (clears_block(word_of(in)))
        return QEMU_ELEMENT_ALL;
    if (a64_print(word_of(in), &text))
        return text.element;
    if (!begins(w->name, "st1 st2 st3 st4 ld1 ld2 ld3 ld4"))
        return 0;
    const char *dot = strchr(w->operands, '.');
    char letter = '\0';
    for (const char *at = dot ? dot + 1 : ""; isalnum((unsigned char)*at); at++)
        letter = *at;
    return letter == 'b' ? 1 : letter == 'h' ? 2 : letter == 's' ? 4 : letter == 'd' ? 8 : 0;
}

// Bytes of an element where an instruction's accesses are by element; 0 elsewhere.
static uint8_t element_bytes(const struct arch *arch, const struct qemu_site *in,
                             const struct insn_text *w)
{
    if (arch->machine == EM_ARM && begins(w->name, "vst1 vst2 vst3 vst4 vld1 vld2 vld3 vld4")) {
        int bits = strchr(w->name, '.') ? atoi(strchr(w->name, '.') + 1) : 0;
        return (uint8_t)(bits / 8 <= 4 ? bits / 8 : 4);
    }
    return arch->machine == EM_AARCH64 ? element_of_arm64(in, w) : 0;
}

static void print_bytes(struct site *site)
{
    int used = snprintf(site->text, sizeof site->text, "(bytes");
    for (unsigned i = 0; i < site->length; i++)
        used +=
            snprintf(site->text + used, sizeof site->text - (size_t)used, " %02x", site->bytes[i]);
    snprintf(site->text + used, sizeof site->text - (size_t)used, ")");
}

void qemu_describe_site(const struct arch *arch, const struct qemu_site *in, struct site *out,
                        uint8_t *element)
{
    struct insn_text w = {"", ""};
    *out = (struct site){.addr = in->addr, .length = in->length};
    *element = 0;
    memcpy(out->bytes, in->bytes, in->length);
    out->order = ordering_of(arch->machine, arch->big_endian, in->bytes, in->length);
    unsigned fence = (unsigned)ordering_is_fence(out->order) << CLASS_FENCE;
    site_set_classes(out, fence);
    if (arch->machine == EM_X86_64) {
        site_describe(out, 0);
        out->decoders_differ = false;
        return;
    }
    if (!read_words(arch, in, &w)) {
        print_bytes(out);
        return;
    }
    snprintf(out->text, sizeof out->text, "%.23s%s%.50s", w.name, w.operands[0] ? " " : "",
             w.operands);
    site_set_classes(out, fence ? fence : classify(arch, in, &w));
    *element = element_bytes(arch, in, &w);
}

bool qemu_is_trap(const struct site *site)
{
    static const uint8_t zeros[sizeof site->bytes];
    return memcmp(site->bytes, zeros, site->length) == 0 ||
           begins(site->text, "ud0 ud1 ud2 udf unimp c.unimp trap illegal");
}
