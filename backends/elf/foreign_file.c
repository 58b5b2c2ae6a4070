// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/elf/foreign_file.h"

#include <stdint.h>
#include <string.h>

#define BITCODE                                                                                   \
    "LLVM bitcode (clang -flto), not machine code; compile it without -flto, or give what it is " \
    "linked into"
#define MACH_O     "a Mach-O file (macOS); storescope takes ELF: compile it for Linux"
#define COFF(cpu)  "a COFF object (Windows) for " cpu "; storescope takes ELF: compile it for Linux"
#define PACKED(by) "compressed (" by "); unpack it first"

static const struct magic_row {
    const char *magic;
    size_t length;
    const char *what;
} magics[] = {
#define MAGIC(magic, what)            \
    {                                 \
        magic, sizeof magic - 1, what \
    }
    MAGIC("BC\xc0\xde", BITCODE),
    MAGIC("\xde\xc0\x17\x0b", BITCODE),
    MAGIC("\xfe\xed\xfa\xce", MACH_O),
    MAGIC("\xfe\xed\xfa\xcf", MACH_O),
    MAGIC("\xce\xfa\xed\xfe", MACH_O),
    MAGIC("\xcf\xfa\xed\xfe", MACH_O),
    MAGIC("\xca\xfe\xba\xbe\0\0\0", "a Mach-O file of several CPUs (macOS), or a Java class; "
                                    "storescope takes ELF: compile it for Linux"),
    MAGIC("MZ", "a Windows program or library (PE); storescope takes ELF: compile it for Linux"),
    MAGIC("\0\0\xff\xff",
          "a COFF object (Windows, /bigobj or /GL); storescope takes ELF: compile it "
          "for Linux"),
    MAGIC("\x64\x86", COFF("x86-64")),
    MAGIC("\x4c\x01", COFF("i386")),
    MAGIC("\x64\xaa", COFF("AArch64")),
    MAGIC("\xc4\x01", COFF("Arm")),
    MAGIC("\0asm", "WebAssembly; storescope takes ELF: compile it for Linux"),
    MAGIC("\x1f\x8b", PACKED("gzip")),
    MAGIC("\xfd"
          "7zXZ",
          PACKED("xz")),
    MAGIC("\x28\xb5\x2f\xfd", PACKED("zstd")),
    MAGIC("BZh", PACKED("bzip2")),
    MAGIC("PK\x03\x04", PACKED("zip")),
    MAGIC("/* GNU ld script", "a linker script, which only names libraries; give one of those"),
    MAGIC("INPUT(", "a linker script, which only names libraries; give one of those"),
    MAGIC("GROUP (", "a linker script, which only names libraries; give one of those"),
    MAGIC("; ModuleID", "LLVM assembly; compile it to an object file (clang -c)"),
#undef MAGIC
};

static bool is_text(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool space = bytes[i] == '\n' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\f';
        if ((bytes[i] < ' ' && !space) || bytes[i] == 0x7f) {
            return false;
        }
    }
    return length > 0;
}

const char *foreign_file_kind(const void *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic_row *row = &magics[i];
        if (length >= row->length && memcmp(bytes, row->magic, row->length) == 0) {
            return row->what;
        }
    }
    return is_text(bytes, length) ? "text, not an ELF file; compile it first (gcc -c)" : NULL;
}
