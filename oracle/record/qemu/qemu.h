// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of the recorder `qemu` share.

#ifndef STORESCOPE_QEMU_QEMU_H
#define STORESCOPE_QEMU_QEMU_H

#include "backends/call.h"
#include "record/qemu/batch.h"
#include "record/qemu/prepare.h"
#include "record/qemu/process.h"
#include "record/recorder.h"

struct recorder {
    struct recorder_options options;
    const struct guest_program *program;
    struct process process;
    uintptr_t record; // where the arena has the records of a call
    struct pin pin;
    struct batch batch;
    struct site *sites; // QEMU_SITES_MAX, described as they are met
    size_t site_count;
    uint32_t *numbers; // for each site of the running process, its place in `sites`
    size_t number_count;
    uint64_t numbers_of; // which start of the process they are of
    uint8_t *elements;   // one a site: bytes of an element where the architecture
                         // makes each an access of its own, else 0
};

// Instead of an element's bytes: all that one execution stores is one access.
enum { QEMU_ELEMENT_ALL = UINT8_MAX };
extern const struct recorder_kind recorder_qemu;

// Where the guest has the destination's lane, or the source's.
uint64_t qemu_lane(const struct layout *l, bool src);

// Where the guest has the records of a call.
#define QEMU_RECORD (QEMU_RECORD_WINDOW + QEMU_GUARD_BYTES - CALL_RECORD_MAX)

// An address of the guest as one of this process: the lanes and their guards, and a
// call's records, are where the arena has them, the rest stays as it is.
uint64_t qemu_host_address(const struct layout *l, uint64_t addr);

// Appends COUNT records, which lie in shared memory, to the trace.
void qemu_take_accesses(struct recorder *r, const struct qemu_record *records, uint32_t count,
                        const struct layout *l, bool values, struct trace *t);

// Fills class and text of a site from its bytes. ELEMENT: see struct recorder.
void qemu_describe_site(const struct arch *arch, const struct qemu_site *in, struct site *out,
                        uint8_t *element);

// Is the instruction one that is undefined on purpose, as a compiler's trap is?
bool qemu_is_trap(const struct site *site);

#endif
