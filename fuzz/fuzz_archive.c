// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: whatever an archive, its index and its members say of themselves,
// they are read, searched and linked with each other within the memory that was
// made for it, or refused with one line. Nothing of them is run.

#include "fuzz/fuzz.h"
#include "fuzz/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char magic[] = "!<arch>\n";
    // What else there is, fuzz_elf has.
    if (size >= sizeof magic - 1 && memcmp(data, magic, sizeof magic - 1) == 0)
        object_take(data, size);
    return 0;
}
