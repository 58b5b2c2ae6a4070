// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// source.h where libdw is not installed.

#include "reports/source.h"

bool source_find(const struct backend *b, struct source_place *out)
{
    (void)b, (void)out;
    return false;
}

struct source_lines *source_lines_open(uint8_t *bytes, size_t length, const char *debug)
{
    (void)bytes, (void)length, (void)debug;
    return NULL;
}

size_t source_lines_at(struct source_lines *s, uint32_t section, uint64_t offset,
                       struct source_line *out, size_t max)
{
    (void)s, (void)section, (void)offset, (void)out, (void)max;
    return 0;
}

void source_lines_close(struct source_lines *s)
{
    (void)s;
}
