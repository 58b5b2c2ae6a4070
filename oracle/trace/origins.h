// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where the instructions of a recording come from: for each site the file and the place
// in it, noted by the process that has the routine; or, where the routine was linked into
// a program to be emulated, that program, whose addresses the sites have. Reports make
// symbols and lines of it.

#ifndef STORESCOPE_ORIGINS_H
#define STORESCOPE_ORIGINS_H

#include "backends/loader/origin.h"
#include "trace/trace.h"

enum { ORIGIN_FILES_MAX = 8, ORIGIN_CALLS_MAX = 8, ORIGIN_PATH_MAX = 1024, ORIGIN_NAME_MAX = 128 };

struct origin_file {
    char path[ORIGIN_PATH_MAX];
    int64_t member; // as in code_origin
};

struct site_origin {
    uint32_t file; // index + 1; 0: not known
    uint32_t section;
    uint64_t offset;
    uint64_t call; // index + 1 of what it may be part of; 0: of nothing that was called
};

// A function of another module, and the name by which the routine's own calls it.
struct origin_call {
    struct site_origin entry;
    char name[ORIGIN_NAME_MAX];
};

struct origins {
    struct site_origin entry;   // of the routine
    char name[ORIGIN_NAME_MAX]; // that it was asked for by: it may have others
    struct site_origin *sites;  // one a site of the trace; NULL: nothing is known
    size_t site_count;
    size_t file_count, call_count;
    struct origin_file files[ORIGIN_FILES_MAX];
    struct origin_call calls[ORIGIN_CALLS_MAX];
};

// Names in a program that was made for a routine: its own, and with this in front those
// that its file defines besides.
#define GUEST_ROUTINE_SYMBOL "storescope_routine_0"
#define GUEST_OWN_PREFIX     "storescope_own_"

enum { GUEST_LIBRARIES_MAX = 4 };

// A variable of a program that steers its routine, and what it was set to.
struct guest_poke {
    uint64_t addr, value;
    uint8_t width; // bytes; 0: there is none
};

// An ELF program that was made for a recording, shared by all that name it.
struct guest_elf {
    size_t uses;
    uint8_t *bytes; // owned
    size_t length;
    char *symbol;                           // what GUEST_ROUTINE_SYMBOL stands for; owned
    char *path;                             // of the routine's file; NULL: it is storecopy's. Owned
    bool whole;                             // all of the program's code is that file's
    char *libraries[GUEST_LIBRARIES_MAX];   // archives that the routine is linked with, by
                                            // path; owned. NULL: no more
    struct guest_poke pokes[TUNABLE_COUNT]; // one a tunable, where the case says nothing
    uint64_t global_pointer;                // of its data; 0: its CPU has none
    uint64_t routine_at;                    // where it has its routine's address
};
// Takes the bytes; has one use.
struct guest_elf *guest_elf_new(uint8_t *bytes, size_t length, const struct backend *backend);
struct guest_elf *guest_elf_share(struct guest_elf *elf); // NULL is taken
void guest_elf_release(struct guest_elf *elf);            // likewise

// Of the trace of a routine in this process, which was asked for by NAME. A path that is too long, or a file too many,
// is not known.
struct origins *origins_take(const struct trace *t, const struct routine *routine,
                             const char *name);
void origins_free(struct origins *o); // NULL is taken

// Do the numbers of what came from another process name what is there?
bool origins_are_sound(struct origins *o);

#endif
