// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which ELF file a command runs, for which machine, and which QEMU emulates
// that. Reads files, runs nothing but `qemu-NAME --help`.

#ifndef STORESCOPE_WATCH_TARGET_H
#define STORESCOPE_WATCH_TARGET_H

#include "base/error.h"
#include "watch/machine.h"

#include <limits.h>

enum { TARGET_SCRIPTS_MAX = 4 };

struct target {
    char path[PATH_MAX]; // of the ELF file
    const struct machine *machine;
    // What comes between the program and the command's own arguments, when the
    // command is a script: the interpreter's argument, if any, and the script.
    char *scripts[2 * TARGET_SCRIPTS_MAX];
    size_t script_count;
    char command[PATH_MAX]; // what the command's name stands for
};

// Finds what COMMAND runs: a path, or a name in PATH (and before that, in the
// same folders of SYSROOT, which may be NULL). One line in ERROR.
bool target_find(const char *command, const char *sysroot, struct target *out, struct error *error);
void target_free(struct target *p);

// Follows #! lines from PATH, a file, to an ELF file; as execve does, but that an
// interpreter is looked for in SYSROOT first. Returns 0 or an errno.
int target_resolve(const char *path, const char *sysroot, struct target *out);

// The emulator for the program: GIVEN, or qemu-NAME in PATH. One that takes no
// plugin is refused. One line in ERROR.
bool target_qemu(const struct target *p, const char *given, char *path, size_t path_size,
                 struct error *error);

#endif
