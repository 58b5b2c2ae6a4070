// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What registers that carry no argument hold when a routine is entered, by both
// recorders that run it on this CPU: a routine which reads one by mistake does the
// same every time, and one which does not give back what is the caller's is found
// out, however little of it is lost. So no byte is 0 or 0xff, and no byte, and no
// half of any width, is the same in two registers or what extending another half by
// zeros or signs would give. For C and for assembly.

#ifndef STORESCOPE_ENTRY_REGISTERS_H
#define STORESCOPE_ENTRY_REGISTERS_H

#ifdef __ASSEMBLER__
#define ENTRY_WORD(digits) 0x##digits
#else
#include <stdint.h>
#define ENTRY_WORD(digits) UINT64_C(0x##digits)
#endif

// Of the register of that number, 0 to 15, as instructions encode it; to 30 on AArch64.
#define ENTRY_REGISTER(number) \
    (ENTRY_WORD(5c6b7a8994a3b2c1) + (number)*ENTRY_WORD(0101010101010101))

// Of AArch64's d8 to d15: none of the general registers' values.
#define ENTRY_VECTOR(d) ENTRY_REGISTER(32 + (d))

#endif
