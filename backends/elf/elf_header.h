// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which CPU an ELF file is for, from its first bytes alone, in either byte order
// (System V ABI, 4.1). Takes bytes that may be anything. No more than this: what
// follows the header is elf_file.h's.

#ifndef STORESCOPE_ELF_HEADER_H
#define STORESCOPE_ELF_HEADER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ELF_HEADER_BYTES = 20 }; // as far as e_machine

struct elf_header {
    uint16_t type, machine; // ET_*, EM_*
    uint8_t word_bytes;     // 4 or 8: ELF's class
    bool big_endian;
};

// False when the bytes are no ELF header.
static inline bool elf_header_read(const void *bytes, size_t length, struct elf_header *out)
{
    const uint8_t *b = bytes;
    if (length < ELF_HEADER_BYTES || memcmp(b, ELFMAG, SELFMAG) != 0)
        return false;
    bool big = b[EI_DATA] == ELFDATA2MSB;
    out->big_endian = big;
    out->word_bytes = b[EI_CLASS] == ELFCLASS64 ? 8 : 4;
    out->type = (uint16_t)(big ? b[16] << 8 | b[17] : b[17] << 8 | b[16]);
    out->machine = (uint16_t)(big ? b[18] << 8 | b[19] : b[19] << 8 | b[18]);
    return true;
}

#endif
