// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/error.h"

#include "base/printable.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *e, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    return false;
}

bool error_add(struct error *e, const char *format, ...)
{
    size_t used = strlen(e->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->text + used, sizeof e->text - used, format, arguments);
    va_end(arguments);
    return false;
}

int error_tell(const char *format, ...)
{
    va_list arguments;
    struct error line;
    va_start(arguments, format);
    vsnprintf(line.text, sizeof line.text, format, arguments);
    va_end(arguments);
    if (*line.text)
        fprintf(stderr, "storescope: %s\n", printable(line.text));
    return EXIT_TROUBLE;
}
