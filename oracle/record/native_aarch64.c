// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/native.h"

#include "record/a64_features.h"
#include "record/native_entry.h"

#include <elf.h>
#include <sys/auxv.h>

const uint8_t native_words_in[NATIVE_WORDS] = {0, 1, 2, 3, 4, 5, 6, 7};

native_handler *native_on_fault, *native_on_tick, *native_on_other;

// A program cannot turn alignment checks on here: nothing is to be put right.
void native_fault_entry(int signal, siginfo_t *info, void *context)
{
    native_on_fault(signal, info, context);
}

void native_tick_entry(int signal, siginfo_t *info, void *context)
{
    native_on_tick(signal, info, context);
}

void native_other_entry(int signal, siginfo_t *info, void *context)
{
    native_on_other(signal, info, context);
}

void native_tell_cpu(struct trace *trace)
{
    trace->machine = EM_AARCH64;
    trace->word_bytes = 8;
    trace->atomic_bytes = a64_atomic_bytes(getauxval(AT_HWCAP));
}
