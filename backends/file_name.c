// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/file_name.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

// The colon that ends PATH: the first that is none of C++'s. NULL: not of a file.
static const char *colon_of(const char *name)
{
    const char *at = name;
    while ((at = strchr(at, ':')) != NULL && at[1] == ':')
        at += strspn(at, ":");
    return at != name ? at : NULL;
}

const char *backend_file_name(const char *name)
{
    const char *colon = colon_of(name), *at = colon;
    while (at != NULL && at > name && at[-1] != '/')
        at--;
    return at != NULL ? at : name;
}

// The folder before AT, which follows a slash or begins NAME: where it begins, and its
// length; "." is none. False: there is none left.
static bool folder_before(const char *name, const char **at, size_t *length)
{
    do {
        const char *end = *at;
        while (end > name && end[-1] == '/')
            end--;
        const char *begin = end;
        while (begin > name && begin[-1] != '/')
            begin--;
        *length = (size_t)(end - begin);
        *at = begin;
    } while (*length == 1 && **at == '.');
    return *length > 0;
}

unsigned backend_likeness(const char *known, const char *name)
{
    const char *a = backend_file_name(known), *b = backend_file_name(name);
    size_t a_length, b_length;
    unsigned common = 1;
    if (strcmp(known, name) == 0)
        return UINT_MAX;
    if (colon_of(known) == NULL || colon_of(name) == NULL || strcmp(a, b) != 0)
        return 0;
    for (;; common++) {
        bool more = folder_before(known, &a, &a_length);
        if (!more)
            return 2 * common + 1;
        if (!folder_before(name, &b, &b_length) || a_length != b_length ||
            strncmp(a, b, a_length) != 0)
            return 2 * common;
    }
}
