// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/error.h"

#include "base/printable.h"

#include <stdarg.h>
#include <stdio.h>

int error_tell(const char *format, ...)
{
    va_list arguments;
    char line[2048];
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (*line)
        fprintf(stderr, "storescope: %s\n", printable(line));
    return EXIT_TROUBLE;
}
