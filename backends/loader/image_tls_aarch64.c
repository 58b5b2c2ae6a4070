// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What asks a descriptor where a thread-local variable is is written over with what
// knows it, instruction by instruction: all of them work on x0 (ELF for the Arm 64-bit
// Architecture, AAELF64, 5.7.11 and its example of relaxation).

#include "backends/loader/linker.h"

#include <string.h>

struct tls_form {
    unsigned type;
    uint32_t mask, from, to; // instructions; bits of MASK are those that tell
};

static const struct tls_form forms[] = {
    // adrp x0, :tlsdesc:x, to movz x0, #:tprel_g1:x, lsl #16
    {R_AARCH64_TLSDESC_ADR_PAGE21, 0x9f00001f, 0x90000000, 0xd2a00000},
    // ldr x1, [x0, #:tlsdesc_lo12:x], to movk x0, #:tprel_g0_nc:x
    {R_AARCH64_TLSDESC_LD64_LO12, 0xffc003e0, 0xf9400000, 0xf2800000},
    // add x0, x0, :tlsdesc_lo12:x, and blr x1, to nop
    {R_AARCH64_TLSDESC_ADD_LO12, 0xffc003ff, 0x91000000, 0xd503201f},
    {R_AARCH64_TLSDESC_CALL, 0xfffffc1f, 0xd63f0000, 0xd503201f},
};

static const struct tls_form *form_of(unsigned type)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (forms[i].type == type) {
            return &forms[i];
        }
    }
    return NULL;
}

bool image_tls_relax(struct linker *l, unsigned type, const uint8_t *section, uint64_t size,
                     struct fixup *fixup)
{
    const struct tls_form *form = form_of(type);
    uint32_t word;
    (void)size; // the field, which is the instruction, is known to lie within
    if (form == NULL) {
        return true;
    }
    memcpy(&word, section + fixup->offset, sizeof word);
    if ((word & form->mask) == form->from) {
        fixup->form = form;
        fixup->form_offset = fixup->offset;
        return true;
    }
    return image_fail(l, "asks for a thread-local variable in a way that is not taken; link it "
                         "into a shared object (gcc -shared)");
}

void image_tls_write(const struct fixup *fixup, uint8_t *section)
{
    memcpy(section + fixup->form_offset, &fixup->form->to, sizeof fixup->form->to);
}
