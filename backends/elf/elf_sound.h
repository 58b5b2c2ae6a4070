// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Can a file's headers be believed? Asked before libelf, or the dynamic linker,
// acts on them: neither expects to be lied to. Headers that reach outside of the
// file, or ask for more memory than a routine's file could need, are a reason
// to refuse it. Reads with pread alone, so a file that shrinks meanwhile gives
// an error and no SIGBUS.

#ifndef STORESCOPE_ELF_SOUND_H
#define STORESCOPE_ELF_SOUND_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// An open file of so many bytes, and where a reason goes: what is wrong with it
// and what to do, without the file's name.
struct elf_source {
    int fd;
    uint64_t bytes;
    struct error *why;
    struct elf_window *window; // bytes read ahead, or NULL
};

// An ELF file for this CPU, or an archive whose first ELF member is, with sound
// headers. False and the reason when it is anything else.
bool elf_sound_file(const struct elf_source *source);

// Of such a file, a shared object: may the dynamic linker have it? Its segments
// lie in the file and in order, and its dynamic section points into them. What
// the linker reads behind that (relocations, hash tables) may still be anything.
bool elf_sound_to_load(const struct elf_source *source);

// Do LENGTH bytes at OFFSET lie within the first BYTES?
bool elf_range_fits(uint64_t offset, uint64_t length, uint64_t bytes);

#endif
