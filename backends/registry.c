// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// All backends, of every family, and the one place that knows the families.

#include "backends/backend_list.h"
#include "backends/cross_backends.h"
#include "backends/host_backends.h"
#include "backends/path_backends.h"
#include "base/nearest.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void backend_list_all(struct backend_list *out)
{
    *out = (struct backend_list){0};
    families_list(out);
    cross_list(out);
    backend_sort(out, 0);
}

static bool fail_unknown(const struct backend_list *all, const char *pattern, struct error *error)
{
    if (access(pattern, F_OK) == 0) {
        return error_set(error, "'%s' is a file: name its routine too, as '%s:SYMBOL'", pattern,
                         pattern);
    }
    struct nearest n = {.wanted = pattern};
    for (size_t i = 0; i < all->count && !pattern_is_glob(pattern); i++) {
        if (!all->items[i].planted || strncmp(pattern, "planted", 7) == 0) {
            nearest_offer(&n, all->items[i].name);
        }
    }
    char near_text[NEAREST_MAX * (NEAREST_NAME_MAX + 8)];
    nearest_print(&n, near_text, sizeof near_text);
    return error_set(error, "no backend %s '%s'%s; see 'storescope list'",
                     pattern_is_glob(pattern) ? "matches" : "is named", pattern, near_text);
}

bool backend_list_find(const struct backend_list *all, const char *pattern,
                       struct backend_list *out, struct error *error)
{
    if (strchr(pattern, ':') != NULL) {
        return path_find(pattern, out, error);
    }
    bool planted_too = strncmp(pattern, "planted", 7) == 0;
    size_t before = out->count;
    for (size_t i = 0; i < all->count; i++) {
        if ((planted_too || !all->items[i].planted) &&
            fnmatch(pattern, all->items[i].name, 0) == 0) {
            backend_add_copy(out, &all->items[i]);
        }
    }
    return out->count > before || fail_unknown(all, pattern, error);
}
