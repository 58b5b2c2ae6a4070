// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The files of oracle/observers, as the build embeds them (see
// cmake/StorescopeEmbed.cmake), in the order in which they are tried.

#ifndef STORESCOPE_OBSERVER_TEXTS_H
#define STORESCOPE_OBSERVER_TEXTS_H

enum { OBSERVER_TEXTS = 9 };

struct observer_text {
    const char *file; // its name, without folder
    const char *text;
};
extern const struct observer_text observer_texts[OBSERVER_TEXTS];

#endif
