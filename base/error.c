// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_tell(const char *format, ...)
{
    va_list arguments;
    char line[2048];
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    // File names may hold anything, and the line must stay one.
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    if (*line)
        fprintf(stderr, "storescope: %s\n", line);
    return EXIT_TROUBLE;
}
