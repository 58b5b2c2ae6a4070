// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/options/option_reader.h"

#include <errno.h>
#include <stdarg.h>

error_t options_refuse(struct reading *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->error.text, sizeof r->error.text, format, arguments);
    va_end(arguments);
    return EINVAL;
}
