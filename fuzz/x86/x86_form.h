// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Every form of instruction that Zydis decodes in 64-bit mode, found by
// decoding: all prefixes, opcode maps, opcodes, W and L bits, ModRM's reg and mod
// fields. One form is one row; what is not generated says why. And the way from
// a form, registers and an address to bytes.
//
// This file knows nothing of recorders, and does not run anything.

#ifndef STORESCOPE_FUZZ_X86_FORM_H
#define STORESCOPE_FUZZ_X86_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <Zydis/Zydis.h>

enum x86_encoding { X86_LEGACY, X86_VEX, X86_EVEX };

// What a field of the instruction names.
enum x86_field { FIELD_NONE, FIELD_GPR, FIELD_VECTOR, FIELD_MASK, FIELD_OTHER };

struct x86_form {
    uint8_t encoding; // enum x86_encoding
    uint8_t map;      // 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a; EVEX also 5, 6
    uint8_t opcode;
    uint8_t pp;      // 0: none, 1: 66, 2: f3, 3: f2
    uint8_t w, l, b; // REX.W or VEX.W; vector length; EVEX.b
    bool lock;
    bool modrm;
    bool memory;       // ModRM names memory
    bool vsib;         // ... by a vector of indices
    bool moffs;        // an 8-byte absolute address instead of ModRM
    bool needs_mask;   // EVEX: an opmask other than k0
    uint8_t regs, rms; // values of ModRM.reg, and with registers of ModRM.rm, bit each
    uint8_t imm_bytes;
    uint8_t reg, rm, vvvv, low; // enum x86_field; `low`: three bits of the opcode
    bool store, load;
    uint16_t width; // widest store, or load, bytes
    ZydisMnemonic mnemonic;
    const char *excluded; // NULL, or why it is not generated
    // Filled by whoever has run it.
    bool runs;    // this CPU executes it
    bool aligned; // a misaligned address faults
    bool faults;  // faults even so
    bool common;  // no recorder refuses it, in one encoding at least
};

struct x86_form_table {
    struct x86_form *forms;
    size_t count, capacity;
};

// Once; the answer is the same for the life of the process.
const struct x86_form_table *x86_forms(void);

// An address as an instruction spells it.
enum x86_address_mode { ADDRESS_BASE, ADDRESS_INDEX, ADDRESS_ABSOLUTE, ADDRESS_RIP };

enum { X86_NO_REG = 0xff };

struct x86_choice {
    uint8_t reg, rm, vvvv; // register numbers: 0..15, vectors 0..31
    uint8_t mask;          // EVEX: opmask
    bool zeroing;
    bool rex;        // a REX prefix even when none of its bits is set
    uint8_t segment; // 0, or the prefix byte
    bool addr32;
    uint8_t extra;       // 0, or one more prefix byte, in front
    uint8_t mode;        // enum x86_address_mode
    uint8_t base, index; // ADDRESS_BASE: index may be X86_NO_REG
    uint8_t scale;       // 0..3
    uint8_t disp_bytes;  // ADDRESS_BASE: 0, 1 or 4
    int64_t disp;        // with ADDRESS_RIP: as encoded
    uint64_t imm;
};

enum { X86_LENGTH_MAX = 15 };

// Writes the instruction; gives its length, 0 when it has no such encoding. The
// caller decodes it to see what came of it. DISP_OFF: where the displacement is.
size_t x86_encode(const struct x86_form *form, const struct x86_choice *choice,
                  uint8_t out[X86_LENGTH_MAX + 9], size_t *disp_off);

struct x86_decoded {
    ZydisDecodedInstruction in;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};
bool x86_decode(const uint8_t *bytes, size_t length, struct x86_decoded *out);

// Writes "mov [m32], r32"-like text: mnemonic and widths, for lists.
void x86_form_print(const struct x86_form *form, char *text, size_t size);

// Number of a general register, whatever its width; X86_NO_REG for others.
uint8_t x86_gpr(ZydisRegister reg);
bool x86_is_vector(ZydisRegister reg);

#endif
