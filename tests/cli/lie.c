// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes files that lie: copies of a sound shared object, object file and
// archive, each with one header changed. Usage: lie FOLDER GOOD.so GOOD.o GOOD.a
//
// A row below is one lie. What it changes is looked for, not counted on to lie
// at a fixed place, so that any compiler's files will do.

#include <ar.h>
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A file to be changed. Pointers are into `bytes`.
struct file {
    uint8_t *bytes;
    size_t length;
    Elf64_Ehdr *header;
    Elf64_Phdr *segments;
    Elf64_Shdr *sections;
};

static void fail(const char *what)
{
    fprintf(stderr, "lie: %s\n", what);
    exit(2);
}

static struct file read_file(const char *path)
{
    struct file f = {.bytes = malloc(1 << 20)};
    FILE *in = fopen(path, "rb");
    if (in == NULL || f.bytes == NULL)
        fail(path);
    f.length = fread(f.bytes, 1, 1 << 20, in);
    fclose(in);
    if (memcmp(f.bytes, ELFMAG, SELFMAG) == 0) {
        f.header = (Elf64_Ehdr *)(void *)f.bytes;
        f.segments = (Elf64_Phdr *)(void *)(f.bytes + f.header->e_phoff);
        f.sections = (Elf64_Shdr *)(void *)(f.bytes + f.header->e_shoff);
    }
    return f;
}

// ---- finding the parts ----

static Elf64_Phdr *segment(struct file *f, uint32_t type)
{
    for (size_t i = 0; i < f->header->e_phnum; i++)
        if (f->segments[i].p_type == type)
            return &f->segments[i];
    fail("no such segment");
    return NULL;
}

static Elf64_Phdr *last_load(struct file *f)
{
    Elf64_Phdr *last = NULL;
    for (size_t i = 0; i < f->header->e_phnum; i++)
        if (f->segments[i].p_type == PT_LOAD)
            last = &f->segments[i];
    return last;
}

static Elf64_Shdr *section(struct file *f, uint32_t type)
{
    for (size_t i = 0; i < f->header->e_shnum; i++)
        if (f->sections[i].sh_type == type)
            return &f->sections[i];
    fail("no such section");
    return NULL;
}

// The first section of code that has something in it.
static Elf64_Shdr *code(struct file *f)
{
    for (size_t i = 0; i < f->header->e_shnum; i++)
        if ((f->sections[i].sh_flags & SHF_EXECINSTR) && f->sections[i].sh_size > 0)
            return &f->sections[i];
    fail("no code");
    return NULL;
}

static Elf64_Dyn *tag(struct file *f, int64_t wanted)
{
    Elf64_Dyn *row = (Elf64_Dyn *)(void *)(f->bytes + segment(f, PT_DYNAMIC)->p_offset);
    for (; row->d_tag != DT_NULL; row++)
        if (row->d_tag == wanted)
            return row;
    if (wanted != DT_NULL)
        fail("no such tag");
    return row;
}

static Elf64_Rela *relocations(struct file *f)
{
    return (Elf64_Rela *)(void *)(f->bytes + section(f, SHT_RELA)->sh_offset);
}

// The symbol `copy`, which the test asks for.
static Elf64_Sym *symbol(struct file *f, uint32_t table_type)
{
    Elf64_Shdr *table = section(f, table_type), *strings = &f->sections[table->sh_link];
    Elf64_Sym *rows = (Elf64_Sym *)(void *)(f->bytes + table->sh_offset);
    for (size_t i = 0; i < table->sh_size / sizeof *rows; i++)
        if (strcmp((char *)f->bytes + strings->sh_offset + rows[i].st_name, "copy") == 0)
            return &rows[i];
    fail("no symbol copy");
    return NULL;
}

static struct ar_hdr *member(struct file *f, int index)
{
    size_t at = SARMAG;
    for (; index > 0; index--) {
        size_t bytes = (size_t)atol(((struct ar_hdr *)(void *)(f->bytes + at))->ar_size);
        at += sizeof(struct ar_hdr) + bytes + (bytes & 1);
    }
    return (struct ar_hdr *)(void *)(f->bytes + at);
}

// ---- the lies ----

#define FAR  (UINT64_C(1) << 40)
#define GIBS (UINT64_C(3) << 30)
#define TOP  UINT64_MAX

enum base { SO, OBJECT, ARCHIVE };

// clang-format off
//
// Lies called harmless may go unnoticed, since nothing reads what they change.
// Those called sparse want the file made longer than 4 GiB.
#define LIES(X)                                                                              \
    X(SO, so-phoff-past-end, f->header->e_phoff = FAR)                                       \
    X(SO, so-phoff-wraps, f->header->e_phoff = TOP - 8)                                      \
    X(SO, so-phnum-huge, f->header->e_phnum = 0xfffe)                                        \
    X(SO, so-phnum-extended, f->header->e_phnum = PN_XNUM)                                   \
    X(SO, so-phnum-none, f->header->e_phnum = 0)                                             \
    X(SO, so-phentsize-odd, f->header->e_phentsize = 55)                                     \
    X(SO, so-shoff-past-end, f->header->e_shoff = FAR)                                       \
    X(SO, so-shoff-wraps, f->header->e_shoff = TOP - 63)                                     \
    X(SO, so-shnum-huge, f->header->e_shnum = 0xfeff)                                        \
    X(SO, so-shnum-in-section-0, f->header->e_shnum = 0; f->sections[0].sh_size = FAR)       \
    X(SO, so-shentsize-odd, f->header->e_shentsize = 63)                                     \
    X(SO, so-class-of-none, f->header->e_ident[EI_CLASS] = 7)                                \
    X(SO, so-class-32, f->header->e_ident[EI_CLASS] = ELFCLASS32)                            \
    X(SO, so-big-endian, f->header->e_ident[EI_DATA] = ELFDATA2MSB)                          \
    X(SO, so-version, f->header->e_ident[EI_VERSION] = 9)                                    \
    X(SO, so-type-of-none, f->header->e_type = 99)                                           \
    X(SO, so-segment-past-end, last_load(f)->p_offset = FAR)                                 \
    X(SO, so-segment-too-long, last_load(f)->p_filesz = FAR; last_load(f)->p_memsz = FAR)    \
    X(SO, so-segment-short-memory, last_load(f)->p_memsz = 1)                                \
    X(SO, so-segment-everywhere, last_load(f)->p_memsz = TOP / 2)                            \
    X(SO, so-segments-out-of-order, last_load(f)->p_vaddr = 0)                               \
    X(SO, so-segment-far-away, last_load(f)->p_vaddr = TOP - 4096)                           \
    X(SO, harmless-so-segment-unaligned, segment(f, PT_LOAD)->p_align = 3)                   \
    X(SO, so-no-segment, while (last_load(f)) last_load(f)->p_type = PT_NULL)                \
    X(SO, so-dynamic-far-away, segment(f, PT_DYNAMIC)->p_vaddr = FAR)                        \
    X(SO, so-dynamic-empty, segment(f, PT_DYNAMIC)->p_filesz = 0)                            \
    X(SO, so-dynamic-endless, tag(f, DT_NULL)->d_tag = DT_DEBUG;                             \
          segment(f, PT_DYNAMIC)->p_filesz = 16 * 4)                                         \
    X(SO, so-no-dynamic, segment(f, PT_DYNAMIC)->p_type = PT_NULL)                           \
    X(SO, so-strings-far-away, tag(f, DT_STRTAB)->d_un.d_ptr = FAR)                          \
    X(SO, so-strings-too-long, tag(f, DT_STRSZ)->d_un.d_val = FAR)                           \
    X(SO, so-no-strings, tag(f, DT_STRTAB)->d_tag = DT_DEBUG)                                \
    X(SO, so-symbols-far-away, tag(f, DT_SYMTAB)->d_un.d_ptr = FAR)                          \
    X(SO, so-no-symbols, tag(f, DT_SYMTAB)->d_tag = DT_DEBUG)                                \
    X(SO, so-hash-far-away, tag(f, DT_GNU_HASH)->d_un.d_ptr = TOP)                           \
    X(SO, so-relocations-far-away, tag(f, DT_RELA)->d_un.d_ptr = FAR)                        \
    X(SO, so-relocations-endless, tag(f, DT_RELASZ)->d_un.d_val = TOP - 7)                   \
    X(SO, so-relocations-unsized, tag(f, DT_RELASZ)->d_tag = DT_DEBUG)                       \
    X(SO, so-relocation-rows-odd, tag(f, DT_RELAENT)->d_un.d_val = 7)                        \
    X(SO, so-relocation-out-of-range, relocations(f)->r_offset = FAR)                        \
    X(SO, so-relocation-of-no-type, relocations(f)->r_info = ELF64_R_INFO(0, 0xff))          \
    X(SO, so-relocation-of-no-symbol,                                                        \
          relocations(f)->r_info = ELF64_R_INFO(0xffffff, R_X86_64_64))                      \
    X(SO, so-needs-far-string, tag(f, DT_STRSZ)->d_un.d_val = 1)                             \
    X(SO, so-symbol-far-away, symbol(f, SHT_SYMTAB)->st_value = FAR;                         \
          symbol(f, SHT_DYNSYM)->st_value = FAR)                                             \
    X(SO, so-symbols-section-past-end, section(f, SHT_SYMTAB)->sh_offset = FAR)              \
    X(SO, so-symbols-section-too-long, section(f, SHT_SYMTAB)->sh_size = FAR)                \
    X(SO, so-symbols-of-no-strings, section(f, SHT_SYMTAB)->sh_link = 0xffff;                \
          section(f, SHT_DYNSYM)->sh_link = 0xffff)                                          \
    X(SO, sparse-so-symbols, section(f, SHT_SYMTAB)->sh_size = GIBS)                         \
    X(SO, sparse-so-strings, section(f, SHT_STRTAB)->sh_size = GIBS)                         \
    X(SO, sparse-so-sections, f->header->e_shnum = 0; f->sections[0].sh_size = GIBS / 64)    \
    X(OBJECT, sparse-object-code, code(f)->sh_size = GIBS)                                   \
    X(OBJECT, sparse-object-relocations, section(f, SHT_RELA)->sh_size = GIBS)               \
    X(ARCHIVE, sparse-archive-index, memcpy(member(f, 0)->ar_size, "3221225472", 10))        \
    X(SO, harmless-so-sections-overlap,                                                      \
          section(f, SHT_NOTE)->sh_offset = section(f, SHT_DYNSYM)->sh_offset)               \
    X(SO, harmless-so-symbol-size, symbol(f, SHT_SYMTAB)->st_size = FAR)                                 \
    X(OBJECT, object-shoff-past-end, f->header->e_shoff = FAR)                               \
    X(OBJECT, object-shnum-huge, f->header->e_shnum = 0xfeff)                                \
    X(OBJECT, object-no-sections, f->header->e_shnum = 0; f->header->e_shoff = 0)            \
    X(OBJECT, object-code-past-end, code(f)->sh_offset = FAR)                                \
    X(OBJECT, object-code-too-long, code(f)->sh_size = FAR)                                  \
    X(OBJECT, object-code-empty, code(f)->sh_size = 0)                                       \
    X(OBJECT, object-code-unaligned, code(f)->sh_addralign = 3)                              \
    X(OBJECT, object-code-aligned-to-all, code(f)->sh_addralign = UINT64_C(1) << 63)         \
    X(OBJECT, object-code-writable, code(f)->sh_flags |= SHF_WRITE)                          \
    X(OBJECT, object-symbol-past-end, symbol(f, SHT_SYMTAB)->st_value = FAR)                             \
    X(OBJECT, object-symbol-at-end, symbol(f, SHT_SYMTAB)->st_value = code(f)->sh_size)                  \
    X(OBJECT, object-symbol-in-no-section, symbol(f, SHT_SYMTAB)->st_shndx = 0x7777)                     \
    X(OBJECT, object-symbol-in-special, symbol(f, SHT_SYMTAB)->st_shndx = SHN_XINDEX)                    \
    X(OBJECT, object-symbol-is-absolute, symbol(f, SHT_SYMTAB)->st_shndx = SHN_ABS)                      \
    X(OBJECT, object-symbol-name-past-end, symbol(f, SHT_SYMTAB)->st_name = 0x7fffffff)                  \
    X(OBJECT, object-strings-of-no-end,                                                      \
          memset(f->bytes + section(f, SHT_STRTAB)->sh_offset, 'a',                          \
                 section(f, SHT_STRTAB)->sh_size))                                           \
    X(OBJECT, object-relocation-out-of-range, relocations(f)->r_offset = FAR)                \
    X(OBJECT, object-relocation-at-end, relocations(f)->r_offset = code(f)->sh_size - 1)     \
    X(OBJECT, object-relocation-of-no-symbol,                                                \
          relocations(f)->r_info = ELF64_R_INFO(0xffffff, R_X86_64_PC32))                    \
    X(OBJECT, object-relocation-of-no-type, relocations(f)->r_info = ELF64_R_INFO(1, 0xff))  \
    X(OBJECT, object-relocation-does-not-reach, relocations(f)->r_addend = (int64_t)FAR)     \
    X(OBJECT, object-relocations-too-long, section(f, SHT_RELA)->sh_size = FAR)              \
    X(OBJECT, object-relocation-rows-odd, section(f, SHT_RELA)->sh_size -= 1)                \
    X(OBJECT, harmless-object-symbol-size, symbol(f, SHT_SYMTAB)->st_size = FAR)                         \
    X(ARCHIVE, archive-size-past-end, memcpy(member(f, 0)->ar_size, "9999999999", 10))       \
    X(ARCHIVE, archive-size-negative, memcpy(member(f, 1)->ar_size, "-1        ", 10))       \
    X(ARCHIVE, archive-size-no-number, memcpy(member(f, 1)->ar_size, "0x10      ", 10))      \
    X(ARCHIVE, archive-size-zero, memcpy(member(f, 1)->ar_size, "0         ", 10))           \
    X(ARCHIVE, archive-no-magic, memset(member(f, 1)->ar_fmag, 0, 2))                        \
    X(ARCHIVE, archive-thin, memcpy(f->bytes, "!<thin>\n", 8))                               \
    X(ARCHIVE, archive-member-damaged,                                                       \
          ((Elf64_Ehdr *)(void *)(member(f, 1) + 1))->e_shoff = FAR)                         \
    X(ARCHIVE, archive-index-huge, memset(member(f, 0) + 1, 0xff, 4))               \
    X(ARCHIVE, archive-index-of-no-end, memset((uint8_t *)member(f, 1) - 8, 'a', 8))         \
    X(ARCHIVE, harmless-archive-index-astray, memset((uint8_t *)(member(f, 0) + 1) + 4, 0x7f, 4)) \
    X(ARCHIVE, harmless-archive-name-astray, memcpy(member(f, 1)->ar_name, "/99999999       ", 16))

// clang-format on

static const struct lie {
    enum base base;
    const char *name;
} lies[] = {
#define X(base, name, ...) {base, #name},
    LIES(X)
#undef X
};

static void tell(size_t index, struct file *f)
{
    size_t i = 0;
#define X(base, name, ...) \
    if (i++ == index) {    \
        __VA_ARGS__;       \
        return;            \
    }
    LIES(X)
#undef X
}

static void write_file(const char *folder, const char *name, const char *suffix,
                       const uint8_t *bytes, size_t length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(bytes, 1, length, out) != length || fclose(out) != 0)
        fail(path);
}

// Cut off at every sixteenth of their length, and in the middle of headers.
static void write_cut(const char *folder, const char *base, const struct file *f)
{
    char name[64];
    for (size_t i = 1; i < 16; i++) {
        snprintf(name, sizeof name, "%s-cut-%zu", base, i);
        write_file(folder, name, "", f->bytes, f->length * i / 16);
    }
    snprintf(name, sizeof name, "%s-cut-in-header", base);
    write_file(folder, name, "", f->bytes, 18);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {[SO] = "so", [OBJECT] = "object", [ARCHIVE] = "archive"};
    if (argc != 5)
        fail("usage: lie FOLDER GOOD.so GOOD.o GOOD.a");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct file f = read_file(argv[2 + lies[i].base]);
        tell(i, &f);
        write_file(argv[1], lies[i].name, "", f.bytes, f.length);
        free(f.bytes);
    }
    for (int base = SO; base <= ARCHIVE; base++) {
        struct file f = read_file(argv[2 + base]);
        write_cut(argv[1], names[base], &f);
        free(f.bytes);
    }
    return 0;
}
