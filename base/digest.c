// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    return digest;
}

uint64_t digest_text(uint64_t digest, const char *text)
{
    return digest_bytes(digest, text, strlen(text) + 1);
}

uint64_t digest_number(uint64_t digest, uint64_t number)
{
    return digest_bytes(digest, &number, sizeof number);
}

uint64_t digest_file(const char *path)
{
    char buffer[1 << 16];
    uint64_t digest = DIGEST_START;
    size_t length;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return 0;
    while ((length = fread(buffer, 1, sizeof buffer, in)) > 0)
        digest = digest_bytes(digest, buffer, length);
    bool whole = !ferror(in);
    fclose(in);
    return whole ? digest : 0;
}
