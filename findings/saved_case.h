// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A saved case: a short text that says what to run again and what it showed.
// Campaigns save their findings so, the corpus holds them, and `storescope
// replay` takes them.
//
//   # any remark, such as where the case comes from
//   backend  glibc/memmove_avx_unaligned_erms
//   contract shared,wc
//   device   dst
//   rule     duplicate-store
//   sites    mov dword ptr [r+r], r32 | mov dword ptr [r], r32
//   case     memmove size=4 dst=0 src=0 fill=1
//
// Only the case is required, and a file may hold nothing but its text, without
// the word. Parsing what was printed gives the same again.

#ifndef STORESCOPE_SAVED_CASE_H
#define STORESCOPE_SAVED_CASE_H

#include "base/error.h"
#include "judge/contract.h"
#include "trace/signature.h"

#include <stdio.h>

enum { SAVED_BACKEND_MAX = 1024, SAVED_CONTRACTS_MAX = 1024, SAVED_NAME_MAX = 160 };

struct saved {
    char backend[SAVED_BACKEND_MAX];     // name or PATH:SYMBOL; "": not said
    char contracts[SAVED_CONTRACTS_MAX]; // names or paths, commas between; "": not said
    enum device_side device;             // dst unless said
    bool has_rule;
    enum rule_id rule;              // what it showed
    char sites[SIGNATURE_PAIR_MAX]; // as signature_pair gives them; "": not said
    struct copy_case c;
};

// FILE is only named in messages. False and one line in ERROR when the text is
// no saved case.
bool saved_parse(const char *file, const char *text, size_t length, struct saved *out,
                 struct error *error);
bool saved_load(const char *path, struct saved *out, struct error *error);
void saved_print(const struct saved *s, FILE *out);

// Do two findings count as one: the same backend, rule and pair of sites?
bool saved_same(const struct saved *a, const struct saved *b);

// The file's name for a finding, which follows from backend, rule and sites
// alone: "musl_memcpy-torn-element-1a2b3c4d.case". NAME holds SAVED_NAME_MAX.
void saved_name(const struct saved *s, char *name);

#endif
