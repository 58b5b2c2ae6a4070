// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Objects that are the same for every routine of an architecture, and programs of all routines of
// a libc or of storecopy, kept in the user's cache (XDG base directories, 0.8) from one run to the
// next. One is taken again only if what it was made of is as it was: the key, the compiler and
// every header, object and archive that this read. A cache
// that cannot be used, or is not the user's alone, changes nothing but the time it takes.

#ifndef STORESCOPE_QEMU_OBJECT_CACHE_H
#define STORESCOPE_QEMU_OBJECT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch;
struct tool_folder;

// An object's place in the cache, which no other process looks at meanwhile: what one makes
// the others wait for.
struct cached_object {
    uint64_t key;        // of its sources and how they are compiled
    int folder, lock;    // -1: there is no cache
    char name[64];       // in the folder
    char compiler[4096]; // its path
};

void object_cache_open(struct cached_object *k, const struct arch *arch, const char *name,
                       uint64_t key);
void object_cache_close(struct cached_object *k);

// The object; the caller frees it. False: there is none that fits.
bool object_cache_read(const struct cached_object *k, uint8_t **bytes, size_t *length);

// DEPENDENCIES: what the compiler or linker read, a file of FOLDER as make has them.
void object_cache_write(const struct cached_object *k, const struct tool_folder *folder,
                        const char *dependencies, const uint8_t *bytes, size_t length);

#endif
