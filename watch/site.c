// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/site.h"

#include "backends/arch.h"
#include "base/memory.h"
#include "record/qemu/insn_text.h"
#include "record/qemu/qemu.h"
#include "watch/disassemble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct arch *arch_of(const struct machine *m)
{
    for (size_t i = 0; i < arch_count; i++)
        if (archs[i].machine == m->elf && archs[i].word_bytes == m->bits / 8 &&
            archs[i].big_endian == m->big_endian)
            return &archs[i];
    return m->elf == arch_native.machine && m->bits == 64 ? &arch_native : NULL;
}

bool watch_site_classes(const struct machine *machine)
{
    return arch_of(machine) != NULL;
}

// QEMU_SAYS: its text of the instruction, or "".
static void describe(const struct machine *machine, const struct ring_site *s,
                     const char *qemu_says, size_t length, struct site *out)
{
    const struct arch *arch = arch_of(machine);
    struct qemu_site in = {.addr = s->pc, .length = s->length};
    uint8_t element;
    if (in.length > sizeof in.bytes)
        in.length = sizeof in.bytes;
    memcpy(in.bytes, s->bytes, in.length);
    snprintf(in.text, sizeof in.text, "%.*s", (int)length, qemu_says);
    if (arch != NULL)
        qemu_describe_site(arch, &in, out, &element);
}

// What QEMU says of the instruction.
static void take_text(struct watch_site *site, const char *text, size_t length)
{
    struct insn_text t;
    char line[96];
    snprintf(line, sizeof line, "%.*s", (int)length, text);
    if (insn_text_of_qemu(line, &t))
        snprintf(site->text, sizeof site->text, "%s%s%s", t.name, t.operands[0] ? " " : "",
                 t.operands);
}

struct watch_site *watch_site_new(const struct machine *machine, struct modules *modules,
                                  const struct ring_site *s, const char *text)
{
    const char *end = strchrnul(text, '\n');
    const char *path = *end ? end + 1 : "";
    struct watch_site *site = must(calloc(1, sizeof *site));
    site->number = s->site;
    site->pc = s->pc;
    site->clears_line = machine->clears_line && machine->clears_line(s->bytes, s->length);
    describe(machine, s, text, (size_t)(end - text), &site->described);
    modules_place(modules, s->has_file ? path : "", s->file_off, &site->place);
    if (end > text)
        take_text(site, text, (size_t)(end - text));
    else
        disassemble(machine, s->pc, s->bytes, s->length, site->text, sizeof site->text);
    return site;
}
