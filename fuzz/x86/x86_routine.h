// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines made up from fuzz bytes: instructions of every form, in straight
// lines, branches, bounded loops, subroutines and jumps through tables, between
// a prologue that sets all registers the routine names and an epilogue that
// leaves all of them, and the flags, in the sandbox's frame. A register that the
// routine never names is left alone, so that a recorder may find it free.
//
// Every routine ends, by returning or by a fault; none enters the kernel, stores
// outside the sandbox and the arena, or depends on anything but its own
// description.

#ifndef STORESCOPE_FUZZ_X86_ROUTINE_H
#define STORESCOPE_FUZZ_X86_ROUTINE_H

#include "base/error.h"
#include "fuzz/x86/x86_builder.h"

#include <stdio.h>

// The routine that DATA describes; the same for the same bytes.
void x86_routine_make(const uint8_t *data, size_t size, struct x86_routine *out);

// A routine of one instruction of FORM, if it can be made; its address is
// aligned to 64 bytes, plus SKEW. DATA steers the rest.
bool x86_routine_of_form(const struct x86_form *form, unsigned skew, const uint8_t *data,
                         size_t size, struct x86_routine *out);

// Tells for each form whether this CPU runs it and wants alignment, by running
// it natively. Once; the sandbox must be open.
void x86_forms_try(const struct layout *layout);

// Puts the code into the sandbox, with this process's addresses.
void x86_routine_load(const struct x86_routine *r, const struct layout *layout);

// Fuzz bytes that begin like this are a routine's text form instead: the code
// itself, one instruction a line, so that what was found once stays what it is
// when the generator changes.
#define ROUTINE_TEXT_MAGIC "storescope-routine 1\n"
void x86_routine_print(const struct x86_routine *r, FILE *to);
bool x86_routine_parse(const char *text, struct x86_routine *out, struct error *error);

#endif
