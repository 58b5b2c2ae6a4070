// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Reads symbols out of ELF files and archives through libelf: shared objects,
// relocatable objects, and archives of the latter, for this CPU. Maps nothing
// executable and runs nothing. Headers that lie give an error or are passed
// over, they never crash the reader. Files are read and not mapped: one that
// shrinks meanwhile would end the program by SIGBUS.

#ifndef STORESCOPE_ELF_FILE_H
#define STORESCOPE_ELF_FILE_H

#include "base/error.h"

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum elf_file_kind { ELF_FILE_SHARED, ELF_FILE_OBJECT, ELF_FILE_ARCHIVE };

// One ELF image: the file itself, or one member of an archive.
struct elf_unit {
    Elf *elf;
    const char *member; // name in the archive; NULL for a plain file
    int64_t offset;     // of the member in the archive
    Elf_Data *symbols;  // .symtab, or NULL
    size_t symbol_count;
    size_t strings;            // section of the symbols' names
    Elf_Data *dynamic_symbols; // .dynsym, or NULL
    size_t dynamic_count;
    size_t dynamic_strings;
};

struct elf_file;

struct elf_symbol {
    const char *name;
    GElf_Sym sym;
    bool dynamic;    // found in .dynsym
    bool executable; // lies in a section of code
};

// False stops the visit.
typedef bool elf_visit(const struct elf_unit *unit, const struct elf_symbol *symbol, void *context);

// NULL and one line in ERROR when PATH cannot be read, is not ELF, or is not
// for this CPU.
struct elf_file *elf_file_open(const char *path, struct error *error);
void elf_file_close(struct elf_file *file);
enum elf_file_kind elf_file_kind(const struct elf_file *file);

// A shared object: could the dynamic linker take it without being lied to? False
// and the reason, without the file's name, in ERROR.
bool elf_file_may_be_loaded(struct elf_file *file, struct error *error);

// A program rather than a shared object: linked as a PIE.
bool elf_file_is_program(struct elf_file *file);

// Visits every defined symbol; of an archive, those of all its members.
void elf_file_each_symbol(struct elf_file *file, elf_visit *visit, void *context);

// Visits every ELF image for this CPU: the file, or the members of an archive.
typedef bool elf_unit_visit(const struct elf_unit *unit, void *context);
void elf_file_each_unit(struct elf_file *file, elf_unit_visit *visit, void *context);

// Visits every symbol of the unit, also those that it leaves to others.
void elf_unit_each_symbol(const struct elf_unit *unit, elf_visit *visit, void *context);

// The ELF image at OFFSET of an archive, as a unit has it; at 0 of any other file. NULL:
// there is none for this CPU. It lives until the file is closed.
const struct elf_unit *elf_file_unit(struct elf_file *file, int64_t offset);

// The bytes of that image, which the caller frees; NULL when they cannot be read.
// (elf_rawfile would have libelf forget what it has to free.)
uint8_t *elf_file_bytes(const struct elf_file *file, const struct elf_unit *unit, size_t *length);

// Visits the names in an archive's index with the unit left NULL and only the
// symbol's name set. False when the archive has no index.
bool elf_file_each_indexed(struct elf_file *file, elf_visit *visit, void *context);

// The unit that defines the global symbol NAME and the symbol itself; in an
// archive the first member that does, by its index where it has one.
// `local_too`: where no global symbol has that name, the first local function.
// The unit lives until the file is closed.
struct elf_unit *elf_file_find(struct elf_file *file, const char *name, bool local_too,
                               struct elf_symbol *out);

// Symbol INDEX of .symtab. False when there is none or its name is out of
// bounds.
bool elf_unit_symbol(const struct elf_unit *unit, size_t index, struct elf_symbol *out);

// "copy@V1" and "copy@@V1", as nm prints them: gives "V1", and "copy" in NAME. NULL
// when SYMBOL has no version.
enum { SYMBOL_VERSION_MAX = 256 };
const char *symbol_version(const char *symbol, char name[SYMBOL_VERSION_MAX]);

// May the symbol be called: a function, or an untyped label in code as
// hand-written assembly has them?
bool elf_symbol_is_code(const struct elf_symbol *symbol);

// "/usr/lib/debug/.build-id/xx/yyyy.debug" for the file's build-id note. False
// when it has none.
bool elf_file_debug_path(struct elf_file *file, char *path, size_t path_size);

#endif
