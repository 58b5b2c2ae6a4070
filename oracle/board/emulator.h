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

// Starts COMMAND with its CPUs stopped. False and one line in ERROR; to be ended in any case.
bool emulator_start(struct emulator *e, const char *command, struct error *error);
void emulator_end(struct emulator *e);

// One line, sent; and one line received, valid until the next. False or NULL, and one line
// in ERROR, when it has ended (with what it complained of) or does not answer.
bool emulator_send(struct emulator *e, struct talk *to, const char *line, struct error *error);
char *emulator_line(struct emulator *e, struct talk *from, struct error *error);

// What a file has from byte FROM on, with a zero after it. The caller frees it.
char *emulator_read_file(int fd, size_t from, size_t *length);

// The file of the program that runs. "": not known.
void emulator_path(const struct emulator *e, char *text, size_t size);

#endif
