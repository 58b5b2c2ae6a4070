// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs compilers and their like in a folder of their own, which is removed
// afterwards, however this process ends. What they complain about becomes one line.

#ifndef STORESCOPE_QEMU_TOOL_H
#define STORESCOPE_QEMU_TOOL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

// The file in the folder to which gcc adds which files it read, headers of the system as well.
#define TOOL_DEPENDENCIES "dependencies"

struct tool_folder {
    char path[256];
    pid_t keeper; // the process that removes it
    int fd;       // as soon as this is closed
    int problem;  // errno of making it
};

// All: false, or one line in ERROR.
bool tool_folder_make(struct tool_folder *f, struct error *error);
void tool_folder_remove(struct tool_folder *f);
bool tool_write(const struct tool_folder *f, const char *name, const void *bytes, size_t length,
                struct error *error);

// The same for what is written piece by piece. tool_finish takes a NULL.
FILE *tool_create(const struct tool_folder *f, const char *name);
bool tool_finish(const char *name, FILE *file, struct error *error);
bool tool_read(const struct tool_folder *f, const char *name, uint8_t **bytes, size_t *length,
               struct error *error);
bool tool_run(const struct tool_folder *f, char *const argv[], struct error *error);

#endif
