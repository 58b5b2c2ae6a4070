// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/code.h"

#include "backends/arch.h"
#include "base/error.h"
#include "record/qemu/qemu.h"

#include <ctype.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The program's file, and the code of the routine in it.
struct reader {
    const struct arch *arch;
    Elf *elf;
    const uint8_t *bytes;
    size_t length;
    struct qemu_range range;
    bool thumb;
};

// COUNT bytes of the program that lie at ADDR; NULL: none do.
static const uint8_t *bytes_at(const struct reader *r, uint64_t addr, uint64_t count)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(r->elf, scn)) != NULL;) {
        GElf_Shdr s;
        if (gelf_getshdr(scn, &s) && s.sh_flags & SHF_ALLOC && s.sh_type != SHT_NOBITS &&
            addr >= s.sh_addr && addr - s.sh_addr <= s.sh_size &&
            count <= s.sh_size - (addr - s.sh_addr) && s.sh_offset <= r->length &&
            s.sh_size <= r->length - s.sh_offset)
            return r->bytes + s.sh_offset + (addr - s.sh_addr);
    }
    return NULL;
}

static uint64_t big_word(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return __builtin_bswap64(word);
}

// What a symbol's value says beside the entry: Arm's bit 0 is Thumb, and POWER's first
// ABI has functions' symbols at descriptors, whose first word is the entry.
static bool take_entry(struct reader *r, const GElf_Sym *sym, const char *section)
{
    uint64_t entry = sym->st_value;
    if (r->arch->machine == EM_ARM) {
        r->thumb = entry & 1;
        entry &= ~UINT64_C(1);
    }
    if (r->arch->machine == EM_PPC64 && section && strcmp(section, ".opd") == 0) {
        const uint8_t *descriptor = bytes_at(r, entry, sizeof entry);
        if (!descriptor)
            return false;
        entry = big_word(descriptor);
    }
    r->range = (struct qemu_range){entry, entry + sym->st_size};
    return sym->st_size > 0 && sym->st_size <= QEMU_CODE_MAX &&
           bytes_at(r, entry, sym->st_size) != NULL;
}

static bool find_in(struct reader *r, Elf_Scn *scn, const GElf_Shdr *shdr, size_t strings,
                    const char *symbol)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t count = shdr->sh_entsize ? shdr->sh_size / shdr->sh_entsize : 0;
    for (size_t i = 0; data && i < count; i++) {
        GElf_Sym sym;
        GElf_Shdr of;
        const char *name =
            gelf_getsym(data, (int)i, &sym) ? elf_strptr(r->elf, shdr->sh_link, sym.st_name) : NULL;
        if (!name || strcmp(name, symbol) != 0 || sym.st_shndx == SHN_UNDEF ||
            GELF_ST_TYPE(sym.st_info) == STT_GNU_IFUNC)
            continue;
        bool placed = gelf_getshdr(elf_getscn(r->elf, sym.st_shndx), &of) != NULL;
        return take_entry(r, &sym, placed ? elf_strptr(r->elf, strings, of.sh_name) : NULL);
    }
    return false;
}

static bool find_routine(struct reader *r, const char *symbol)
{
    size_t strings;
    if (!r->elf || elf_getshdrstrndx(r->elf, &strings) != 0)
        return false;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(r->elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) && shdr.sh_type == SHT_SYMTAB)
            return find_in(r, scn, &shdr, strings, symbol);
    }
    return false;
}

// ---- objdump ----

static bool list(const struct reader *r, const struct tool_folder *folder, uint8_t **text,
                 size_t *length)
{
    char objdump[64], from[48], to[48];
    struct error error;
    size_t stem = strlen(r->arch->objcopy) - strlen("copy");
    snprintf(objdump, sizeof objdump, "%.*sdump", (int)stem, r->arch->objcopy);
    snprintf(from, sizeof from, "--start-address=%" PRIu64, r->range.lo);
    snprintf(to, sizeof to, "--stop-address=%" PRIu64, r->range.hi);
    char *argv[] = {
        objdump, (char[]){"-dz"}, (char[]){"--insn-width=16"}, from, to, (char[]){"program"}, NULL};
    return tool_run(folder, argv, &error) && tool_read(folder, "complaint", text, length, &error);
}

// Targets within the routine are told as offsets from its entry: "10432 <f+0x32>"
// becomes "0x32". Comments, which follow a blank and one of three signs, are left out.
static void tidy(const struct reader *r, const char *text, char *out, size_t size)
{
    size_t n = 0;
    const char *target = strchr(text, '<'), *digits = target;
    while (digits && digits > text && (isxdigit((unsigned char)digits[-1]) || digits[-1] == ' '))
        digits--;
    uint64_t addr = target ? strtoull(digits, NULL, 16) : 0;
    bool within = target && addr >= r->range.lo && addr < r->range.hi;
    for (const char *at = text; *at && n + 24 < size; at++) {
        if (isspace((unsigned char)*at) && (strchr(";@", at[1]) || strncmp(at + 1, "//", 2) == 0))
            break;
        if (within && at == digits) {
            n += (size_t)snprintf(out + n, size - n, "%s0x%" PRIx64, *at == ' ' ? " " : "",
                                  addr - r->range.lo);
            break;
        }
        out[n++] = isspace((unsigned char)*at) ? ' ' : *at;
        out[n] = '\0';
    }
}

// Constants, what the binutils do not know, and what fills up to an alignment: "nop",
// "nopr", "unop", "nopw".
static bool is_unread(const char *said)
{
    return said[0] == '.' || strncmp(said, "(bad)", 5) == 0 || strncmp(said, "nop", 3) == 0 ||
           strncmp(said, "unop", 4) == 0;
}

static void add(struct guest_code *code, const struct reader *r, uint64_t addr, size_t length,
                const char *said)
{
    struct listed_insn *in = &code->listed[code->count++];
    struct qemu_site site = {.addr = addr - r->range.lo, .length = (uint8_t)length};
    struct site described;
    uint8_t element;
    memcpy(site.bytes, bytes_at(r, addr, length), length);
    tidy(r, said, site.text, sizeof site.text);
    *in = (struct listed_insn){
        .insn = {.offset = (int64_t)site.addr, .length = site.length},
        .unread = is_unread(said),
    };
    memcpy(in->insn.bytes, site.bytes, length);
    qemu_describe_site(r->arch, &site, &described, &element);
    // Of Thumb's longer instructions that reader may take some for Arm's.
    snprintf(in->insn.text, sizeof in->insn.text, "%s", r->thumb ? site.text : described.text);
}

// One line, "   10432:<tab>8b 05 00 00 <tab>text". Others are headings.
static void take_line(struct guest_code *code, const struct reader *r, char *line)
{
    char *colon, *tab = strchr(line, '\t'), *end = tab ? strchr(tab + 1, '\t') : NULL;
    uint64_t addr = strtoull(line, &colon, 16);
    size_t digits = 0;
    if (!end || *colon != ':')
        return;
    for (const char *at = tab; at < end; at++)
        digits += isxdigit((unsigned char)*at) != 0;
    size_t length = digits / 2;
    if (length > 0 && length <= QEMU_SITE_BYTES_MAX && addr >= r->range.lo && addr < r->range.hi &&
        bytes_at(r, addr, length) && code->count < r->range.hi - r->range.lo)
        add(code, r, addr, length, end + 1);
}

static void take_lines(struct guest_code *code, const struct reader *r, char *text)
{
    char *next;
    code->listed = calloc(r->range.hi - r->range.lo, sizeof *code->listed);
    if (!code->listed)
        return;
    code->range = r->range;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
        take_line(code, r, line);
}

void guest_code_read(struct guest_code *code, const struct arch *arch,
                     const struct tool_folder *folder, uint8_t *bytes, size_t length,
                     const char *symbol)
{
    uint8_t *text;
    size_t text_length;
    struct reader r = {.arch = arch, .bytes = bytes, .length = length};
    elf_version(EV_CURRENT);
    r.elf = elf_memory((char *)bytes, length);
    if (find_routine(&r, symbol) && list(&r, folder, &text, &text_length)) {
        char *lines = strndup((const char *)text, text_length);
        if (lines)
            take_lines(code, &r, lines);
        free(lines);
        free(text);
    }
    elf_end(r.elf);
}

void guest_code_free(struct guest_code *code)
{
    free(code->listed);
    *code = (struct guest_code){0};
}
