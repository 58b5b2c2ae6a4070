// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What an instruction does to memory without an access of it.

#ifndef STORESCOPE_QEMU_EFFECT_H
#define STORESCOPE_QEMU_EFFECT_H

#include "record/qemu/shared.h"

#include <stddef.h>

enum effect { EFFECT_NONE, EFFECT_FENCE, EFFECT_FLUSH };

// Of an instruction's bytes.
enum effect effect_of(const struct qemu_shared *s, const uint8_t *bytes, size_t length);

// A load from the address that the flushing instruction WORD has, which keeps no value;
// 0: there is none.
uint32_t effect_load_like(const struct qemu_shared *s, uint32_t word);

#endif
