// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/flat_view.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const flat_kind_name[FLAT_KIND_COUNT] = {
    [FLAT_IO] = "i/o",    [FLAT_RAM] = "ram",         [FLAT_ROM] = "rom",
    [FLAT_ROMD] = "romd", [FLAT_RAM_DEVICE] = "ramd",
};

static bool read_kind(const char *name, enum flat_kind *out)
{
    // Memory that keeps its contents is memory to who stores there.
    if (strcmp(name, "nv-ram") == 0 || strcmp(name, "nvdimm") == 0)
        name = "ram";
    for (size_t i = 0; i < FLAT_KIND_COUNT; i++)
        if (strcmp(name, flat_kind_name[i]) == 0) {
            *out = (enum flat_kind)i;
            return true;
        }
    return false;
}

//   0000000004000000-0000000007ffffff (prio 0, romd): virt.flash1 @0000000000000000 KVM
static bool read_range(const char *line, size_t length, struct flat_range *r)
{
    char text[256], kind[16];
    int end = 0;
    snprintf(text, sizeof text, "%.*s", (int)length, line);
    sscanf(text, " %16" SCNx64 "-%16" SCNx64 " (prio %*d, %15[^)]): %n", &r->lo, &r->hi, kind,
           &end);
    if (end == 0 || !read_kind(kind, &r->kind))
        return false;
    const char *at = strstr(text + end, " @");
    r->offset = at != NULL ? strtoull(at + 2, NULL, 16) : 0;
    const size_t name = at != NULL ? (size_t)(at - text) - (size_t)end : strlen(text + end);
    snprintf(r->name, sizeof r->name, "%.*s", (int)name, text + end);
    return true;
}

static const char *line_end(const char *line)
{
    return strchrnul(line, '\n');
}

// The first line after the heads of the view whose root is the system's memory.
static const char *find_view(const char *text)
{
    const char *root = strstr(text, "Root memory region: system");
    return root == NULL ? NULL : line_end(root);
}

bool flat_view_read(const char *text, struct flat_view *out, struct error *error)
{
    const char *line = find_view(text);
    *out = (struct flat_view){.count = 0};
    for (; line != NULL && *line == '\n'; line = line_end(line)) {
        const char *end = line_end(++line);
        const size_t length = strcspn(line, "\r\n");
        struct flat_range range = {.lo = 0};
        if (length == 0)
            break;
        if (!read_range(line, length, &range)) {
            flat_view_free(out);
            return error_set(error, "QEMU tells its memory in a way that is not known here: %.*s",
                             (int)(end - line), line);
        }
        out->ranges = must(reallocarray(out->ranges, out->count + 1, sizeof range));
        out->ranges[out->count++] = range;
    }
    return out->count > 0 || error_set(error, "QEMU tells no map of the memory that a CPU sees");
}

struct flat_view flat_view_copy(const struct flat_view *view)
{
    struct flat_view copy = {.count = view->count};
    copy.ranges = must(reallocarray(NULL, view->count + 1, sizeof *copy.ranges));
    memcpy(copy.ranges, view->ranges, view->count * sizeof *copy.ranges);
    return copy;
}

void flat_view_free(struct flat_view *view)
{
    free(view->ranges);
    *view = (struct flat_view){.count = 0};
}

const struct flat_range *flat_view_at(const struct flat_view *view, uint64_t addr)
{
    for (size_t i = 0; i < view->count; i++)
        if (addr >= view->ranges[i].lo && addr <= view->ranges[i].hi)
            return &view->ranges[i];
    return NULL;
}

bool flat_is_memory(const struct flat_range *range, bool write)
{
    return range->kind == FLAT_RAM ||
           (!write && range->kind != FLAT_IO && range->kind != FLAT_RAM_DEVICE);
}
