// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs a program under QEMU's user-mode emulation with the plugin, and hands on
// what that writes down, in order, while the program runs. The program keeps its
// standard streams, environment and folder. Ends when the program and every
// process it started have ended.

#ifndef STORESCOPE_WATCH_SESSION_H
#define STORESCOPE_WATCH_SESSION_H

#include "base/error.h"
#include "watch/ring.h"
#include "watch/target.h"

struct watch_request {
    const char *file;     // what is mapped: FILE, a device or shared memory
    const char *machine;  // NULL: as the program says
    const char *sysroot;  // qemu's -L; NULL: none
    const char *cpu;      // qemu's -cpu; NULL: as watch_cpu says
    const char *qemu;     // NULL: qemu-MACHINE in PATH
    bool values;          // read back what was stored, even of a device
    char *const *command; // ends with NULL
};

struct watch_session {
    struct target target;
    char qemu[PATH_MAX], plugin[PATH_MAX];
    char cpu[64];
    char file[PATH_MAX];    // absolute
    char sysroot[PATH_MAX]; // absolute; "": none
    bool is_device;
    uint64_t file_bytes; // when it started; 0 for a device
    struct ring *ring;
    int ring_fd;
    int status;        // of the program, as waitpid gives it
    uint64_t lost;     // records whose writer was killed while it wrote
    bool own_by_error; // the emulator ended before the plugin was loaded
};

// Everything that can be refused is refused here, in one line in ERROR.
bool watch_prepare(const struct watch_request *request, struct watch_session *out,
                   struct error *error);
void watch_free(struct watch_session *s);

// Takes a record and the text that belongs to it ("": none).
typedef void watch_record(const struct ring_record *record, const char *text, void *context);

bool watch_run(const struct watch_request *request, struct watch_session *s, watch_record *take,
               void *context, struct error *error);

#endif
