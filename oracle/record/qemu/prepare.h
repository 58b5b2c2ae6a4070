// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes the guest program for one routine: the runner, compiled and linked by
// the cross compiler with the routine's library or object. Done once in the
// parent; workers inherit the bytes. Routines of one libc, or of storecopy, are linked
// into one program, which is kept.

#ifndef STORESCOPE_QEMU_PREPARE_H
#define STORESCOPE_QEMU_PREPARE_H

#include "base/error.h"
#include "case/case.h"
#include "record/qemu/code.h"
#include "record/qemu/cpu_pin.h"
#include "record/qemu/names.h"
#include "record/qemu/shared.h"
#include "record/recorder.h"
#include "trace/origins.h"

enum { GUEST_IMAGES_MAX = 8 };

struct guest_program {
    const struct backend *backend;
    const struct arch *arch;
    const char *cpu;       // the model that is emulated; NULL: QEMU's default
    struct guest_elf *elf; // an ELF program, which recordings share; its bytes are
    uint8_t *bytes;
    size_t length;
    uint64_t routine; // its index in the runner's table
    uint64_t mailbox_addr;
    struct guest_names names; // what nobody defines has its places at
    uint64_t undefined_addr;
    struct qemu_range marks[GUEST_MARKS];
    struct qemu_range images[GUEST_IMAGES_MAX]; // code and data, as linked
    size_t image_count;
    struct guest_code code;
    _Atomic uint32_t *pairs; // recorders opened on it, in all processes: see cpu_pin.h
};

// NULL and one line in ERROR when a tool is missing or the routine cannot be
// linked.
struct guest_program *guest_program_make(const struct backend *backend,
                                         const struct recorder_setup *setup, struct error *error);

// Finds in the linked program where the linker has put the runner's marks, the mailbox
// and the segments. False: it is no such program.
bool guest_program_read(struct guest_program *p);
void guest_program_free(struct guest_program *p);

#endif
