// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// From what harnesses found to what a person gets: each confirmed by the oracle in
// a worker, minimised, and once for each backend, rule and pair of sites.

#include "fuzz/campaign/collect.h"

#include "findings/rejudge.h"

#include "base/clock.h"
#include "base/output.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 60, PATIENCE_MS = 4000 };

static const struct backend *backend_named(const struct selection *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->name, name) == 0)
            return list->items[i];
    return NULL;
}

static bool write_finding(const struct fuzz_finding *x, struct error *error)
{
    struct output out;
    if (!output_open(&out, x->path, error))
        return false;
    fprintf(out.file, "# %s\n", x->message);
    saved_print(&x->saved, out.file);
    return output_close(&out, error);
}

// Minimised before, by this campaign or one that it resumes?
static bool had_before(struct fuzz_finding *x)
{
    struct saved before;
    struct error why;
    if (!saved_load(x->path, &before, &why) || !saved_same(&before, &x->saved) ||
        case_compare(&before.c, &x->saved.c) > 0)
        return false;
    x->saved.c = before.c;
    return true;
}

static void confirm(struct fuzz_finding *x, const struct backend *b, unsigned tries,
                    const struct sweep_options *run)
{
    struct contract *contracts = NULL;
    size_t count = 0;
    struct error error = {""};
    struct sweep_options mine = *run;
    mine.device = x->saved.device;
    mine.stop = NULL; // what was found is confirmed even when the user wants to stop
    if (b == NULL)
        snprintf(x->reason, sizeof x->reason, "the backend is not here");
    else if (!x->saved.has_rule)
        snprintf(x->reason, sizeof x->reason, "its file names no rule");
    else if (rejudge_contracts(x->saved.contracts, &contracts, &count, &error))
        x->confirmed = case_minimise(b, &contracts[0], &x->saved, tries, &mine, x->message,
                                     sizeof x->message, &error);
    if (error.text[0])
        snprintf(x->reason, sizeof x->reason, "%.*s", TRACE_REASON_MAX - 1, error.text);
    free(contracts);
}

static bool collect_file(struct fuzz_findings *x, const struct fuzz_folder *f, const char *path,
                         const struct selection *backends, unsigned tries,
                         const struct sweep_options *run, struct error *error)
{
    struct fuzz_finding *item;
    struct saved s;
    struct error why;
    char name[SAVED_NAME_MAX];
    if (!saved_load(path, &s, &why)) {
        x->unreadable++;
        return true;
    }
    x->items = reallocarray(x->items, x->count + 1, sizeof *x->items);
    assert(x->items != NULL);
    item = &x->items[x->count++];
    *item = (struct fuzz_finding){.saved = s};
    saved_name(&s, name);
    item->path = path_join(f->findings, name);
    // What was minimised before needs but be seen again.
    bool had = had_before(item);
    confirm(item, backend_named(backends, s.backend), had ? 1 : tries, run);
    if (had && !item->confirmed) {
        item->saved = s;
        confirm(item, backend_named(backends, s.backend), tries, run);
    }
    return !item->confirmed || write_finding(item, error);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_plain(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

bool findings_collect(struct fuzz_findings *x, const struct fuzz_folder *f,
                      const struct selection *backends, const struct sweep_options *run,
                      struct fuzz_screen *screen, struct error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(f->found, &entries, is_plain, by_name);
    // As long as the campaign itself at most, and no less than some seconds.
    uint64_t began = clock_now_ms(), span_ms = (uint64_t)(f->seconds * 1000) + 2 * PATIENCE_MS;
    bool ok = count >= 0;
    *x = (struct fuzz_findings){.count = 0};
    if (!ok)
        error_set(error, "cannot read '%s': %s", f->found, strerror(errno));
    for (int i = 0; i < count; i++) {
        bool stop = run->stop && *run->stop;
        bool hurry = clock_now_ms() > began + (stop ? PATIENCE_MS : span_ms);
        char *path = path_join(f->found, entries[i]->d_name);
        screen_step(screen, "minimised", (size_t)i, (size_t)count);
        ok = ok && collect_file(x, f, path, backends, hurry ? 1 : TRIES, run, error);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

void findings_free(struct fuzz_findings *x)
{
    for (size_t i = 0; i < x->count; i++)
        free(x->items[i].path);
    free(x->items);
    *x = (struct fuzz_findings){.count = 0};
}
