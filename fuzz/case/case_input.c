// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/case/case_input.h"

#include "findings/saved_case.h"

#include <string.h>

static bool is_text(const uint8_t *data, size_t size, struct copy_case *out)
{
    struct saved saved;
    struct error error;
    bool text = size > 4 && (data[0] == '#' || memcmp(data, "case", 4) == 0 ||
                             memcmp(data, "back", 4) == 0 || memcmp(data, "cont", 4) == 0);
    if (!text || !saved_parse("input", (const char *)data, size, &saved, &error))
        return false;
    *out = saved.c;
    return true;
}

bool case_from_input(const uint8_t *data, size_t size, struct copy_case *out, uint8_t *backend)
{
    *backend = 0;
    if (is_text(data, size, out))
        return true;
    case_from_bytes(data, size, out, backend);
    return false;
}

static void write_le(uint8_t *data, size_t at, unsigned bytes, uint32_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        data[at + i] = (uint8_t)(value >> 8 * i);
}

bool case_to_bytes(const struct copy_case *c, uint8_t backend, uint8_t out[CASE_BYTES])
{
    struct copy_case again;
    uint8_t flags =
        (uint8_t)((c->overlapping ? FLAG_OVERLAPPING : 0) | (c->fill == 0 ? FLAG_EQUAL_DATA : 0) |
                  (c->dst_below ? FLAG_DST_BELOW : 0) | c->data << FLAG_DATA_SHIFT);
    memset(out, 0, CASE_BYTES);
    out[AT_BACKEND] = backend;
    out[AT_OP] = (uint8_t)c->op;
    out[AT_FLAGS] = flags;
    out[AT_SIZE_KIND] = c->size < CASE_BYTES_SMALL ? SIZE_SMALL : SIZE_EXACT;
    write_le(out, AT_SIZE, 4, (uint32_t)c->size);
    write_le(out, AT_DST, 2, c->dst_off);
    write_le(out, AT_SRC, 2, c->overlapping ? 0 : c->src_off);
    out[AT_OVERLAP_KIND] = OVERLAP_EXACT;
    write_le(out, AT_OVERLAP, 4, (uint32_t)c->overlap);
    write_le(out, AT_FILL, 2, c->fill ? (uint32_t)(c->fill - 1) : 0);
    for (unsigned i = 0; i < TUNABLE_COUNT; i++) {
        out[AT_TUNABLES] |= (uint8_t)((c->tunable[i] != 0) << i);
        write_le(out, AT_TUNABLE + 4u * i, 4, (uint32_t)c->tunable[i]);
    }
    uint8_t which;
    case_from_bytes(out, CASE_BYTES, &again, &which);
    return case_compare(c, &again) == 0;
}
