// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What image.c (reaching sections), image_place.c (placing and filling them) and
// image_reloc.c (relocations) share. Nobody else includes this.

#ifndef STORESCOPE_IMAGE_PARTS_H
#define STORESCOPE_IMAGE_PARTS_H

#include "backends/backend.h"
#include "backends/elf/elf_file.h"

enum { IMAGE_PAGE = 4096 };
#define IMAGE_BYTES_MAX (UINT64_C(64) << 20)

enum segment { SEGMENT_CODE, SEGMENT_CONST, SEGMENT_DATA, SEGMENT_COUNT };

// A section that is part of the image.
struct piece {
    struct elf_unit *unit;
    size_t section;
    GElf_Shdr shdr;
    enum segment segment;
    uint64_t offset; // in its segment, bytes
};

enum binding_kind {
    BINDING_VARIABLE, // an __x86_* variable that this tool provides
    BINDING_COMMON,   // uninitialised data without a section
    BINDING_TRAP,     // undefined
};

// A symbol that no section of the image defines.
struct binding {
    char *name;
    enum binding_kind kind;
    uint64_t size, align;
    uint64_t offset; // in the data segment, or among the traps
    bool called;     // TRAP: a call or jump goes there
};

enum target_kind { TARGET_ABSOLUTE, TARGET_PIECE, TARGET_BINDING };

// What a relocation refers to: a number, a place in a piece, or a binding.
struct target {
    enum target_kind kind;
    size_t index;
    uint64_t value;
};

enum reloc_base {
    BASE_SYMBOL,        // S
    BASE_GOT_SLOT,      // address of an 8-byte slot that holds S
    BASE_GOT,           // address of the slots
    BASE_FROM_GOT,      // S minus that
    BASE_SLOT_FROM_GOT, // the slot's address minus that
};

struct reloc_row {
    unsigned type;
    const char *name;
    unsigned width; // bytes
    bool pc_relative;
    bool zero_extended; // a 32-bit field that holds an unsigned number
    enum reloc_base base;
};

static inline bool reloc_has_slot(const struct reloc_row *row)
{
    return row->base == BASE_GOT_SLOT || row->base == BASE_SLOT_FROM_GOT;
}

// NULL for a type that is not taken.
const struct reloc_row *reloc_find(unsigned type);
bool reloc_is_thread_local(unsigned type);

// A relocation of the image, its symbol found.
struct fixup {
    size_t piece;
    uint64_t offset; // in the piece
    int64_t addend;
    const struct reloc_row *row;
    struct target target;
    size_t slot; // where the base is a slot
};

// Is the field at OFFSET the operand of a call or jump, so that its symbol is
// code? Direct ones and those through a GOT slot.
bool reloc_is_branch(const struct reloc_row *row, const uint8_t *section, uint64_t offset);

// Where a fixup's parts ended up.
struct reloc_place {
    uint8_t *field;
    uint64_t symbol, slot, got;
};

// Writes the field. False when the value does not fit into it.
bool reloc_apply(const struct fixup *fixup, const struct reloc_place *place);

// An image in the making.
struct linker {
    const char *path;
    struct elf_file *file;
    struct piece *pieces;
    size_t piece_count;
    struct binding *bindings;
    size_t binding_count;
    struct fixup *fixups;
    size_t fixup_count;
    size_t slot_count;
    size_t trap_count, called_count; // traps, and those that calls go to
    uint64_t segment_bytes[SEGMENT_COUNT];
    uint64_t got_offset; // in the segment of constants
    uint8_t *base;
    size_t bytes;
    uint8_t *segment[SEGMENT_COUNT];
    uint8_t *traps;
    const char **trap_names;
    char *error;
    size_t error_size;
};

// Writes the file's path and the message to the linker's ERROR; always false.
__attribute__((format(printf, 2, 3))) bool image_fail(struct linker *l, const char *format, ...);

// Aborts when memory ran out.
void *image_must(void *memory);

// Places all pieces and bindings in memory, applies the fixups, sets the
// protection and describes the result in OUT. On failure what was mapped is left
// to the caller, in base and bytes.
bool image_place(struct linker *l, const struct target *entry, struct routine *out);

#endif
