// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The files of oracle/contracts, as the build embeds them (see
// cmake/StorescopeEmbed.cmake), ram first: each includes
// only earlier ones.

#ifndef STORESCOPE_CONTRACT_TEXTS_H
#define STORESCOPE_CONTRACT_TEXTS_H

enum { CONTRACT_TEXTS = 14 };

struct contract_text {
    const char *file; // its name, without folder
    const char *text;
};
extern const struct contract_text contract_texts[CONTRACT_TEXTS];

#endif
