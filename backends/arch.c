// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"

#include "backends/elf/elf_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Name, GNU triplet, package of the compiler, package of the libc, QEMU's name,
// ELF machine, bytes of a word, big-endian.
#define ARCH_ROWS(X)                                                                               \
    X("aarch64", "aarch64-linux-gnu", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "aarch64", \
      EM_AARCH64, 8, false)                                                                        \
    X("armhf", "arm-linux-gnueabihf", "gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross", "arm",   \
      EM_ARM, 4, false)                                                                            \
    X("armel", "arm-linux-gnueabi", "gcc-arm-linux-gnueabi", "libc6-dev-armel-cross", "arm",       \
      EM_ARM, 4, false)                                                                            \
    X("riscv64", "riscv64-linux-gnu", "gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross",          \
      "riscv64", EM_RISCV, 8, false)                                                               \
    X("ppc64el", "powerpc64le-linux-gnu", "gcc-powerpc64le-linux-gnu", "libc6-dev-ppc64el-cross",  \
      "ppc64le", EM_PPC64, 8, false)                                                               \
    X("ppc64", "powerpc64-linux-gnu", "gcc-powerpc64-linux-gnu", "libc6-dev-ppc64-cross", "ppc64", \
      EM_PPC64, 8, true)                                                                           \
    X("powerpc", "powerpc-linux-gnu", "gcc-powerpc-linux-gnu", "libc6-dev-powerpc-cross", "ppc",   \
      EM_PPC, 4, true)                                                                             \
    X("s390x", "s390x-linux-gnu", "gcc-s390x-linux-gnu", "libc6-dev-s390x-cross", "s390x",         \
      EM_S390, 8, true)                                                                            \
    X("mips", "mips-linux-gnu", "gcc-mips-linux-gnu", "libc6-dev-mips-cross", "mips", EM_MIPS, 4,  \
      true)                                                                                        \
    X("mipsel", "mipsel-linux-gnu", "gcc-mipsel-linux-gnu", "libc6-dev-mipsel-cross", "mipsel",    \
      EM_MIPS, 4, false)                                                                           \
    X("mips64", "mips64-linux-gnuabi64", "gcc-mips64-linux-gnuabi64", "libc6-dev-mips64-cross",    \
      "mips64", EM_MIPS, 8, true)                                                                  \
    X("mips64el", "mips64el-linux-gnuabi64", "gcc-mips64el-linux-gnuabi64",                        \
      "libc6-dev-mips64el-cross", "mips64el", EM_MIPS, 8, false)                                   \
    X("sparc64", "sparc64-linux-gnu", "gcc-sparc64-linux-gnu", "libc6-dev-sparc64-cross",          \
      "sparc64", EM_SPARCV9, 8, true)                                                              \
    X("m68k", "m68k-linux-gnu", "gcc-m68k-linux-gnu", "libc6-dev-m68k-cross", "m68k", EM_68K, 4,   \
      true)                                                                                        \
    X("hppa", "hppa-linux-gnu", "gcc-hppa-linux-gnu", "libc6-dev-hppa-cross", "hppa", EM_PARISC,   \
      4, true)                                                                                     \
    X("alpha", "alpha-linux-gnu", "gcc-alpha-linux-gnu", "libc6.1-dev-alpha-cross", "alpha",       \
      EM_ALPHA, 8, false)                                                                          \
    X("i386", "i686-linux-gnu", "gcc-i686-linux-gnu", "libc6-dev-i386-cross", "i386", EM_386, 4,   \
      false)

const struct arch archs[] = {
#define X(arch_name, triplet, compiler_package, cross_package, emulator, elf_machine, bytes, big) \
    {                                                                                             \
        .name = arch_name,                                                                        \
        .compiler = triplet "-gcc",                                                               \
        .objcopy = triplet "-objcopy",                                                            \
        .package = compiler_package,                                                              \
        .root = "/usr/" triplet,                                                                  \
        .libc = "/usr/" triplet "/lib/libc.a",                                                    \
        .libc_package = cross_package,                                                            \
        .qemu = "qemu-" emulator,                                                                 \
        .machine = elf_machine,                                                                   \
        .word_bytes = bytes,                                                                      \
        .big_endian = big,                                                                        \
        .dynamic = elf_machine == EM_ALPHA,                                                       \
        .stack_grows_up = elf_machine == EM_PARISC,                                               \
    },
    ARCH_ROWS(X)
#undef X
};
const size_t arch_count = sizeof archs / sizeof *archs;

// QEMU's models: each has all that the ones before it have, and more. AArch64: ARMv8.0,
// then with LSE, then with SVE. cortex-a15 runs all of ARMv4T to v7.
static const struct {
    const char *arch, *cpus[4];
} ladders[] = {
    {"aarch64", {"cortex-a57", "neoverse-n1", "max"}},
    {"armhf", {"cortex-a15", "max"}},
    {"armel", {"cortex-a15", "max"}},
    {"riscv64", {"rv64", "rv64,v=true"}},
    {"ppc64el", {"power8", "power9", "power10"}},
    {"ppc64", {"970", "power8", "power10"}},
    {"s390x", {"max"}},
    {"i386", {"pentium3", "max"}},
};

const char *const *arch_cpus(const struct arch *arch)
{
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < sizeof ladders / sizeof *ladders; i++)
        if (strcmp(ladders[i].arch, arch->name) == 0)
            return ladders[i].cpus;
    return none;
}

const struct arch *arch_find(const char *name)
{
    for (size_t i = 0; i < arch_count; i++)
        if (strcmp(archs[i].name, name) == 0)
            return &archs[i];
    return NULL;
}

static bool is_native(const struct elf_header *header)
{
    return header->machine == arch_native.machine && header->word_bytes == arch_native.word_bytes &&
           header->big_endian == arch_native.big_endian;
}

const struct arch *arch_of_header(const struct elf_header *header)
{
    if (is_native(header))
        return NULL;
    for (size_t i = 0; i < arch_count; i++)
        if (archs[i].machine == header->machine && archs[i].word_bytes == header->word_bytes &&
            archs[i].big_endian == header->big_endian)
            return &archs[i];
    return NULL;
}

bool arch_tool_here(const char *program)
{
    char path[4096];
    return arch_tool_find(program, path, sizeof path);
}

bool arch_tool_find(const char *program, char *path, size_t size)
{
    const char *folders = getenv("PATH");
    for (const char *at = folders ? folders : "/usr/bin"; *at; at += *at == ':') {
        size_t length = strcspn(at, ":");
        int whole = snprintf(path, size, "%.*s/%s", (int)length, at, program);
        if (length > 0 && whole < (int)size && access(path, X_OK) == 0)
            return true;
        at += length;
    }
    return false;
}
