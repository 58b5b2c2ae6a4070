// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What asks the dynamic linker where a thread-local variable is is written over with
// what knows it (Drepper, ELF Handling For Thread-Local Storage, 5.5; System V ABI,
// AMD64 supplement, appendix B for TLSDESC).

#include "backends/loader/linker.h"

#include <string.h>

// FROM and TO with the bytes of MASK's dots left out: they are a relocation's.
struct tls_form {
    unsigned type;
    uint8_t before; // bytes of FROM in front of the relocation's field
    uint8_t length;
    uint8_t call;  // where behind the field's begin a call's own relocation is; 0: none
    uint8_t moved; // how far the field moves
    const char *mask, *from, *to;
};

static const struct tls_form forms[] = {
    // lea x@tlsgd(%rip), %rdi; call __tls_get_addr, to mov %fs:0, %rax; lea x@tpoff(%rax), %rax
    {R_X86_64_TLSGD, 4, 16, 8, 8, "xxxx....xxxx....", "\x66\x48\x8d\x3d....\x66\x66\x48\xe8....",
     "\x64\x48\x8b\x04\x25\0\0\0\0\x48\x8d\x80...."},
    {R_X86_64_TLSGD, 4, 16, 8, 8, "xxxx....xxxx....", "\x66\x48\x8d\x3d....\x66\x48\xff\x15....",
     "\x64\x48\x8b\x04\x25\0\0\0\0\x48\x8d\x80...."},
    // lea x@tlsld(%rip), %rdi; call __tls_get_addr, to mov %fs:0, %rax
    {R_X86_64_TLSLD, 3, 12, 5, 0, "xxx....x....", "\x48\x8d\x3d....\xe8....",
     "\x66\x66\x66\x64\x48\x8b\x04\x25\0\0\0\0"},
    {R_X86_64_TLSLD, 3, 13, 6, 0, "xxx....xx....", "\x48\x8d\x3d....\xff\x15....",
     "\x66\x66\x66\x66\x64\x48\x8b\x04\x25\0\0\0\0"},
    // lea x@tlsdesc(%rip), %rax, to mov $x@tpoff, %rax; call *(%rax), to a nop
    {R_X86_64_GOTPC32_TLSDESC, 3, 7, 0, 0, "xxx....", "\x48\x8d\x05....", "\x48\xc7\xc0...."},
    {R_X86_64_TLSDESC_CALL, 0, 2, 0, 0, "xx", "\xff\x10", "\x66\x90"},
};

static bool is_relaxed(unsigned type)
{
    return type == R_X86_64_TLSGD || type == R_X86_64_TLSLD || type == R_X86_64_GOTPC32_TLSDESC ||
           type == R_X86_64_TLSDESC_CALL;
}

static bool has_form(const struct tls_form *form, const uint8_t *section, uint64_t size,
                     uint64_t at)
{
    if (at < form->before || form->length > size || at - form->before > size - form->length) {
        return false;
    }
    const uint8_t *code = section + (at - form->before);
    for (size_t i = 0; i < form->length; i++) {
        if (form->mask[i] == 'x' && code[i] != (uint8_t)form->from[i]) {
            return false;
        }
    }
    return true;
}

bool image_tls_relax(struct linker *l, unsigned type, const uint8_t *section, uint64_t size,
                     struct fixup *fixup)
{
    if (!is_relaxed(type)) {
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct tls_form *form = &forms[i];
        if (form->type != type || !has_form(form, section, size, fixup->offset)) {
            continue;
        }
        fixup->form = form;
        fixup->form_offset = fixup->offset - form->before;
        l->has_gone = form->call != 0;
        l->gone_piece = fixup->piece;
        l->gone_offset = fixup->offset + form->call;
        fixup->offset += form->moved;
        fixup->addend += 4; // no longer from the end of the field
        return true;
    }
    return image_fail(l, "asks for a thread-local variable in a way that is not taken; link it "
                         "into a shared object (gcc -shared)");
}

void image_tls_write(const struct fixup *fixup, uint8_t *section)
{
    memcpy(section + fixup->form_offset, fixup->form->to, fixup->form->length);
}
