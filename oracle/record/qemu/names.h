// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The names in a routine's object, before it is linked with the runner. What it
// defines gets names that no library uses, so that the runner's libc keeps its own
// memcpy. What it does not define is never taken from the runner's libc: such a
// name gets a place in memory that nobody may touch, and a routine that comes to
// it faults there, from which its name follows.

#ifndef STORESCOPE_QEMU_NAMES_H
#define STORESCOPE_QEMU_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct guest_name {
    char *name;
    bool thread_local_data;
};

struct guest_names {
    struct guest_name *undefined; // in the order of their places
    size_t count, capacity;
    size_t place_bytes; // of each, so that fields of a variable are known, too
};

// Who defines names that the object need not: archives by their indices.
enum { SUPPLIERS_MAX = 8 };
struct guest_suppliers {
    const char *archives[SUPPLIERS_MAX];
    size_t count;
};

// Reads OBJECT and writes for objcopy --redefine-syms one line "NAME NEW-NAME" a
// symbol that is to be renamed: all but ROUTINE, the linker's own names, and what a
// supplier defines. Names that nobody defines are added to N.
void guest_names_sort(struct guest_names *n, const uint8_t *object, size_t length,
                      const char *routine, const struct guest_suppliers *suppliers, FILE *out);

// C for the places, and a linker script that puts the names there.
void guest_names_write_c(const struct guest_names *n, FILE *out);
void guest_names_write_script(const struct guest_names *n, FILE *out);

// The name whose place is BYTES from the first; NULL: none.
const char *guest_name_at(const struct guest_names *n, uint64_t bytes);

void guest_names_free(struct guest_names *n);

#endif
