// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The shape of an instruction: its text with what a rebuild of the same source
// may change taken out. Registers become their class, displacements and
// immediates go, the mnemonic, the widths and the form of an address stay:
//
//   mov qword ptr [rdi + rdx - 8], rcx    mov qword ptr [r+r], r64
//   vmovdqu ymmword ptr [rdi + 0x20], ymm1    vmovdqu ymmword ptr [r], ymm
//
// Findings are told apart by the shapes of the accesses that are to blame. A
// shape never holds an address.

#ifndef STORESCOPE_SIGNATURE_H
#define STORESCOPE_SIGNATURE_H

#include "trace/trace.h"

enum { SIGNATURE_MAX = 80, SIGNATURE_PAIR_MAX = 2 * SIGNATURE_MAX + 8 };

// TEXT as struct site has it; SHAPE holds SIGNATURE_MAX bytes. "?" for no text.
void signature_of(const char *text, char *shape);

// The shapes of the first two of COUNT accesses (indices into the trace), as
// "SHAPE | SHAPE"; one alone where there is one, and "-" where no access is to
// blame. An instruction of another file than the routine's, such as the memmove of
// the libc that it calls, is "elsewhere": which one runs depends on the CPU, and
// that libc is a backend of its own. PAIR holds SIGNATURE_PAIR_MAX bytes.
void signature_pair(const struct trace *t, const uint32_t *accesses, size_t count, char *pair);

#endif
