// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The form of an instruction's access, which emulators of instructions ask: does it
// move several registers, does it change the register of its address? Of AArch64 from
// the instruction word, of s390x from its bytes, of the other CPUs from the text.

#ifndef STORESCOPE_QEMU_INSN_FORM_H
#define STORESCOPE_QEMU_INSN_FORM_H

#include "record/qemu/insn_text.h"

// Bits of CLASS_PAIRED, CLASS_WRITEBACK and CLASS_X87. BYTES: of the instruction, LENGTH of them.
unsigned insn_form(unsigned machine, const uint8_t *bytes, size_t length,
                   const struct insn_text *text);

#endif
