// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A backend is one copy routine under test. This stage finds routines, says
// which of them can run on this machine and why the others cannot, and loads
// one into the calling process. It never calls a routine, and it knows nothing
// of cases, traces or rules.
//
// Listing reads files only; loading maps foreign code (and, for a shared
// object, runs its constructors), so it is done in a worker process.

#ifndef STORESCOPE_BACKEND_H
#define STORESCOPE_BACKEND_H

#include "backends/loader/undefined.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the C standard promises of the routine (C17 7.24.2.1, 7.24.2.2; mempcpy
// is GNU's: memcpy that returns the end; set is memset, 7.24.6.1, whose value takes the
// source's place). A FIFO is one address of a device: what is stored there goes in, and
// a load takes out what is next. No standard says what such a routine returns.
enum copy_op { OP_MEMCPY, OP_MEMMOVE, OP_MEMPCPY, OP_SET, OP_TO_FIFO, OP_FROM_FIFO, OP_COUNT };

extern const char *const copy_op_name[OP_COUNT];
bool copy_op_parse(const char *name, enum copy_op *op);
// What was expected, for messages.
extern const char copy_op_expected[];

static inline bool op_has_source(enum copy_op op)
{
    return op != OP_SET;
}

// Is one of its two sides a FIFO?
static inline bool op_has_fifo(enum copy_op op)
{
    return op == OP_TO_FIFO || op == OP_FROM_FIFO;
}

// Both sides are memory, of the request's size each.
static inline bool op_is_copy(enum copy_op op)
{
    return op_has_source(op) && !op_has_fifo(op);
}

// What the routine returns. A routine that returns nothing cannot break
// wrong-return.
enum copy_result { RESULT_OF_OP, RESULT_NONE, RESULT_OF_CALL };

struct arch;
struct call;

struct backend {
    char *name;      // "family/routine", or "PATH:SYMBOL" as the user wrote it, but
                     // for what cannot be shown (printable.h); with its call, where
                     // it has one: finding it by this name gives the same again
    char *path;      // file the code comes from; NULL: linked into this program
    char *symbol;    // symbol in that file
    char *from;      // one short phrase for `list`: where the code comes from
    char *missing;   // NULL, or why it cannot run here: "CPU lacks rtm",
                     // "install musl-dev"
    enum copy_op op; // what it claims to be
    enum copy_result result;
    struct call *call;       // how it is called (call.h); NULL: as its op is
    uint64_t arg4;           // fourth argument, for routines that take flags
    uint64_t size_min;       // smallest size it may be asked for, bytes
    uint64_t size_unit;      // sizes must be multiples of this, bytes (>= 1)
    uint64_t align;          // both pointers must be multiples of this (>= 1)
    bool planted;            // a planted defect or its twin: only when named
    const void *code;        // entry, when path is NULL
    const struct arch *arch; // another CPU's, to be emulated; NULL: this CPU's
    const char *cpu;         // model that QEMU emulates for it; NULL: the plainest
                             // of its architecture that has what it uses
};

// Bytes that sizes are multiples of where nobody says others. An element of a FIFO that
// is not known to take bytes has four.
static inline uint64_t backend_size_unit(const struct backend *b, enum copy_op op)
{
    return op_has_fifo(op) && b->size_unit == 1 ? 4 : b->size_unit;
}

struct backend_list {
    struct backend *items;
    size_t count, capacity;
};

// Every backend known on this machine, runnable or not, sorted by name. The
// list owns all strings. Aborts only when memory runs out.
void backend_list_all(struct backend_list *out);

// The backends that PATTERN means, appended to OUT: a glob over the names of
// ALL (planted ones only when the pattern starts with "planted"), or
// PATH:SYMBOL, where PATH is a shared object, an object file or an archive,
// and SYMBOL may be a glob over its functions, a demangled name, or how one is called,
// as call.h has it: PATH:'void copy(dst, src, n/4)'. Nothing is run: ELF headers,
// class, machine and symbol are checked from the file. On failure returns
// false and writes to ERROR one line that says what to do.
bool backend_list_find(const struct backend_list *all, const char *pattern,
                       struct backend_list *out, struct error *error);

void backend_list_free(struct backend_list *list);

// A tunable of a loaded routine: a variable of the libc that steers its
// choices, such as glibc's __x86_shared_non_temporal_threshold.
struct routine_tunable {
    const char *symbol;
    void *address;
    size_t width;     // bytes: 4 or 8
    uint64_t initial; // value after loading
};

enum { ROUTINE_IMAGES_MAX = 8, ROUTINE_TUNABLES_MAX = 16 };

// A section that an image was made of, and where it was put.
struct routine_part {
    struct span span;
    int64_t member; // offset of its object in the archive; 0: the file itself is it
    uint32_t section;
};

// A backend's routine in this process.
struct routine {
    uintptr_t entry;
    const char *path;                 // of an image: the file that it was made of,
    const struct routine_part *parts; // and which sections. None of any other
    size_t part_count;
    struct span images[ROUTINE_IMAGES_MAX]; // code and data it was loaded with
    size_t image_count;
    struct routine_tunable tunables[ROUTINE_TUNABLES_MAX];
    size_t tunable_count;
    struct undefined undefined;
    void *handle; // owned by the loader
};

// Maps the routine. False and one line in ERROR when it cannot be loaded.
bool routine_load(const struct backend *backend, struct routine *out, struct error *error);

#endif
