// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/format.h"

#include <string.h>

const struct format *const formats[] = {
    &format_text_check, &format_text_compare, &format_text_emit, &format_text_trace,
    &format_json,       &format_sarif,        &format_junit,     &format_csv,
    &format_markdown,   &format_svg,          &format_html,      &format_html_trace,
    &format_litmus,     &format_map,          &format_verdicts,
};
const size_t format_count = sizeof formats / sizeof *formats;

const struct format *format_find(const char *name, enum format_command command)
{
    for (size_t i = 0; i < format_count; i++)
        if ((formats[i]->commands & command) && strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

const struct format *format_of_file(const char *path, enum format_command command)
{
    const char *dot = strrchr(path, '.');
    if (dot == NULL || strchr(dot, '/') != NULL)
        return NULL;
    for (size_t i = 0; i < format_count; i++)
        if ((formats[i]->commands & command) && formats[i]->suffix != NULL &&
            strcmp(formats[i]->suffix, dot + 1) == 0)
            return formats[i];
    return NULL;
}

void format_names(enum format_command command, const char *separator, char *text, size_t text_size)
{
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; i < format_count && length < text_size; i++)
        if (formats[i]->commands & command)
            length += (size_t)snprintf(text + length, text_size - length, "%s%s",
                                       length ? separator : "", formats[i]->name);
}
