// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Expectations: what routines are known to break, so that only what is new or
// gone is reported. A committed text, a file or a folder of files:
//
//   backend glibc/memmove_avx_unaligned_erms
//   judged memmove ram shared mmio
//   rule duplicate-store shared mmio
//     case memmove size=4 dst=0 src=0 fill=1
//     sites mov dword ptr [r+r], r32 | mov dword ptr [r], r32
//
// `judged`: an op and the contracts whose rows are complete; one without rows
// conforms. A contract judged on another side than the destination is mmio@src,
// mmio@both. `case` is the smallest known, `sites` all pairs of shapes known.
// A routine of a file goes by the file's name and its own, libmine.so:my_copy, wherever
// the file lies and however its path was typed. Where several of one name are known,
// the one with more folders in common is meant; texts with whole paths go on to be read.
// This stage reads and prints; what counts as a difference is in reports.

#ifndef STORESCOPE_EXPECTATIONS_H
#define STORESCOPE_EXPECTATIONS_H

#include "base/error.h"
#include "judge/contract.h"
#include "trace/signature.h"

#include <stdio.h>

struct expect_key { // a contract, judged for one side and one op
    char contract[CONTRACT_NAME_MAX];
    enum device_side device;
    enum copy_op op;
};

struct expect_row { // a rule that is known to be broken
    struct expect_key key;
    enum rule_id rule;
    struct copy_case c; // the smallest that is known
    char (*sites)[SIGNATURE_PAIR_MAX];
    size_t site_count;
};

struct expect_backend {
    char *name;
    char *taken; // the backend that it was made or changed for; NULL: none so far
    struct expect_key *judged;
    size_t judged_count;
    struct expect_row *rows;
    size_t row_count;
};

struct expectations {
    struct expect_backend *items;
    size_t count;
};

// PATH is a file, or a folder, of which every *.expect below it is read. False
// and one line in ERROR. OUT is to be freed when true.
bool expect_load(const char *path, struct expectations *out, struct error *error);

// Adds what a text says; FILE is only named in messages. False and one line in
// ERROR, "FILE:LINE: ..."; OUT is to be freed in any case.
bool expect_parse(const char *file, const char *text, size_t length, struct expectations *out,
                  struct error *error);
void expect_free(struct expectations *e);

// The backend's entry, or NULL; made when MAKE, and then no other backend's.
struct expect_backend *expect_of(struct expectations *e, const char *backend, bool make);

// A new one under that very name, as a text has it. NULL when it is there already.
struct expect_backend *expect_add(struct expectations *e, const char *name);

bool expect_is_judged(const struct expect_backend *b, const struct expect_key *key);
void expect_set_judged(struct expect_backend *b, const struct expect_key *key);

// The row of a rule, or NULL; made, without sites and with case C, when C is not
// NULL: its key counts as judged then. Making one moves the others.
struct expect_row *expect_row_of(struct expect_backend *b, const struct expect_key *key,
                                 enum rule_id rule, const struct copy_case *c);
bool expect_row_has(const struct expect_row *row, const char *sites);
void expect_row_add(struct expect_row *row, const char *sites);
void expect_drop_row(struct expect_backend *b, const struct expect_row *row);

// Is a finding no news: the rule is expected under this contract, with this
// pair of sites?
bool expect_covers(const struct expectations *e, const char *backend, const struct expect_key *key,
                   enum rule_id rule, const char *sites);

// The text of one backend, rows in a fixed order.
void expect_print(const struct expect_backend *b, FILE *out);

// A backend's own file below a folder: "glibc/memcpy_erms.expect"; in names that
// are paths, what is no letter, digit, or one of "._-:+" becomes %XX. The caller
// frees it.
char *expect_file_name(const char *backend);

#endif
