// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The architectures whose routines can be tested here although this CPU is
// another: what compiles for them, what runs them, and how their files are told
// apart. A table; nothing is looked for on the machine.

#ifndef STORESCOPE_ARCH_H
#define STORESCOPE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_header;

struct arch {
    const char *name;         // "aarch64": begins the names of its backends
    const char *compiler;     // "aarch64-linux-gnu-gcc"
    const char *objcopy;      // of the same binutils
    const char *package;      // of the compiler
    const char *root;         // where its libraries lie, as QEMU's -L has it
    const char *libc;         // its static glibc
    const char *libc_package; // and the package that has it
    const char *qemu;         // "qemu-aarch64", of package qemu-user
    const char *cpu;          // what it emulates unless a backend says; NULL: its default
    uint16_t machine;         // EM_* of ELF headers
    uint8_t word_bytes;       // 4 or 8: ELF's class
    bool big_endian;
    bool dynamic; // static programs do not run under qemu-user 7.2
    bool stack_grows_up;
};

extern const struct arch archs[];
extern const size_t arch_count;

// This CPU (arch_CPU.c), for the recorder that takes it all the same. Its own libraries
// are not those of the table's row for it, where there is one: that is what another
// CPU's cross packages bring.
extern const struct arch arch_native;

// Is there a program of that name in PATH?
bool arch_tool_here(const char *program);

// ... and where: its path, of at most SIZE bytes with the end.
bool arch_tool_find(const char *program, char *path, size_t size);

// The CPU models that anyone's own routine is tried on, the plainest first, then NULL.
// None: QEMU's default alone.
const char *const *arch_cpus(const struct arch *arch);

// NULL when no row has that name.
const struct arch *arch_find(const char *name);

// The architecture of an ELF file. NULL when there is no row, or it is this CPU's.
const struct arch *arch_of_header(const struct elf_header *header);

#endif
