// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/prepare.h"

#include "backends/arch.h"
#include "backends/loader/image.h"

#include <gelf.h>
#include <string.h>

static void take_section(struct guest_program *p, const char *name, const GElf_Shdr *shdr)
{
    static const char *const names[GUEST_MARKS] = {
        [MARK_WAIT] = "storescope_wait", [MARK_BEGIN] = "storescope_begin",
        [MARK_END] = "storescope_end",   [MARK_FAULT] = "storescope_fault",
        [MARK_LOOP] = "storescope_loop",
    };
    for (size_t i = 0; i < GUEST_MARKS; i++)
        if (strcmp(name, names[i]) == 0)
            p->marks[i] = (struct qemu_range){shdr->sh_addr, shdr->sh_addr + shdr->sh_size};
}

// As with the other recorders, whatever the libc finds out of the emulated CPU: those of
// this CPU do not run what sets these variables either.
static void take_tunable(struct guest_program *p, const char *name, const GElf_Sym *sym)
{
    for (size_t i = 0; i < TUNABLE_COUNT; i++)
        if (strcmp(name, case_tunables[i].symbol) == 0 && (sym->st_size == 4 || sym->st_size == 8))
            p->elf->pokes[i] =
                (struct guest_poke){sym->st_value, image_variable(name), (uint8_t)sym->st_size};
}

static void take_symbols(struct guest_program *p, Elf *elf, Elf_Scn *scn, const GElf_Shdr *shdr)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t count = shdr->sh_entsize ? shdr->sh_size / shdr->sh_entsize : 0;
    for (size_t i = 0; data && i < count; i++) {
        GElf_Sym sym;
        const char *name =
            gelf_getsym(data, (int)i, &sym) ? elf_strptr(elf, shdr->sh_link, sym.st_name) : NULL;
        if (name && strcmp(name, "storescope_mailbox") == 0)
            p->mailbox_addr = sym.st_value;
        if (name && strcmp(name, "storescope_undefined") == 0)
            p->undefined_addr = sym.st_value;
        if (name && strcmp(name, "storescope_routines") == 0)
            p->elf->routine_at = sym.st_value + p->routine * p->arch->word_bytes;
        if (name && strcmp(name, "__global_pointer$") == 0)
            p->elf->global_pointer = sym.st_value;
        if (name && p->arch == &arch_native)
            take_tunable(p, name, &sym);
    }
}

bool guest_program_read(struct guest_program *p)
{
    size_t strings, segments;
    Elf *elf = elf_memory((char *)p->bytes, p->length);
    if (!elf || elf_getshdrstrndx(elf, &strings) != 0 || elf_getphdrnum(elf, &segments) != 0) {
        elf_end(elf);
        return false;
    }
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        const char *name = gelf_getshdr(scn, &shdr) ? elf_strptr(elf, strings, shdr.sh_name) : NULL;
        if (name)
            take_section(p, name, &shdr);
        if (name && shdr.sh_type == SHT_SYMTAB)
            take_symbols(p, elf, scn, &shdr);
    }
    for (size_t i = 0; i < segments && p->image_count < GUEST_IMAGES_MAX; i++) {
        GElf_Phdr phdr;
        if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD)
            p->images[p->image_count++] =
                (struct qemu_range){phdr.p_vaddr, phdr.p_vaddr + phdr.p_memsz};
    }
    elf_end(elf);
    bool whole = p->mailbox_addr != 0;
    for (size_t i = 0; i < GUEST_MARKS; i++)
        whole = whole && p->marks[i].lo != 0;
    return whole;
}
