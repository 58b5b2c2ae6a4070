// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include <case.h>

#include <stdio.h>

int main(void)
{
    struct copy_case c;
    char text[CASE_TEXT_MAX];
    struct error error;
    if (!case_parse("memmove size=15", &c, &error))
        return 1;
    case_print(&c, text);
    puts(text);
    return 0;
}
