// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/insn_form.h"

#include "trace/trace.h"

#include <elf.h>
#include <string.h>

enum {
    PAIRED = 1u << CLASS_PAIRED,
    WRITEBACK = 1u << CLASS_WRITEBACK,
    X87 = 1u << CLASS_X87,
};

// Arm ARM, C4.1.94: which loads and stores there are, by their words.
static const struct word_row {
    uint32_t mask, word;
    unsigned form;
} a64_rows[] = {
    {0x3a000000, 0x28000000, PAIRED},    // LDP, LDNP, LDPSW, STP, STNP, STGP
    {0x3fa00000, 0x08200000, PAIRED},    // LDXP, STXP, CASP
    {0xffffec00, 0xf83f8000, PAIRED},    // LD64B, ST64B
    {0x3a800000, 0x28800000, WRITEBACK}, // pairs, pre- and post-indexed
    {0x3b200400, 0x38000400, WRITEBACK}, // single registers, likewise
    {0xff200c00, 0xf8200c00, WRITEBACK}, // LDRAA, LDRAB
    {0xbf800000, 0x0c800000, WRITEBACK}, // LD1 to LD4, ST1 to ST4, whole registers
    {0xbf800000, 0x0d800000, WRITEBACK}, // and elements
    {0xff200400, 0xd9200400, WRITEBACK}, // STG and its kin
    {0x3b200c00, 0x19000400, WRITEBACK}, // CPY, CPYF, SET
};

static unsigned form_of_word(uint32_t word)
{
    unsigned form = 0;
    for (size_t i = 0; i < sizeof a64_rows / sizeof *a64_rows; i++)
        if ((word & a64_rows[i].mask) == a64_rows[i].word)
            form |= a64_rows[i].form;
    return form;
}

// Principles of Operation, appendix B: the first byte and, of six, the last.
static unsigned form_of_s390(const uint8_t *bytes, size_t length)
{
    static const struct {
        uint8_t first, last;
    } pairs[] = {
        {0x90, 0},    {0x98, 0},    {0x9a, 0},    {0x9b, 0},    // stm, lm, lam, stam
        {0xeb, 0x04}, {0xeb, 0x24}, {0xeb, 0x26}, {0xeb, 0x96}, // lmg, stmg, stmh, lmh
        {0xeb, 0x90}, {0xeb, 0x98}, {0xeb, 0x9a}, {0xeb, 0x9b}, // stmy, lmy, lamy, stamy
        {0xe3, 0x8e}, {0xe3, 0x8f}, {0xe7, 0x36}, {0xe7, 0x3e}, // stpq, lpq, vlm, vstm
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (length >= 4 && bytes[0] == pairs[i].first &&
            (pairs[i].last == 0 || (length == 6 && bytes[5] == pairs[i].last)))
            return PAIRED;
    return 0;
}

// What a name begins with, or operands have, tells the form.
static const struct name_row {
    unsigned machine;
    unsigned form;
    const char *names;
} name_rows[] = {
    {EM_ARM, PAIRED,
     "ldm stm push pop ldrd strd ldrexd strexd ldaexd stlexd vldm vstm vpush vpop fldm fstm"},
    {EM_ARM, WRITEBACK, "push pop vpush vpop"},
    {EM_PPC, PAIRED, "lmw stmw lsw stsw lq stq lxvp stxvp"},
    {EM_PPC, WRITEBACK, "lbzu lhzu lhau lwzu lwau ldu stbu sthu stwu stdu lfsu lfdu stfsu stfdu"},
    {EM_SPARCV9, PAIRED, "ldd std"},
    {EM_MIPS, PAIRED, "lwp swp lwm swm ldp sdp ldm sdm"},
    {EM_68K, PAIRED, "movem"},
};

static const struct operand_row {
    unsigned machine;
    unsigned form;
    const char *part;
} operand_rows[] = {
    {EM_ARM, WRITEBACK, "!"},  {EM_ARM, WRITEBACK, "], "}, {EM_68K, WRITEBACK, ")+"},
    {EM_68K, WRITEBACK, "-("}, {EM_SH, WRITEBACK, "+,"},   {EM_SH, WRITEBACK, "@-"},
};

static bool begins_with_one_of(const char *text, const char *list)
{
    while (*(list += strspn(list, " "))) {
        size_t length = strcspn(list, " ");
        if (strncmp(text, list, length) == 0)
            return true;
        list += length;
    }
    return false;
}

// SPARC's and POWER's of one wide register have a pair's name.
static bool is_one_register(unsigned machine, const struct insn_text *t)
{
    return machine == EM_SPARCV9 && strstr(t->operands, "%f") != NULL;
}

static unsigned form_of_text(unsigned machine, const struct insn_text *t)
{
    unsigned form = 0;
    for (size_t i = 0; i < sizeof name_rows / sizeof *name_rows; i++)
        if (name_rows[i].machine == machine && begins_with_one_of(t->name, name_rows[i].names) &&
            !is_one_register(machine, t))
            form |= name_rows[i].form;
    for (size_t i = 0; i < sizeof operand_rows / sizeof *operand_rows; i++)
        if (operand_rows[i].machine == machine && strstr(t->operands, operand_rows[i].part))
            form |= operand_rows[i].form;
    // PA-RISC has a completer: "stw,ma".
    if (machine == EM_PARISC && (strstr(t->name, ",m") || strstr(t->name, ",sm")))
        form |= WRITEBACK;
    if (machine == EM_386 && t->name[0] == 'f' && strstr(t->operands, "ptr ["))
        form |= X87;
    return form;
}

unsigned insn_form(unsigned machine, const uint8_t *bytes, size_t length,
                   const struct insn_text *text)
{
    if (machine == EM_S390)
        return form_of_s390(bytes, length);
    if (machine != EM_AARCH64)
        return form_of_text(machine, text);
    return length == 4 ? form_of_word((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                                      (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24)
                       : 0;
}
