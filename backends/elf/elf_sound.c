// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// File headers, section tables and archives. The segments are in
// elf_sound_load.c.

#include "backends/elf/elf_sound.h"

#include "backends/elf/elf_read.h"
#include "backends/elf/foreign_file.h"
#include "base/host.h"
#include "base/older_libc.h"

#include <ar.h>
#include <byteswap.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_ROWS = 64 };

// Above these a table is a lie, or so large that reading it helps nobody.
#define SECTIONS_MAX    (UINT64_C(1) << 22)
#define TABLE_BYTES_MAX (UINT64_C(512) << 20)

static const struct machine_row {
    unsigned machine;
    const char *name;
} machines[] = {
    {EM_386, "i386"},        {EM_AARCH64, "AArch64"}, {EM_ARM, "ARM"},
    {EM_RISCV, "RISC-V"},    {EM_PPC, "PowerPC"},     {EM_PPC64, "PowerPC64"},
    {EM_S390, "s390"},       {EM_MIPS, "MIPS"},       {EM_SPARC, "SPARC"},
    {EM_SPARCV9, "SPARC64"}, {EM_68K, "m68k"},        {EM_PARISC, "PA-RISC"},
    {EM_ALPHA, "Alpha"},     {EM_X86_64, "x86-64"},   {EM_LOONGARCH, "LoongArch"},
};

// "32-bit little-endian RISC-V"
static void machine_tell(unsigned machine, int class, int data, char *text, size_t size)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        name = machines[i].machine == machine ? machines[i].name : name;
    }
    if (name == NULL) {
        snprintf(text, size, "a CPU (ELF machine %u)", machine);
    } else {
        snprintf(text, size, "%d-bit %s-endian %s", class == ELFCLASS64 ? 64 : 32,
                 data == ELFDATA2MSB ? "big" : "little", name);
    }
}

bool elf_range_fits(uint64_t offset, uint64_t length, uint64_t bytes)
{
    return offset <= bytes && length <= bytes - offset;
}

static bool read_whole(int fd, uint64_t offset, void *out, size_t length)
{
    uint8_t *at = out;
    while (length > 0) {
        ssize_t n = pread(fd, at, length, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        offset += (uint64_t)n;
        length -= (size_t)n;
    }
    return true;
}

static bool move_window(const struct elf_source *source, uint64_t offset)
{
    struct elf_window *w = source->window;
    uint64_t left = source->bytes - offset;
    w->at = offset;
    w->length = 0;
    size_t length = left < sizeof w->bytes ? (size_t)left : sizeof w->bytes;
    if (!read_whole(source->fd, offset, w->bytes, length))
        return false;
    w->length = length;
    return true;
}

bool elf_read(const struct elf_source *source, uint64_t offset, void *out, size_t length)
{
    struct elf_window *w = source->window;
    if (!elf_range_fits(offset, length, source->bytes))
        return false;
    if (!w || length > sizeof w->bytes)
        return read_whole(source->fd, offset, out, length);
    if ((offset < w->at || !elf_range_fits(offset - w->at, length, w->length)) &&
        !move_window(source, offset))
        return false;
    memcpy(out, w->bytes + (offset - w->at), length);
    return true;
}

// ---- one ELF image: the file, or a member of an archive ----

// Only looks at what the headers of all classes have in common.
static bool is_ours(const struct elf_source *source, const Elf64_Ehdr *header)
{
    unsigned char data = header->e_ident[EI_DATA], class = header->e_ident[EI_CLASS];
    unsigned machine = data == ELFDATA2MSB ? bswap_16(header->e_machine) : header->e_machine;
    if ((data != ELFDATA2LSB && data != ELFDATA2MSB) ||
        (class != ELFCLASS32 && class != ELFCLASS64)) {
        return error_set(source->why, "has a damaged ELF header; build or copy it again");
    }
    if (machine != host.machine) {
        char text[64];
        machine_tell(machine, class, data, text, sizeof text);
        return error_set(source->why,
                         "is for %s, which is not supported; 'storescope list' "
                         "shows the CPUs that are",
                         text);
    }
    if (class != ELFCLASS64) {
        return error_set(source->why, "is 32-bit (x32); this recorder runs 64-bit code");
    }
    if (data != ELFDATA2LSB) {
        return error_set(source->why, "is big-endian; this recorder runs %s", host.name);
    }
    return true;
}

static bool is_table(const Elf64_Shdr *s)
{
    return s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM || s->sh_type == SHT_STRTAB ||
           s->sh_type == SHT_RELA || s->sh_type == SHT_DYNAMIC || s->sh_type == SHT_NOTE;
}

// An image within the file.
struct elf_image {
    const struct elf_source *source;
    uint64_t offset, bytes;
    const char *where; // in front of a reason: "" or "member NAME "
};

static bool section_is_sound(const struct elf_image *image, uint64_t index, const Elf64_Shdr *s)
{
    if (s->sh_type == SHT_NULL || s->sh_type == SHT_NOBITS) {
        return true;
    }
    if (!elf_range_fits(s->sh_offset, s->sh_size, image->bytes)) {
        return error_set(image->source->why,
                         "%sis cut off or damaged: section %ju lies outside of the file; "
                         "build or copy it again",
                         image->where, (uintmax_t)index);
    }
    return (!is_table(s) || s->sh_size <= TABLE_BYTES_MAX) ||
           error_set(image->source->why, "%shas a section %ju of %ju bytes, which is not taken",
                     image->where, (uintmax_t)index, (uintmax_t)s->sh_size);
}

static bool sections_are_sound(const struct elf_image *image, const Elf64_Ehdr *header)
{
    Elf64_Shdr rows[BLOCK_ROWS];
    uint64_t count = header->e_shnum, table = image->offset + header->e_shoff;
    if (header->e_shoff == 0) {
        return true;
    }
    // Section 0 has the number where it does not fit into the header.
    bool read = elf_range_fits(header->e_shoff, sizeof *rows, image->bytes) &&
                elf_read(image->source, table, rows, sizeof *rows);
    if (read && count == 0) {
        count = rows[0].sh_size;
    }
    if (!read || header->e_shentsize != sizeof *rows || count > SECTIONS_MAX ||
        !elf_range_fits(header->e_shoff, count * sizeof *rows, image->bytes)) {
        return error_set(image->source->why,
                         "%sis cut off or damaged: its section table lies outside of the "
                         "file; build or copy it again",
                         image->where);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t left = count - i < BLOCK_ROWS ? count - i : BLOCK_ROWS;
        if (i % BLOCK_ROWS == 0 &&
            !elf_read(image->source, table + i * sizeof *rows, rows, (size_t)left * sizeof *rows)) {
            return error_set(image->source->why, "%scannot be read to its end", image->where);
        }
        if (!section_is_sound(image, i, &rows[i % BLOCK_ROWS])) {
            return false;
        }
    }
    return true;
}

// The header of an image that begins with ELF's magic; what is missing of a
// shorter one is zero. False: no ELF.
static bool read_header(const struct elf_image *image, Elf64_Ehdr *header)
{
    uint64_t length = image->bytes < sizeof *header ? image->bytes : sizeof *header;
    memset(header, 0, sizeof *header);
    return elf_read(image->source, image->offset, header, (size_t)length) &&
           memcmp(header->e_ident, ELFMAG, SELFMAG) == 0;
}

static bool image_is_sound(const struct elf_image *image, const Elf64_Ehdr *header)
{
    if (image->bytes < sizeof *header || header->e_ident[EI_VERSION] != EV_CURRENT) {
        return error_set(image->source->why, "%shas a damaged ELF header; build or copy it again",
                         image->where);
    }
    return sections_are_sound(image, header);
}

// ---- archives ----

// The blank-padded decimal number of a member's header.
static bool member_bytes(const struct ar_hdr *header, uint64_t *out)
{
    size_t i = 0;
    for (*out = 0;
         i < sizeof header->ar_size && header->ar_size[i] >= '0' && header->ar_size[i] <= '9';
         i++) {
        *out = 10 * *out + (uint64_t)(header->ar_size[i] - '0');
    }
    bool blank = i > 0;
    for (; i < sizeof header->ar_size; i++) {
        blank = blank && header->ar_size[i] == ' ';
    }
    return blank && memcmp(header->ar_fmag, ARFMAG, sizeof header->ar_fmag) == 0;
}

static uint64_t big_endian(const uint8_t *bytes, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

// The index: a number of symbols, that many offsets, that many strings. libelf
// 0.188 looks for each string's end, and not for the member's.
static bool index_is_sound(const struct elf_source *source, uint64_t at, uint64_t bytes, bool wide)
{
    uint8_t block[4096];
    size_t width = wide ? 8 : 4;
    if (bytes < width || !elf_read(source, at, block, width)) {
        return error_set(source->why, "has a damaged index; 'ranlib' makes it again");
    }
    uint64_t symbols = big_endian(block, width), ends = 0;
    uint64_t next = symbols < bytes / width ? (symbols + 1) * width : bytes;
    while (next < bytes && ends < symbols) {
        size_t length = bytes - next < sizeof block ? (size_t)(bytes - next) : sizeof block;
        if (!elf_read(source, at + next, block, length)) {
            break;
        }
        for (size_t i = 0; i < length; i++) {
            ends += block[i] == '\0';
        }
        next += length;
    }
    return ends >= symbols ||
           error_set(source->why, "has a damaged index; 'ranlib' makes it again");
}

// The index or the table of long names, which are read as a whole.
static bool is_special(const struct ar_hdr *header)
{
    return header->ar_name[0] == '/' && (header->ar_name[1] < '0' || header->ar_name[1] > '9');
}

static bool special_is_sound(const struct elf_source *source, const struct ar_hdr *header,
                             uint64_t at, uint64_t bytes)
{
    bool narrow = memcmp(header->ar_name, "/ ", 2) == 0;
    bool wide = memcmp(header->ar_name, "/SYM64/", 7) == 0;
    if (bytes > TABLE_BYTES_MAX) {
        return error_set(source->why, "has an index of %ju bytes, which is not taken",
                         (uintmax_t)bytes);
    }
    return (!narrow && !wide) || index_is_sound(source, at, bytes, wide);
}

// What a member that is no ELF is, or NULL.
static const char *foreign_member(const struct elf_image *member)
{
    uint8_t bytes[FOREIGN_FILE_BYTES];
    size_t length = member->bytes < sizeof bytes ? (size_t)member->bytes : sizeof bytes;
    bool read = elf_read(member->source, member->offset, bytes, length);
    return read ? foreign_file_kind(bytes, length) : NULL;
}

static bool member_is_sound(const struct elf_image *member, bool *seen_elf)
{
    Elf64_Ehdr header;
    if (!read_header(member, &header)) {
        return true;
    }
    // Later members of other machines are passed over.
    bool ours = is_ours(member->source, &header);
    bool first = !*seen_elf;
    *seen_elf = true;
    return ours ? image_is_sound(member, &header) : !first;
}

static bool archive_is_sound(const struct elf_source *source)
{
    struct ar_hdr header;
    bool seen_elf = false;
    const char *foreign = NULL; // what a member is that is no ELF
    for (uint64_t at = SARMAG; at < source->bytes;) {
        uint64_t bytes, data = at + sizeof header;
        if (!elf_range_fits(at, sizeof header, source->bytes) ||
            !elf_read(source, at, &header, sizeof header) || !member_bytes(&header, &bytes) ||
            !elf_range_fits(data, bytes, source->bytes)) {
            return error_set(source->why,
                             "is cut off or damaged: there is no whole archive member at "
                             "byte %ju; build or copy it again",
                             (uintmax_t)at);
        }
        if (is_special(&header) && !special_is_sound(source, &header, data, bytes)) {
            return false;
        }
        char where[40];
        snprintf(where, sizeof where, "member at byte %ju ", (uintmax_t)at);
        struct elf_image member = {source, data, bytes, where};
        if (!member_is_sound(&member, &seen_elf)) {
            return false;
        }
        if (foreign == NULL && !is_special(&header)) {
            foreign = foreign_member(&member);
        }
        at = data + bytes + (bytes & 1);
    }
    if (!seen_elf && foreign != NULL) {
        return error_set(source->why, "holds no object file: a member is %s", foreign);
    }
    return seen_elf || error_set(source->why, "holds no object file; name another archive");
}

bool elf_sound_file(const struct elf_source *file)
{
    static const char thin[SARMAG] = "!<thin>\n";
    struct elf_window window;
    window.at = window.length = 0;
    struct elf_source ahead = *file;
    const struct elf_source *source = &ahead;
    ahead.window = &window;
    struct elf_image whole = {source, 0, source->bytes, ""};
    Elf64_Ehdr header;
    if (read_header(&whole, &header)) {
        return is_ours(source, &header) && image_is_sound(&whole, &header);
    }
    if (source->bytes >= SARMAG && memcmp(&header, ARMAG, SARMAG) == 0) {
        return archive_is_sound(source);
    }
    if (source->bytes >= SARMAG && memcmp(&header, thin, SARMAG) == 0) {
        return error_set(source->why, "is a thin archive; name one of its object files instead");
    }
    const char *foreign = foreign_member(&whole);
    return foreign != NULL
               ? error_set(source->why, "is %s", foreign)
               : error_set(source->why, "is not an ELF file; give a shared object, an object file "
                                        "or an archive");
}
