// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The completions of each shell but for what options and commands there are, as
// the build embeds them from the files of this folder (cmake/StorescopeEmbed.cmake).
// A word between two @ is a slot: completions.c fills it. One that is alone on its
// line stands for whole lines, however many.

#ifndef STORESCOPE_COMPLETION_TEXTS_H
#define STORESCOPE_COMPLETION_TEXTS_H

enum { COMPLETION_TEXTS = 3 };

struct completion_text {
    const char *file, *text;
};
extern const struct completion_text completion_texts[COMPLETION_TEXTS];

#endif
