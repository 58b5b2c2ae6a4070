// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/elf/archive_index.h"

#include <ar.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_BYTES_MAX = 64 << 20 };

static uint64_t big_endian(const uint8_t *bytes, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | bytes[i];
    return value;
}

// The bytes of the first member, if that is an index. WIDTH: of its numbers.
static uint8_t *read_index(FILE *f, size_t *bytes, size_t *width)
{
    char magic[SARMAG];
    struct ar_hdr header;
    if (fread(magic, sizeof magic, 1, f) != 1 || memcmp(magic, ARMAG, SARMAG) != 0 ||
        fread(&header, sizeof header, 1, f) != 1)
        return NULL;
    bool wide = memcmp(header.ar_name, "/SYM64/", 7) == 0;
    if (!wide && memcmp(header.ar_name, "/ ", 2) != 0)
        return NULL;
    *bytes = strtoul(header.ar_size, NULL, 10);
    *width = wide ? 8 : 4;
    if (*bytes < *width || *bytes > INDEX_BYTES_MAX)
        return NULL;
    uint8_t *index = malloc(*bytes + 1);
    if (!index || fread(index, *bytes, 1, f) != 1) {
        free(index);
        return NULL;
    }
    index[*bytes] = '\0'; // the last string ends, whatever the file says
    return index;
}

bool archive_index_each(const char *path, archive_index_visit *visit, void *context)
{
    size_t bytes, width;
    FILE *f = fopen(path, "rbe");
    uint8_t *index = f ? read_index(f, &bytes, &width) : NULL;
    if (f)
        fclose(f);
    if (!index)
        return false;
    uint64_t count = big_endian(index, width);
    bool sound = count < bytes / width;
    size_t at = sound ? (size_t)(count + 1) * width : bytes;
    for (uint64_t i = 0; i < count && at < bytes; i++) {
        const char *name = (const char *)index + at;
        at += strlen(name) + 1;
        if (!visit(name, context))
            break;
    }
    free(index);
    return sound;
}
