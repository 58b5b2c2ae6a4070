// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *must(void *memory)
{
    if (memory == NULL) {
        fputs("storescope: out of memory\n", stderr);
        abort();
    }
    return memory;
}

char *must_print(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return must(length < 0 ? NULL : text);
}
