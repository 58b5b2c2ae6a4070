// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The process of a qemu-system: started with a machine's command line, two lines to talk
// to it, and files that it writes. It ends with this process, however that ends.

#ifndef STORESCOPE_BOARD_EMULATOR_H
#define STORESCOPE_BOARD_EMULATOR_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// One way to talk to it, line by line.
struct talk {
    int fd;
    char *text; // received and not yet taken; owned
    size_t length, taken, capacity;
};

struct emulator {
    pid_t pid;                    // 0: it does not run
    int log, console, complaints; // files that it writes; console: -1 where it is not ours
    struct talk test, monitor;
    char program[128]; // first word of the command
};

// An option of the emulator, "-bios", and its argument.
struct emulator_option {
    const char *name, *value;
};

// A guest that the CPU is to run; its bytes and the plugin's are in files.
struct emulated_guest {
    int image, plugin;
    uint64_t at, start; // where the image is loaded, and what the CPU's pc is set to
    const char *cpu;    // the model, unless the command names one; NULL: the machine's own
    const struct emulator_option *options; // likewise; up to a NULL name
};

// A file of these bytes for a guest, or -1. The caller closes it.
int emulator_new_file(const char *name, const void *bytes, size_t length);

// Starts COMMAND with its CPUs stopped: to be sent accesses (GUEST is NULL), or to run a
// guest when the monitor is told `cont'. False and one line in ERROR; to be ended in any
// case.
bool emulator_start(struct emulator *e, const char *command, const struct emulated_guest *guest,
                    struct error *error);
void emulator_end(struct emulator *e);

// One line, sent; and one line received, valid until the next. False or NULL, and one line
// in ERROR, when it has ended (with what it complained of) or does not answer.
bool emulator_send(struct emulator *e, struct talk *to, const char *line, struct error *error);
char *emulator_line(struct emulator *e, struct talk *from, struct error *error);

// Does it run? False, and one line in ERROR, when it has ended.
bool emulator_runs(struct emulator *e, struct error *error);

// What a file has from byte FROM on, with a zero after it. The caller frees it.
char *emulator_read_file(int fd, size_t from, size_t *length);

// The file of the program that runs. "": not known.
void emulator_path(const struct emulator *e, char *text, size_t size);

#endif
