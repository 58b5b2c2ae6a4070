// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Vector and mask registers of interrupted code, from the state that the kernel
// saved in the signal frame: the standard form of XSAVE (Intel SDM vol. 1, 13.4).

#ifndef STORESCOPE_STEP_VECTORS_H
#define STORESCOPE_STEP_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

// Asks the CPU where the parts lie. Call once, before the others.
void vectors_open(void);

// 64 bytes of register NUMBER, zero-extended from what the CPU has of it.
void vectors_read(const ucontext_t *uc, unsigned number, uint8_t out[64]);
void vectors_read_mmx(const ucontext_t *uc, unsigned number, uint8_t out[8]);
uint64_t vectors_read_mask(const ucontext_t *uc, unsigned number);

// Bytes of the saved state; 0 when its form is not known.
size_t vectors_state_bytes(const ucontext_t *uc);

#endif
