// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: whatever a shared object or object file says of itself, it is read,
// searched, and (an object) linked into an image within the memory that was
// made for it, or refused with one line. Nothing of it is run: a shared object
// is never given to the dynamic linker here.

#include "fuzz/fuzz.h"
#include "fuzz/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    object_take(data, size);
    return 0;
}
