// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/machine.h"

#include "backends/elf/elf_header.h"

#include <string.h>

static uint32_t little(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint32_t big(const uint8_t *b)
{
    return b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24;
}

// bl, blr and their authenticated forms; ret likewise (Arm ARM, C4.1.66).
static enum insn_flow flow_aarch64(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    uint32_t word = length == 4 ? little(bytes) : 0;
    if ((word & 0xfc000000) == 0x94000000 || (word & 0xfefff000) == 0xd63f0000)
        return FLOW_CALL;
    return (word & 0xfffff000) == 0xd65f0000 ? FLOW_RETURN : FLOW_OTHER;
}

// By the text, as the bytes do not tell Arm from Thumb: bl and blx, but not ble,
// bls and blt; bx lr and what loads pc from the stack.
static enum insn_flow flow_arm(const uint8_t *bytes, size_t length, const char *text)
{
    size_t name = strcspn(text, " \t.");
    (void)bytes, (void)length;
    if (strncmp(text, "blx", 3) == 0 || (strncmp(text, "bl", 2) == 0 && (name == 2 || name == 4)))
        return FLOW_CALL;
    bool to_link = strncmp(text, "bx", 2) == 0 || strncmp(text, "mov", 3) == 0;
    if (to_link && strstr(text, "lr") != NULL && (text[0] == 'b' || strstr(text, "pc,") != NULL))
        return FLOW_RETURN;
    bool loads = strncmp(text, "pop", 3) == 0 || strncmp(text, "ldm", 3) == 0;
    return (loads && strstr(text, "pc}") != NULL) || strstr(text, "pc, [sp], #4") != NULL
               ? FLOW_RETURN
               : FLOW_OTHER;
}

static enum insn_flow flow_x86(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    size_t i = 0;
    while (i + 1 < length &&
           (strchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3", bytes[i]) != NULL ||
            (bytes[i] & 0xf0) == 0x40))
        i++;
    if (bytes[i] == 0xe8 || (bytes[i] == 0xff && i + 1 < length && (bytes[i + 1] & 0x38) == 0x10))
        return FLOW_CALL;
    return bytes[i] == 0xc3 || bytes[i] == 0xc2 ? FLOW_RETURN : FLOW_OTHER;
}

// jal and jalr that write ra; jalr x0, 0(ra); the compressed forms.
static enum insn_flow flow_riscv(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    uint32_t word = length == 4 ? little(bytes) : bytes[0] | (uint32_t)bytes[1] << 8;
    if (length == 2) {
        if ((word & 0xf07f) == 0x9002 && (word & 0x0f80) != 0)
            return FLOW_CALL;
        return word == 0x8082 ? FLOW_RETURN : FLOW_OTHER;
    }
    if ((word & 0xfff) == 0x0ef || (word & 0x7fff) == 0x00e7)
        return FLOW_CALL;
    return word == 0x00008067 ? FLOW_RETURN : FLOW_OTHER;
}

// Branches that set the link register; blr.
static enum insn_flow flow_ppc_word(uint32_t word)
{
    uint32_t code = word >> 26;
    bool links = word & 1;
    bool indirect = code == 19 && ((word & 0x7fe) == 0x420 || (word & 0x7fe) == 0x20);
    // bcl 20,31,.+4 only reads the address of the next instruction.
    if (links && word != 0x429f0005 && (code == 18 || code == 16 || indirect))
        return FLOW_CALL;
    return (word & 0xfc0007ff) == 0x4c000020 ? FLOW_RETURN : FLOW_OTHER;
}

static enum insn_flow flow_ppc(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    return length == 4 ? flow_ppc_word(big(bytes)) : FLOW_OTHER;
}

static enum insn_flow flow_ppcle(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    return length == 4 ? flow_ppc_word(little(bytes)) : FLOW_OTHER;
}

// brasl, bras and basr with %r14; br %r14.
static enum insn_flow flow_s390(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    if (bytes[0] == 0x07 && bytes[1] == 0xfe)
        return FLOW_RETURN;
    if ((bytes[0] == 0xc0 && bytes[1] == 0xe5) || (bytes[0] == 0xa7 && bytes[1] == 0xe5) ||
        (bytes[0] == 0x0d && (bytes[1] & 0xf0) == 0xe0 && (bytes[1] & 0xf) != 0))
        return FLOW_CALL;
    (void)length;
    return FLOW_OTHER;
}

// jal, jalr with ra, bal; jr ra. Release 6 returns by jalr zero, ra.
static enum insn_flow flow_mips_word(uint32_t word)
{
    if (word >> 26 == 3 || (word & 0xfc1ff83f) == 0x0000f809 || (word & 0xfc1f0000) == 0x04110000)
        return FLOW_CALL;
    return (word & 0xfffff83f) == 0x03e00008 || word == 0x03e00009 ? FLOW_RETURN : FLOW_OTHER;
}

static enum insn_flow flow_mips(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    return length == 4 ? flow_mips_word(big(bytes)) : FLOW_OTHER;
}

static enum insn_flow flow_mipsel(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    return length == 4 ? flow_mips_word(little(bytes)) : FLOW_OTHER;
}

// call, jmpl with %o7; ret, retl and return.
static enum insn_flow flow_sparc(const uint8_t *bytes, size_t length, const char *text)
{
    (void)text;
    uint32_t word = length == 4 ? big(bytes) : 0;
    if (word >> 30 == 1 || (word & 0xfff80000) == 0x9fc00000)
        return FLOW_CALL;
    return word == 0x81c7e008 || word == 0x81c3e008 || word == 0x81cfe008 ? FLOW_RETURN
                                                                          : FLOW_OTHER;
}

// QEMU's helpers of these copy in host memory, and plugins are not told: SVE's
// loads and stores, dc zva and its kin, and FEAT_MOPS (Arm ARM, C4.1).
static bool is_unreported_aarch64(const uint8_t *bytes, size_t length)
{
    uint32_t word = length == 4 ? little(bytes) : 0;
    return (word & 0x9e000000) == 0x84000000 || (word & 0xffffff00) == 0xd50b7400 ||
           (word & 0x3b200c00) == 0x19000400;
}

// dc zva.
static bool clears_line_aarch64(const uint8_t *bytes, size_t length)
{
    return length == 4 && (little(bytes) & 0xffffffe0) == 0xd50b7420;
}

// dcbz and dcbzl clear a cache line.
static bool is_unreported_ppc_word(uint32_t word)
{
    return (word & 0xfc0007fe) == 0x7c0007ec;
}

static bool is_unreported_ppc(const uint8_t *bytes, size_t length)
{
    return length == 4 && is_unreported_ppc_word(big(bytes));
}

static bool is_unreported_ppcle(const uint8_t *bytes, size_t length)
{
    return length == 4 && is_unreported_ppc_word(little(bytes));
}

// Instructions between storage and storage, and those that execute one
// (Principles of Operation, appendix B: mvc, xc, clc, tr, mvcl, ex, exrl, ...).
static bool is_unreported_s390(const uint8_t *bytes, size_t length)
{
    static const uint8_t two[] = {0x0e, 0x0f};
    static const uint8_t four[] = {0x44, 0xa8, 0xa9};
    static const uint8_t long_four[] = {0x54, 0x55, 0x57, 0x5d, 0x5e}; // after 0xb2
    if (length == 6)
        return (bytes[0] & 0xf0) == 0xd0 || (bytes[0] & 0xf0) == 0xf0 || bytes[0] == 0xe8 ||
               (bytes[0] == 0xc6 && (bytes[1] & 0xf) == 0);
    if (length == 2)
        return memchr(two, bytes[0], sizeof two) != NULL;
    return memchr(four, bytes[0], sizeof four) != NULL ||
           (bytes[0] == 0xb2 && memchr(long_four, bytes[1], sizeof long_four) != NULL);
}

// clc, trt, trtr, cp; clcl; clcle; cuse, clst, srst.
static bool only_loads_s390(const uint8_t *bytes, size_t length)
{
    static const uint8_t six[] = {0xd5, 0xdd, 0xd0, 0xf9};
    if (length == 6)
        return memchr(six, bytes[0], sizeof six) != NULL;
    if (length == 2)
        return bytes[0] == 0x0f;
    return bytes[0] == 0xa9 ||
           (bytes[0] == 0xb2 && (bytes[1] == 0x57 || bytes[1] == 0x5d || bytes[1] == 0x5e));
}

// QEMU 9.1 and later handle vector loads and stores so.
static bool is_unreported_riscv(const uint8_t *bytes, size_t length)
{
    uint32_t word = length == 4 ? little(bytes) : 0;
    uint32_t width = word >> 12 & 7;
    return ((word & 0x7f) == 0x07 || (word & 0x7f) == 0x27) && (width == 0 || width >= 5);
}

// arch/*/kernel/syscalls of Linux 6.1; MIPS counts from 4000 (o32) and 5000.
#define GENERIC                                                                          \
    .map_anonymous = 0x20, .munmap = 215, .mremap = 216, .execve = 221, .execveat = 281, \
    .write = 64, .pwrite = 68, .writev = 66, .mprotect = 226, .read = 63, .pread = 67
#define OLDER_CALLS                                                                              \
    .read = 3, .mmap = 90, .munmap = 91, .mremap = 163, .execve = 11, .write = 4, .writev = 146, \
    .mprotect = 125
#define HPPA  OLDER_CALLS, .map_anonymous = 0x10
#define OLDER OLDER_CALLS, .map_anonymous = 0x20
#define I386 \
    OLDER, .mmap_by_block = true, .mmap2 = 192, .execveat = 358, .pread = 180, .pwrite = 181
#define ARM OLDER, .mmap_by_block = true, .mmap2 = 192, .execveat = 387, .pread = 180, .pwrite = 181
#define PPC OLDER, .mmap2 = 192, .execveat = 362, .pread = 179, .pwrite = 180
#define MIPS_O32                                                                                  \
    .map_anonymous = 0x800, .mmap = 4090, .mmap2 = 4210, .munmap = 4091, .mremap = 4167,          \
    .execve = 4011, .execveat = 4356, .write = 4004, .read = 4003, .pread = 4200, .pwrite = 4201, \
    .writev = 4146, .mprotect = 4125
#define MIPS_N64                                                                                  \
    .map_anonymous = 0x800, .mmap = 5009, .munmap = 5011, .mremap = 5024, .execve = 5057,         \
    .execveat = 5316, .write = 5001, .read = 5000, .pread = 5016, .pwrite = 5017, .writev = 5019, \
    .mprotect = 5010

static const struct machine machines[] = {
    {.name = "aarch64",
     .elf = EM_AARCH64,
     .bits = 64,
     .flow = flow_aarch64,
     .is_unreported = is_unreported_aarch64,
     .clears_line = clears_line_aarch64,
     .syscalls = {GENERIC, .mmap = 222}},
    {.name = "aarch64_be",
     .elf = EM_AARCH64,
     .bits = 64,
     .big_endian = true,
     .flow = flow_aarch64,
     .is_unreported = is_unreported_aarch64,
     .clears_line = clears_line_aarch64,
     .syscalls = {GENERIC, .mmap = 222}},
    {.name = "x86_64",
     .elf = EM_X86_64,
     .bits = 64,
     .flow = flow_x86,
     .syscalls = {.map_anonymous = 0x20,
                  .mmap = 9,
                  .munmap = 11,
                  .mremap = 25,
                  .execve = 59,
                  .execveat = 322,
                  .write = 1,
                  .pwrite = 18,
                  .pread = 17,
                  .writev = 20,
                  .mprotect = 10}},
    {.name = "i386", .elf = EM_386, .bits = 32, .flow = flow_x86, .syscalls = {I386}},
    {.name = "arm",
     .elf = EM_ARM,
     .bits = 32,
     .text_by_qemu = true,
     .flow = flow_arm,
     .syscalls = {ARM}},
    {.name = "armeb",
     .elf = EM_ARM,
     .bits = 32,
     .big_endian = true,
     .text_by_qemu = true,
     .syscalls = {ARM}},
    {.name = "riscv64",
     .elf = EM_RISCV,
     .bits = 64,
     .text_by_qemu = true,
     .flow = flow_riscv,
     .is_unreported = is_unreported_riscv,
     .syscalls = {GENERIC, .mmap = 222}},
    {.name = "riscv32",
     .elf = EM_RISCV,
     .bits = 32,
     .text_by_qemu = true,
     .flow = flow_riscv,
     .is_unreported = is_unreported_riscv,
     .syscalls = {GENERIC, .mmap2 = 222}},
    {.name = "ppc64le",
     .elf = EM_PPC64,
     .bits = 64,
     .flow = flow_ppcle,
     .is_unreported = is_unreported_ppcle,
     .syscalls = {PPC}},
    {.name = "ppc64",
     .elf = EM_PPC64,
     .bits = 64,
     .big_endian = true,
     .flow = flow_ppc,
     .is_unreported = is_unreported_ppc,
     .syscalls = {PPC}},
    {.name = "ppc",
     .elf = EM_PPC,
     .bits = 32,
     .big_endian = true,
     .flow = flow_ppc,
     .is_unreported = is_unreported_ppc,
     .syscalls = {PPC}},
    {.name = "s390x",
     .elf = EM_S390,
     .bits = 64,
     .big_endian = true,
     .flow = flow_s390,
     .is_unreported = is_unreported_s390,
     .only_loads = only_loads_s390,
     .syscalls = {OLDER, .mmap_by_block = true, .execveat = 354, .pread = 180, .pwrite = 181}},
    {.name = "mips",
     .elf = EM_MIPS,
     .bits = 32,
     .big_endian = true,
     .flow = flow_mips,
     .syscalls = {MIPS_O32}},
    {.name = "mipsel", .elf = EM_MIPS, .bits = 32, .flow = flow_mipsel, .syscalls = {MIPS_O32}},
    {.name = "mips64",
     .elf = EM_MIPS,
     .bits = 64,
     .big_endian = true,
     .flow = flow_mips,
     .syscalls = {MIPS_N64}},
    {.name = "mips64el", .elf = EM_MIPS, .bits = 64, .flow = flow_mipsel, .syscalls = {MIPS_N64}},
    {.name = "sparc64",
     .elf = EM_SPARCV9,
     .bits = 64,
     .big_endian = true,
     .flow = flow_sparc,
     .syscalls = {.map_anonymous = 0x20,
                  .mmap = 71,
                  .munmap = 73,
                  .mremap = 250,
                  .execve = 59,
                  .execveat = 350,
                  .read = 3,
                  .pread = 67,
                  .write = 4,
                  .pwrite = 68,
                  .writev = 121,
                  .mprotect = 74}},
    {.name = "m68k",
     .elf = EM_68K,
     .bits = 32,
     .big_endian = true,
     .syscalls = {OLDER, .mmap_by_block = true, .mmap2 = 192, .execveat = 355, .pread = 180,
                  .pwrite = 181}},
    {.name = "hppa",
     .elf = EM_PARISC,
     .bits = 32,
     .big_endian = true,
     .text_by_qemu = true,
     .syscalls = {HPPA, .mmap2 = 89, .execveat = 342, .pread = 108, .pwrite = 109}},
    {.name = "alpha",
     .elf = EM_ALPHA,
     .bits = 64,
     .text_by_qemu = true,
     .syscalls = {.map_anonymous = 0x10,
                  .mmap = 71,
                  .munmap = 73,
                  .mremap = 341,
                  .execve = 59,
                  .execveat = 513,
                  .read = 3,
                  .pread = 349,
                  .write = 4,
                  .pwrite = 350,
                  .writev = 121,
                  .mprotect = 74}},
    {.name = "loongarch64",
     .elf = EM_LOONGARCH,
     .bits = 64,
     .text_by_qemu = true,
     .syscalls = {GENERIC, .mmap = 222}},
};
enum { MACHINE_COUNT = sizeof machines / sizeof *machines };

bool machine_big_words(const struct machine *machine)
{
    return machine->big_endian && machine->elf != EM_AARCH64 && machine->elf != EM_ARM;
}

const struct machine *machine_find(const char *name)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        if (strcmp(machines[i].name, name) == 0)
            return &machines[i];
    return NULL;
}

const struct machine *machine_of_elf(const void *header, size_t length)
{
    struct elf_header elf;
    if (!elf_header_read(header, length, &elf))
        return NULL;
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        if (machines[i].elf == elf.machine && machines[i].bits == 8 * elf.word_bytes &&
            machines[i].big_endian == elf.big_endian)
            return &machines[i];
    return NULL;
}
