// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/campaign/solve.h"

#include "base/clock.h"
#include "base/memory.h"
#include "findings/rejudge.h"
#include "prove/prove.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CASES_MAX = 1 << 16,
    CASE_MAX = 64 * 1024, // bytes
    SOLVER_MS = 2000,
};

struct cases {
    struct copy_case *items;
    size_t count, capacity;
};

struct solving {
    struct fuzz *x;
    const struct backend *backend;
    struct cases breaking, others; // those that are to break a rule are judged first
    uint64_t until_ms;
};

static bool goes_on(const struct solving *s)
{
    return clock_now_ms() < s->until_ms && !*s->x->run.stop;
}

static void take_case(void *context, const struct copy_case *c, bool breaks)
{
    struct solving *s = context;
    struct cases *into = breaks ? &s->breaking : &s->others;
    if (into->count == CASES_MAX)
        return;
    if (into->count == into->capacity) {
        into->capacity = into->capacity ? 2 * into->capacity : 256;
        into->items = must(realloc(into->items, into->capacity * sizeof *into->items));
    }
    into->items[into->count++] = *c;
}

static enum copy_op op_of(const struct solving *s)
{
    return s->x->folder.op < 0 ? s->backend->op : (enum copy_op)s->x->folder.op;
}

// What comes to no end for every size has paths of fewer bytes all the same: those first.
static bool find_cases(struct solving *s, struct error *error)
{
    const uint64_t sizes[] = {1024, proof_defaults.size_hi};
    struct proof_options how = proof_defaults;
    struct proof *proofs = must(calloc(s->x->contract_count, sizeof *proofs));
    bool ok = true;
    how.brief = true;
    how.case_max = CASE_MAX;
    how.solver_ms = SOLVER_MS;
    how.found = take_case;
    how.context = s;
    how.run = &s->x->run;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && ok && goes_on(s); i++) {
        // The rest is for what was found.
        how.until_ms = clock_now_ms() + (s->until_ms - clock_now_ms()) / 3;
        how.size_hi = sizes[i];
        ok = prove_run(s->backend, op_of(s), s->x->contracts, s->x->contract_count, &how, proofs,
                       error);
    }
    free(proofs);
    return ok;
}

// Names of the contracts that break the rule at the same sites.
static void name_contracts(const struct result *results, size_t count, struct saved *out)
{
    size_t length = 0;
    char sites[SIGNATURE_PAIR_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct finding *f = rejudge_finding(&results[i], out->rule);
        size_t room = sizeof out->contracts - length;
        if (!f)
            continue;
        rejudge_sites(f, sites);
        if (strcmp(sites, out->sites) == 0 && strlen(results[i].contract->name) + 1 < room)
            length += (size_t)snprintf(out->contracts + length, room, "%s%s", length ? "," : "",
                                       results[i].contract->name);
    }
}

// One file for each rule and pair of sites, the first that is found.
static bool write_finding(const struct solving *s, const struct result *results,
                          const struct finding *f, struct error *error)
{
    struct saved saved = {
        .device = s->x->folder.device, .has_rule = true, .rule = f->rule, .c = f->witness};
    char name[SAVED_NAME_MAX];
    struct output out;
    snprintf(saved.backend, sizeof saved.backend, "%s", s->backend->name);
    rejudge_sites(f, saved.sites);
    name_contracts(results, s->x->contract_count, &saved);
    saved_name(&saved, name);
    char *path = path_join(s->x->folder.found, name);
    bool had = access(path, F_OK) == 0, ok = had || output_open(&out, path, error);
    free(path);
    if (!had && ok) {
        saved_print(&saved, out.file);
        ok = output_close(&out, error);
    }
    return ok;
}

static bool judge_case(struct solving *s, const struct copy_case *c, struct error *error)
{
    size_t count = s->x->contract_count;
    struct result *results = must(calloc(count, sizeof *results));
    struct sweep_options run = s->x->run;
    run.device = s->x->folder.device;
    bool ok = rejudge(s->backend, c, s->x->contracts, count, &run, results, error);
    for (size_t i = 0; i < count && ok; i++) {
        for (size_t k = 0; k < results[i].finding_count && ok; k++)
            ok = write_finding(s, results, &results[i].findings[k], error);
        result_free(&results[i]);
    }
    free(results);
    return ok && folder_add_seed(&s->x->folder, c, error);
}

static bool judge_cases(struct solving *s, const struct cases *cases, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; i < cases->count && ok && goes_on(s); i++, s->x->solved++)
        ok = judge_case(s, &cases->items[i], error);
    return ok;
}

static bool solve(struct fuzz *x, const struct backend *b, uint64_t until_ms, struct error *error)
{
    struct solving s = {.x = x, .backend = b, .until_ms = until_ms};
    bool ok = find_cases(&s, error) && judge_cases(&s, &s.breaking, error) &&
              judge_cases(&s, &s.others, error);
    free(s.breaking.items);
    free(s.others.items);
    return ok;
}

bool campaign_solve(struct fuzz *x, uint64_t ms, struct error *error)
{
    uint64_t end_ms = clock_now_ms() + ms;
    bool ok = true;
    for (size_t i = 0; i < x->selection.count && ok; i++) {
        const struct backend *b = x->selection.items[i];
        uint64_t now = clock_now_ms();
        if (now >= end_ms || *x->run.stop)
            break;
        screen_step(&x->screen, "solved", i, x->selection.count);
        if (b->missing == NULL)
            ok = solve(x, b, now + (end_ms - now) / (x->selection.count - i), error);
    }
    return ok;
}
