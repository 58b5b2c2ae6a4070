// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines of which nothing could be run here: a line a reason, as `list --missing' has
// them, and no row of the matrix each.

#include "base/memory.h"
#include "reports/access_text.h"
#include "reports/html/page.h"

#include <stdlib.h>
#include <string.h>

static bool is_absent(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].verdict != VERDICT_SKIPPED || results[i].planned > 0)
            return false;
    return count > 0;
}

static struct page_absent *absent_of(struct page *p, const char *reason)
{
    for (size_t i = 0; i < p->absent_count; i++)
        if (strcmp(p->absent[i].reason, reason) == 0)
            return &p->absent[i];
    p->absent = must(reallocarray(p->absent, p->absent_count + 1, sizeof *p->absent));
    struct page_absent *a = &p->absent[p->absent_count++];
    *a = (struct page_absent){.reason = must(strdup(reason)), .names = must(strdup(""))};
    return a;
}

bool page_absent_take(struct page *p, const struct result *results, size_t count)
{
    if (!is_absent(results, count))
        return false;
    struct page_absent *a = absent_of(p, results[0].reason);
    char *names = must_print("%s%s%s", a->names, a->count ? ", " : "", results[0].backend->name);
    free(a->names);
    a->names = names;
    a->count++;
    return true;
}

void page_absent_write(struct markup *m, const struct page *p)
{
    char count[COUNT_TEXT_MAX];
    if (p->absent_count == 0)
        return;
    markup_open_class(m, "section", "absent");
    markup_element(m, "h2", "", "Not run here");
    markup_open(m, "ul");
    for (size_t i = 0; i < p->absent_count; i++) {
        const struct page_absent *a = &p->absent[i];
        markup_open(m, "li");
        markup_format(m, "%s: %s", count_print(a->count, "routine", count), a->reason);
        markup_open(m, "details");
        markup_element(m, "summary", "", "which");
        markup_element(m, "p", "", a->names);
        markup_close_all(m, 2);
    }
    markup_close_all(m, 2);
}

void page_absent_free(struct page *p)
{
    for (size_t i = 0; i < p->absent_count; i++) {
        free(p->absent[i].reason);
        free(p->absent[i].names);
    }
    free(p->absent);
}
