// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A contract names a kind of memory and holds the rules a routine must keep to
// be safe there. Contracts are data: the built-in ones are the files in
// oracle/contracts, compiled in as text; users copy one, change it and pass it
// as `--contract ./mine.contract`.
//
//   # comment
//   contract mmio
//   memory   x86 uncached BAR
//   include  pci-order
//   ops      to-fifo from-fifo  # what it is about; all ops where there is no such line
//
//   [dst]                       # holds when the destination is this memory
//   wide-store max=8
//   split-store request=dst-aligned
//   [src]                       # holds when the source is this memory
//   wide-load max=8
//   [always]                    # holds whichever side it is
//   wrong-data
//
// The rules of `ram` hold in every contract, unless it drops them by name: a copy
// has to be one whatever else is asked of it. `include` takes over those of another
// built-in contract; a rule named again gets new parameters wherever it held already;
// `-rule` drops it. `crash` and `timeout` hold in every contract and are not named.
//
// Parameters: `request=any|dst-aligned|src-aligned|both-aligned` (every rule),
// `max=N` (split-*, torn-*: 2, 4, 8; wide-*: up to 64), `loads=same-page`
// (out-of-bounds-load), `stores=all` (unfenced-store), `min=N` (narrow-*: up to 64), with
// which `request=dst-words|src-words` are multiples of N bytes, `within=N` (out-of-bounds-store:
// 2, 4, 8; the rest of aligned words may be written back), `line=N` (broken-burst: 16 to 256), `layout=8,4,2,2`
// (torn-*: the fields of records that lie one behind the other from the side's start),
// `order=ascending|last` and for loads `first`, `observer=cpu|device` and
// `memory=ram|device` (unordered-*).
//
// Two things follow from several rules together, so that no contract asks for
// the impossible. Where misaligned stores are forbidden, split-store is meant for
// naturally aligned destinations alone (request=dst-aligned). Where stores wider
// than N are, split-store and torn-element are meant up to N bytes. Likewise for
// the loads of the source, with split-load and torn-load. Where the rest of
// a word may be written back, a word is a request in one store. Nothing is narrow that is
// as wide as wide-* allows.

#ifndef STORESCOPE_CONTRACT_H
#define STORESCOPE_CONTRACT_H

#include "base/error.h"
#include "judge/rules.h"

enum device_side { DEVICE_DST = 1, DEVICE_SRC = 2, DEVICE_BOTH = 3 };
const char *device_side_name(enum device_side side); // "dst", "src", "both"
bool device_side_parse(const char *text, enum device_side *out);

struct contract_rule {
    enum rule_id rule;
    unsigned sides; // enum device_side bits; BOTH also for [always]
    bool always;
    struct rule_params params;
};

enum { CONTRACT_RULES_MAX = 2 * RULE_COUNT, CONTRACT_NAME_MAX = 256 };

struct contract {
    // What loads it: a built-in's name, or the path of a file as the user wrote it,
    // whatever the file calls itself, so that none is taken for a built-in.
    char name[CONTRACT_NAME_MAX];
    char memory[128];
    unsigned ops; // bit per enum copy_op that it is about; 0: all
    struct contract_rule rules[CONTRACT_RULES_MAX];
    size_t rule_count;
};

extern const size_t contract_builtin_count;
const struct contract *contract_builtin(size_t index);  // ram is the first
const char *contract_builtin_text(size_t index);        // the file that it is read from
const struct contract *contract_find(const char *name); // built-in or NULL

// Parses a contract's text, which is then named as it calls itself; FILE is only named
// in messages. False and one line
// in ERROR, "FILE:LINE: what is wrong; what was expected".
bool contract_parse(const char *file, const char *text, size_t length, struct contract *out,
                    struct error *error);

// A built-in name, or a path (it has a slash or ends in .contract).
bool contract_load(const char *name_or_path, struct contract *out, struct error *error);

// Do two names of contracts mean the same? Paths of one file do.
bool contract_same(const char *a, const char *b);

// Why nothing can be said under the contract of a routine that does OP where DEVICE is
// that memory; NULL: it can. Valid until the next call.
const char *contract_foreign(const struct contract *c, enum copy_op op, enum device_side device);

// Does the row hold when the given side(s) are this memory?
bool contract_rule_applies(const struct contract_rule *row, enum device_side device);

#endif
