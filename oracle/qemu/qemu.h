// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of the recorder `qemu` share.

#ifndef STORESCOPE_QEMU_QEMU_H
#define STORESCOPE_QEMU_QEMU_H

#include "prepare.h"
#include "process.h"
#include "recorder.h"

struct recorder {
    struct recorder_options options;
    const struct guest_program *program;
    struct process process;
    struct site *sites; // QEMU_SITES_MAX, described as they are met
    size_t site_count;
    uint64_t generation; // of the process that the sites are of
};

// An address of the guest as one of this process: the lanes and their guards are
// where the arena has them, the rest stays as it is.
uint64_t qemu_host_address(const struct layout *l, uint64_t addr);

// Appends the records in shared memory to the trace.
void qemu_take_accesses(struct recorder *r, const struct layout *l, bool values, struct trace *t);

// Fills class and text of a site from its bytes.
void qemu_describe_site(const struct arch *arch, const struct qemu_site *in, struct site *out);

#endif
