// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The text of instructions that Capstone 4.0.2 does not know: made from their bytes,
// or taken from what QEMU prints.

#ifndef STORESCOPE_QEMU_INSN_TEXT_H
#define STORESCOPE_QEMU_INSN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// "strb", "w6, [x0]".
struct insn_text {
    char name[24], operands[64];
};

// From the bytes of an instruction of MACHINE (EM_* of ELF headers). BIG: are the
// architecture's data big-endian? False where Capstone does better.
bool insn_text_missing(unsigned machine, bool big, uint64_t addr, const uint8_t *bytes,
                       size_t length, struct insn_text *out);

// QEMU's text: a name, blanks, operands; some of its disassemblers begin with
// blanks or tabs, RISC-V's with the encoding. False when there is none.
bool insn_text_of_qemu(const char *text, struct insn_text *out);

#endif
