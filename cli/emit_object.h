// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes an object file of copies whose size the compiler knows: a function a size,
// and one that calls that of the size it is given.

#ifndef STORESCOPE_EMIT_OBJECT_H
#define STORESCOPE_EMIT_OBJECT_H

#include "backends/backend.h"
#include "base/error.h"

struct emit_request {
    const char *cc;     // the compiler and its options, as a shell takes them
    enum copy_op op;    // memcpy or memmove
    uint64_t size_max;  // sizes 0..size_max
    uint64_t align;     // of both pointers, as far as the compiler is told
    const char *folder; // NULL: the user's cache folder
    const char *source; // a C file, its whole path, with the routine that CALL calls; NULL:
                        // the op is the library's function
    const struct call *call;
};

// Compiles, and returns the backend "FOLDER/COMMAND.o:fixed_memcpy", which the caller
// frees. An object of the same command is replaced. NULL and one line in ERROR, with
// what the compiler says, when it fails.
char *emit_object(const struct emit_request *r, struct error *error);

#endif
