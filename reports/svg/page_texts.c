// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/page_texts.h"

#include <stdlib.h>
#include <string.h>

const char *page_text(const char *file)
{
    for (size_t i = 0; i < PAGE_TEXTS; i++)
        if (strcmp(page_texts[i].file, file) == 0)
            return page_texts[i].text;
    abort(); // each is compiled in
}
