// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/insn_text.h"

#include "record/qemu/a64.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

// EX, EXRL, MVCL and MVCLE, which Capstone 4.0.2 does not know (Principles of
// Operation, 7, formats RX-a, RIL-b, RR and RS-a).
static bool print_s390x(uint64_t addr, const uint8_t *b, size_t length, struct insn_text *out)
{
    int first = b[1] >> 4, second = b[1] & 0xf, base = b[2] >> 4, shift = (b[2] & 0xf) << 8 | b[3];
    const char *name = NULL;
    if (length == 4 && b[0] == 0x44) {
        name = "ex";
        snprintf(out->operands, sizeof out->operands, "%%r%d, %d(%%r%d, %%r%d)", first, shift,
                 second, base);
    } else if (length == 6 && b[0] == 0xc6 && second == 0) {
        name = "exrl";
        int32_t halfwords =
            (int32_t)((uint32_t)b[2] << 24 | (uint32_t)b[3] << 16 | (uint32_t)b[4] << 8 | b[5]);
        snprintf(out->operands, sizeof out->operands, "%%r%d, 0x%llx", first,
                 (unsigned long long)(addr + (uint64_t)(2 * (int64_t)halfwords)));
    } else if (length == 2 && b[0] == 0x0e) {
        name = "mvcl";
        snprintf(out->operands, sizeof out->operands, "%%r%d, %%r%d", first, second);
    } else if (length == 4 && b[0] == 0xa8) {
        name = "mvcle";
        snprintf(out->operands, sizeof out->operands, "%%r%d, %%r%d, %d(%%r%d)", first, second,
                 shift, base);
    }
    snprintf(out->name, sizeof out->name, "%s", name ? name : "");
    return name != NULL;
}

// Load-and-reserve and store-conditional of bytes, halfwords and quadwords, and the
// atomic memory operations of ISA 3.0 (Power ISA, book II, 4.6 and 4.5): primary
// opcode 31, bits 1 to 10.
static bool print_ppc(uint32_t word, struct insn_text *out)
{
    static const struct {
        unsigned code;
        const char *name;
    } rows[] = {{52, "lbarx"},   {116, "lharx"}, {276, "lqarx"}, {694, "stbcx."}, {726, "sthcx."},
                {182, "stqcx."}, {582, "lwat"},  {614, "ldat"},  {710, "stwat"},  {742, "stdat"}};
    unsigned t = word >> 21 & 31, a = word >> 16 & 31, b = word >> 11 & 31;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && word >> 26 == 31; i++) {
        if (rows[i].code != (word >> 1 & 0x3ff))
            continue;
        snprintf(out->name, sizeof out->name, "%s", rows[i].name);
        // Of the last four the third operand says which operation it is.
        snprintf(out->operands, sizeof out->operands,
                 a || i >= 6 ? "r%u, r%u, %s%u" : "r%u, %u, %s%u", t, a, i >= 6 ? "" : "r", b);
        return true;
    }
    return false;
}

static bool print_a64(uint32_t word, struct insn_text *out)
{
    struct a64_text text;
    if (!a64_print(word, &text))
        return false;
    memcpy(out->name, text.name, sizeof out->name);
    memcpy(out->operands, text.operands, sizeof out->operands);
    return true;
}

// Zicbom.
static bool print_riscv(uint32_t word, struct insn_text *out)
{
    static const char *const names[] = {"cbo.inval", "cbo.clean", "cbo.flush"};
    if ((word & 0x7fff) != 0x200f || word >> 20 > 2)
        return false;
    snprintf(out->name, sizeof out->name, "%s", names[word >> 20]);
    snprintf(out->operands, sizeof out->operands, "(x%u)", word >> 15 & 31);
    return true;
}

bool insn_text_missing(unsigned machine, bool big, uint64_t addr, const uint8_t *bytes,
                       size_t length, struct insn_text *out)
{
    uint32_t word = 0;
    if (machine == EM_S390)
        return print_s390x(addr, bytes, length, out);
    if (length != sizeof word)
        return false;
    memcpy(&word, bytes, sizeof word);
    if (machine == EM_AARCH64) // instructions are little-endian whatever the data
        return print_a64(word, out);
    if (machine == EM_RISCV)
        return print_riscv(word, out);
    if (machine == EM_PPC || machine == EM_PPC64)
        return print_ppc(big ? __builtin_bswap32(word) : word, out);
    return false;
}

bool insn_text_of_qemu(const char *text, struct insn_text *out)
{
    text += strspn(text, " \t");
    size_t code = strspn(text, "0123456789abcdef"); // RISC-V's begins with the encoding
    if (code >= 4 && (text[code] == ' ' || text[code] == '\t'))
        text += code + strspn(text + code, " \t");
    size_t length = strcspn(text, " \t");
    snprintf(out->name, sizeof out->name, "%.*s", (int)length, text);
    text += length + strspn(text + length, " \t");
    snprintf(out->operands, sizeof out->operands, "%.*s", (int)sizeof out->operands - 1, text);
    for (char *at = out->operands; *at; at++)
        if (*at == '\t')
            *at = ' ';
    return length > 0;
}
