// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// docs/findings.md, whose pictures of rules are shown by explain, as the build embeds it
// (cmake/StorescopeEmbed.cmake).

#ifndef STORESCOPE_EXPLAIN_TEXTS_H
#define STORESCOPE_EXPLAIN_TEXTS_H

enum { EXPLAIN_TEXTS = 1 };

struct explain_text {
    const char *file, *text;
};
extern const struct explain_text explain_texts[EXPLAIN_TEXTS];

#endif
