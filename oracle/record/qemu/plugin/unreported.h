// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Accesses that QEMU does not report.

#ifndef STORESCOPE_QEMU_UNREPORTED_H
#define STORESCOPE_QEMU_UNREPORTED_H

#include "record/qemu/plugin/plugin_log.h"

#include <stddef.h>

// Of an instruction's bytes.
uint8_t unreported_kind(const struct qemu_shared *s, const uint8_t *bytes, size_t length);

// A case begins, and ends. False without memory. Where none of the CPU's
// instructions is unreported, it begins with the first that compares.
bool unreported_begin(const struct qemu_shared *s);
void unreported_end(void);

// Before the instruction is executed, and after it: before the next one.
void unreported_before(struct insn *in);
void unreported_after(void);

// Of an instruction that compares, and that QEMU has just told of: did it store?
bool unreported_stored(const struct insn *in);

#endif
