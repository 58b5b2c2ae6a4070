// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// An image in the making (linker.c), and what image.c (following what sections refer
// to), image_place.c (placing and filling them), image_reloc_CPU.c (relocations),
// image_tls.c and image_tls_CPU.c (thread-local storage), image_supplied.c and
// image_start.c (constructors) do to it. Nobody else includes this.

#ifndef STORESCOPE_LINKER_H
#define STORESCOPE_LINKER_H

#include "backends/backend.h"
#include "backends/elf/elf_file.h"
#include "base/error.h"
#include "base/memory.h"

enum {
    IMAGE_ALIGN_MAX = 4096,
    IMAGE_LENT_MAX = 4096, // bytes of a variable that is undefined
    IMAGE_UNDEFINED_MAX = 4096,
    RELOC_NONE = 0, // R_X86_64_NONE, R_AARCH64_NONE
};
#define IMAGE_BYTES_MAX (UINT64_C(64) << 20)

enum segment {
    SEGMENT_CODE,
    SEGMENT_CONST,
    SEGMENT_DATA,
    SEGMENT_MAPPED, // those before are the image's own memory
    SEGMENT_THREAD = SEGMENT_MAPPED,
    SEGMENT_COUNT
};

// A section that is part of the image.
struct piece {
    struct elf_unit *unit;
    size_t section;
    GElf_Shdr shdr;
    enum segment segment;
    uint64_t offset; // in its segment, bytes
};

// What stands for a symbol that the file leaves to others (image_supplied.c).
struct supplied {
    const char *name;
    uint64_t value; // a variable's, where there is no code
    uint8_t width;  // of it, bytes
    uint8_t bytes;  // of code
    const char *code;
};

#define SUPPLIED_VARIABLE(name, width, value) \
    {                                         \
        name, value, width, 0, NULL           \
    }
#define SUPPLIED_CODE(name, bytes)          \
    {                                       \
        name, 0, 0, sizeof bytes - 1, bytes \
    }

// What only code for this CPU asks for (image_supplied_CPU.c).
extern const struct supplied supplied_by_cpu[];
extern const size_t supplied_by_cpu_count;

// NULL: nothing does.
const struct supplied *supplied_find(const char *name);

enum binding_kind {
    BINDING_SUPPLIED, // by this tool
    BINDING_COMMON,   // uninitialised data without a section
    BINDING_TRAP,     // undefined
};

// A symbol that no section of the image defines.
struct binding {
    char *name;
    enum binding_kind kind;
    uint64_t size, align;
    const struct supplied *supplied;
    uint64_t offset; // in its segment, or among the traps
};

enum target_kind { TARGET_ABSOLUTE, TARGET_PIECE, TARGET_BINDING };

// What a relocation refers to: a number, a place in a piece, or a binding.
struct target {
    enum target_kind kind;
    size_t index;
    uint64_t value;
};

enum reloc_base {
    BASE_NONE,          // nothing is written but the instructions' new form
    BASE_SYMBOL,        // S
    BASE_GOT_SLOT,      // address of an 8-byte slot that holds S
    BASE_GOT,           // address of the slots
    BASE_FROM_GOT,      // S minus that
    BASE_SLOT_FROM_GOT, // the slot's address minus that
    BASE_THREAD,        // S minus the thread pointer
    BASE_THREAD_SLOT,   // address of an 8-byte slot that holds that
};

struct reloc_row {
    unsigned type;
    const char *name;
    unsigned width; // bytes
    bool pc_relative;
    bool zero_extended; // a 32-bit field that holds an unsigned number
    enum reloc_base base;
    uint8_t field; // how it lies in an instruction, where it does not fill its bytes
};

static inline bool reloc_has_slot(const struct reloc_row *row)
{
    return row->base == BASE_GOT_SLOT || row->base == BASE_SLOT_FROM_GOT ||
           row->base == BASE_THREAD_SLOT;
}

static inline bool reloc_is_thread_local(const struct reloc_row *row)
{
    return row->base == BASE_THREAD || row->base == BASE_THREAD_SLOT;
}

// NULL for a type that is not taken.
const struct reloc_row *reloc_find(unsigned type);

// Instructions that ask where a thread-local variable is, and what a linker of a
// program makes of them (image_tls_CPU.c).
struct tls_form;

// A relocation of the image, its symbol found.
struct fixup {
    size_t piece;
    uint64_t offset; // in the piece
    int64_t addend;
    const struct reloc_row *row;
    struct target target;
    size_t slot;                 // where the base is a slot
    bool is_branch;              // a call or jump goes to its symbol
    const struct tls_form *form; // to be written over the instructions, or NULL
    uint64_t form_offset;        // there
};

// Is the field at OFFSET the operand of a call or jump, so that its symbol is
// code? Direct ones and those through a GOT slot.
bool reloc_is_branch(const struct reloc_row *row, const uint8_t *section, uint64_t offset);

// Where a fixup's parts ended up.
struct reloc_place {
    uint8_t *field;
    uint64_t symbol, slot, got, thread;
};

// Writes the field. False when the value does not fit into it.
bool reloc_apply(const struct fixup *fixup, const struct reloc_place *place);

// Constructors of a section of pointers to them.
struct init_section {
    size_t piece;
    unsigned priority; // runs first where it is less
    bool backward;     // its last one first
};

// What a routine's handle points to.
struct image {
    uint8_t *base;
    size_t bytes;
    const char **trap_names;
    size_t trap_count;
    struct undefined_use *uses;
    char *path;
    struct routine_part *parts;
    uintptr_t *constructors; // in the order in which they run
    size_t constructor_count;
    size_t thread_bytes;
};

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
    size_t scanned; // pieces whose relocations are known
    size_t slot_count;
    size_t trap_count;
    struct init_section *inits;
    size_t init_count;
    // A relocation that is gone with the call that it was of.
    size_t gone_piece;
    uint64_t gone_offset;
    bool has_gone;
    uint64_t segment_bytes[SEGMENT_COUNT];
    uint64_t got_offset; // in the segment of constants
    uint8_t *base;
    size_t bytes;
    uint8_t *segment[SEGMENT_COUNT];
    uint8_t *traps;
    struct error *error;
};

// Writes the file's path and the message to the linker's ERROR; always false.
__attribute__((format(printf, 2, 3))) bool image_fail(struct linker *l, const char *format, ...);

// Makes the section part of the image, once.
bool image_reach(struct linker *l, struct elf_unit *unit, size_t section, size_t *piece);

// Makes the constructors of the file that PIECE is of part of the image, unless an
// earlier piece of it has.
bool image_reach_constructors(struct linker *l, size_t piece);

// Does the image have data that a constructor could have changed?
bool image_reaches_data(const struct linker *l);

// The addresses of all constructors of a filled image, in their order.
void image_list_constructors(const struct linker *l, struct image *image);

// A fixup of that relocation TYPE: FORM and what goes with it. False and the reason
// when the instructions are none that a linker knows.
bool image_tls_relax(struct linker *l, unsigned type, const uint8_t *section, uint64_t size,
                     struct fixup *fixup);
void image_tls_write(const struct fixup *fixup, uint8_t *section);

// This thread's memory for images: BYTES of it, until they are given back. NULL when
// there is not that much.
uint8_t *image_tls_take(size_t bytes);
void image_tls_give_back(size_t bytes);

// Places all pieces and bindings in memory, applies the fixups, sets the
// protection and describes the result in OUT. On failure what was mapped is left
// to the caller, in base and bytes.
bool image_place(struct linker *l, const struct target *entry, struct routine *out);

#endif
