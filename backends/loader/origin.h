// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which file a loaded routine's code comes from, and where in it: by that a report
// finds its symbol and its line. The file is not read for it.

#ifndef STORESCOPE_ORIGIN_H
#define STORESCOPE_ORIGIN_H

#include "backends/backend.h"

struct code_origin {
    const char *path; // as it was loaded; lives as long as what was loaded does
    int64_t member;   // offset of the object in the archive; 0: the file itself is it
    uint32_t section; // of a relocatable object; 0: OFFSET is an address of the file's own
    uint64_t offset;
};

// Of ADDRESS in this process: of the routine, or of any object that the dynamic linker
// has loaded, this program among them. False: of none.
bool code_origin(const struct routine *routine, uintptr_t address, struct code_origin *out);

// The nearest function at or before ADDRESS, of its own object, that the dynamic linker
// has bound for the routine's module: its ENTRY, and the name that the module calls it by
// ("memcpy", whatever variant was chosen). NULL: none, or ADDRESS is the module's own.
const char *code_bound_name(const struct routine *routine, uintptr_t address, uintptr_t *entry);

#endif
