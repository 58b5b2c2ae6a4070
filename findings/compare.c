// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "findings/compare.h"

#include "findings/saved_case.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct rerun {
    struct copy_case c;
    struct result *results; // one a contract
};

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool comparing_open(struct comparing *x, const char *baseline, const char *write,
                    const struct sweep_options *run, struct error *error)
{
    *x = (struct comparing){.baseline = baseline, .write = write, .run = *run};
    x->report.path = baseline;
    if (baseline && !expect_load(baseline, &x->known, error))
        return false;
    if (write && exists(write) && !expect_load(write, &x->next, error)) {
        expect_free(&x->known);
        return false;
    }
    // Without --baseline, what changes in the file is what is reported.
    if (baseline == NULL && write && exists(write) && !expect_load(write, &x->known, error)) {
        expect_free(&x->next);
        return false;
    }
    return true;
}

static void forget_reruns(struct comparing *x)
{
    for (size_t i = 0; i < x->rerun_count; i++) {
        for (size_t k = 0; k < x->contract_count; k++)
            result_free(&x->reruns[i].results[k]);
        free(x->reruns[i].results);
    }
    free(x->reruns);
    x->reruns = NULL;
    x->rerun_count = 0;
}

static void start_backend(struct comparing *x, const struct backend *b,
                          const struct contract *contracts, size_t count)
{
    forget_reruns(x);
    x->backend = b;
    x->contracts = contracts;
    x->contract_count = count;
    x->stranger = expect_of(&x->known, b->name, false) == NULL;
    x->report.strangers += x->stranger;
}

// What the case comes to under contract K, run once for all; NULL when the
// system failed.
static const struct result *rerun(struct comparing *x, const struct copy_case *c, size_t k)
{
    for (size_t i = 0; i < x->rerun_count; i++)
        if (case_compare(&x->reruns[i].c, c) == 0)
            return &x->reruns[i].results[k];
    struct result *results = calloc(x->contract_count, sizeof *results);
    assert(results != NULL);
    if (!rejudge(x->backend, c, x->contracts, x->contract_count, &x->run, results, &x->error)) {
        free(results);
        return NULL;
    }
    x->reruns = reallocarray(x->reruns, x->rerun_count + 1, sizeof *x->reruns);
    assert(x->reruns != NULL);
    x->reruns[x->rerun_count++] = (struct rerun){.c = *c, .results = results};
    return &results[k];
}

static bool same_tunables(const struct copy_case *a, const struct copy_case *b)
{
    return memcmp(a->tunable, b->tunable, sizeof a->tunable) == 0;
}

static struct difference *tell(struct comparing *x, enum difference_kind kind,
                               const struct expect_row *row, const struct expect_key *key,
                               enum rule_id rule, const struct finding *f)
{
    struct difference *d = baseline_add(&x->report, kind, x->backend->name, key, rule);
    d->has_before = row != NULL;
    if (row)
        d->before = row->c;
    d->has_now = f != NULL;
    if (f) {
        d->now = f->witness;
        rejudge_sites(f, d->sites);
        snprintf(d->message, sizeof d->message, "%s", f->message);
    }
    return d;
}

// A rule that is expected: F is what was found of it, or NULL.
static void compare_row(struct comparing *x, size_t k, const struct expect_row *row,
                        const struct finding *f)
{
    char sites[SIGNATURE_PAIR_MAX];
    const struct finding *at_row = f; // of the row's own case
    if (f == NULL || case_compare(&f->witness, &row->c) != 0) {
        const struct result *r = rerun(x, &row->c, k);
        if (r == NULL)
            return;
        at_row = rejudge_finding(r, row->rule);
        if (at_row == NULL && r->verdict != VERDICT_CONFORMS && r->verdict != VERDICT_VIOLATES) {
            baseline_add_unjudged(&x->report, x->backend->name, row->key.contract, r->reason);
            return;
        }
    }
    if (at_row == NULL && f == NULL) {
        tell(x, DIFFERENCE_GONE, row, &row->key, row->rule, NULL);
        return;
    }
    const struct finding *now = at_row ? at_row : f;
    rejudge_sites(now, sites);
    if (!expect_row_has(row, sites))
        tell(x, DIFFERENCE_NEW_SITES, row, &row->key, row->rule, now);
    else if (f && f->witness.size < row->c.size && same_tunables(&f->witness, &row->c))
        tell(x, DIFFERENCE_WORSE, row, &row->key, row->rule, f);
    else
        x->report.as_expected++;
}

// Brings the row that is to be written up to date. A row keeps its sites, and
// its case while that still shows.
static void update_row(struct comparing *x, size_t k, const struct expect_key *key,
                       enum rule_id rule, const struct finding *f)
{
    struct expect_backend *b = expect_of(&x->next, x->backend->name, true);
    struct expect_row *row = expect_row_of(b, key, rule, NULL);
    char sites[SIGNATURE_PAIR_MAX];
    const struct result *r = row ? rerun(x, &row->c, k) : NULL;
    const struct finding *old = r ? rejudge_finding(r, rule) : NULL;
    bool unknown = r && !old && r->verdict != VERDICT_CONFORMS && r->verdict != VERDICT_VIOLATES;
    if (row && !old && !f && !unknown) {
        expect_drop_row(b, row);
        return;
    }
    if (!row && f)
        row = expect_row_of(b, key, rule, &f->witness);
    else if (f && !unknown && (!old || case_compare(&f->witness, &row->c) < 0))
        row->c = f->witness;
    for (int i = 0; i < 2; i++) {
        const struct finding *from = i ? old : f;
        if (from) {
            rejudge_sites(from, sites);
            expect_row_add(row, sites);
        }
    }
}

static struct expect_key key_of(const struct comparing *x, const struct contract *contract,
                                enum copy_op op)
{
    struct expect_key key = {.device = x->run.device, .op = op};
    snprintf(key.contract, sizeof key.contract, "%s", contract->name);
    return key;
}

static void compare_result(struct comparing *x, const struct result *r, size_t k)
{
    struct expect_key key = key_of(x, r->contract, r->op);
    struct expect_backend *known = expect_of(&x->known, x->backend->name, false);
    if (r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_BROKEN) {
        if (!r->interrupted)
            baseline_add_unjudged(&x->report, x->backend->name, r->contract->name, r->reason);
        return;
    }
    x->report.judged++;
    if (x->write)
        expect_set_judged(expect_of(&x->next, x->backend->name, true), &key);
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        const struct finding *f = rejudge_finding(r, (enum rule_id)rule);
        const struct expect_row *row =
            known ? expect_row_of(known, &key, (enum rule_id)rule, NULL) : NULL;
        if (row)
            compare_row(x, k, row, f);
        else if (f && x->baseline == NULL && x->stranger)
            x->report.recorded++;
        else if (f)
            tell(x, DIFFERENCE_NEW_RULE, NULL, &key, (enum rule_id)rule, f);
        if (x->write)
            update_row(x, k, &key, (enum rule_id)rule, f);
    }
}

void comparing_results(struct comparing *x, const struct result *results, size_t count)
{
    if (count == 0 || x->error.text[0])
        return;
    // Results name contracts that lie in one array.
    start_backend(x, results[0].backend, results[0].contract, count);
    for (size_t k = 0; k < count && !x->error.text[0]; k++)
        compare_result(x, &results[k], k);
    forget_reruns(x);
}

// ---- campaigns ----

void comparing_finding(struct comparing *x, const struct backend *b,
                       const struct contract *contract, const struct saved *s, const char *message)
{
    struct expect_key key = key_of(x, contract, s->c.op);
    struct expect_backend *known = expect_of(&x->known, b->name, false);
    const struct expect_row *row = known ? expect_row_of(known, &key, s->rule, NULL) : NULL;
    enum difference_kind kind = DIFFERENCE_KINDS;
    if (row == NULL)
        kind = DIFFERENCE_NEW_RULE;
    else if (!expect_row_has(row, s->sites))
        kind = DIFFERENCE_NEW_SITES;
    else if (s->c.size < row->c.size && same_tunables(&s->c, &row->c))
        kind = DIFFERENCE_WORSE;
    if (kind != DIFFERENCE_KINDS) {
        struct difference *d = baseline_add(&x->report, kind, b->name, &key, s->rule);
        d->has_before = row != NULL;
        if (row)
            d->before = row->c;
        d->has_now = true;
        d->now = s->c;
        snprintf(d->sites, sizeof d->sites, "%s", s->sites);
        snprintf(d->message, sizeof d->message, "%s", message);
    } else {
        x->report.as_expected++;
    }
    if (!x->write)
        return;
    struct expect_backend *next = expect_of(&x->next, b->name, true);
    struct expect_row *to = expect_row_of(next, &key, s->rule, &s->c);
    expect_row_add(to, s->sites);
    if (case_compare(&s->c, &to->c) < 0 && same_tunables(&s->c, &to->c))
        to->c = s->c;
}

void comparing_expected(struct comparing *x, const struct backend *b,
                        const struct contract *contracts, size_t count, enum copy_op op)
{
    start_backend(x, b, contracts, count);
    for (size_t k = 0; k < count && !x->error.text[0]; k++) {
        struct expect_key key = key_of(x, &contracts[k], op);
        struct expect_backend *known = expect_of(&x->known, b->name, false);
        x->report.judged++;
        for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
            const struct expect_row *row =
                known ? expect_row_of(known, &key, (enum rule_id)rule, NULL) : NULL;
            if (row)
                compare_row(x, k, row, NULL);
            if (x->write)
                update_row(x, k, &key, (enum rule_id)rule, NULL);
        }
    }
    forget_reruns(x);
}

void comparing_free(struct comparing *x)
{
    forget_reruns(x);
    expect_free(&x->known);
    expect_free(&x->next);
    baseline_free(&x->report);
}
