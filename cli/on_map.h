// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A call through a map is judged by the contract of each region that it touches: one copy
// across two of them by both, of each what happens there.

#ifndef STORESCOPE_CLI_ON_MAP_H
#define STORESCOPE_CLI_ON_MAP_H

#include "board/delivery.h"
#include "cli/options/options.h"

enum { MAP_CONTRACTS_MAX = 8 };

struct map_judged {
    struct contract contracts[MAP_CONTRACTS_MAX];
    struct result results[MAP_CONTRACTS_MAX]; // of each
    size_t contract_count;
    struct region_judged *regions; // owned
    size_t region_count;
};

// False and one line in ERROR. To be freed in any case.
bool on_map_judge(const struct options *o, const struct backend *b, const struct copy_case *c,
                  const struct delivery *delivery, struct map_judged *out, struct error *error);
void on_map_free(struct map_judged *j);

// What the exit status says of them.
int on_map_status(const struct map_judged *j);

#endif
