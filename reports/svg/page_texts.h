// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The style sheets and the script of the page, compiled in from the files of
// this folder (cmake/StorescopeEmbed.cmake).

#ifndef STORESCOPE_PAGE_TEXTS_H
#define STORESCOPE_PAGE_TEXTS_H

enum { PAGE_TEXTS = 3 };

struct page_text {
    const char *file, *text;
};
extern const struct page_text page_texts[PAGE_TEXTS];

// The text of a file that is known to be there.
const char *page_text(const char *file);

#endif
