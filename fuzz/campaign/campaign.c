// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/campaign/solve.h"

#include "base/clock.h"
#include "base/error.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    GROUP_MAX = 8, // backends that one engine is given at a time
    TICK_MS = 100,
    SAVE_MS = 2000,
    HISTORY_MS = 10000,
    WRAP_UP_MS = 3000, // an engine may take to end by itself
    SAMPLES_MAX = SCOREBOARD_BACKENDS_MAX,
};

static double elapsed_seconds(const struct fuzz *x)
{
    return (double)(clock_now_ms() - x->began_ms) / 1000;
}

static bool stopped(const struct fuzz *x)
{
    return *x->run.stop != 0;
}

// ---- the history ----

static char *backend_list_text(char *const *names, size_t count)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert(out != NULL);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i ? "," : "", names[i]);
    fclose(out);
    return text;
}

static bool note_campaign(struct fuzz *x, const char *state, const struct fuzz_status *status,
                          struct error *error)
{
    struct history_campaign c = {.contracts = x->folder.contracts,
                                 .state = state,
                                 .seconds = x->folder.seconds,
                                 .executions = status->executions,
                                 .corpus = status->corpus,
                                 .now = time(NULL)};
    char *names = backend_list_text(x->folder.backends, x->folder.backend_count);
    struct history_sample *samples = calloc(SAMPLES_MAX, sizeof *samples);
    assert(samples != NULL);
    size_t count = 0;
    c.backends = names;
    memcpy(c.key, x->folder.key, sizeof c.key);
    for (size_t i = 0; x->scoreboard != NULL && i < SCOREBOARD_BACKENDS_MAX; i++) {
        const struct scoreboard_backend *row = &x->scoreboard->backends[i];
        if (atomic_load(&row->state) == 2 && memchr(row->name, '\0', sizeof row->name))
            samples[count++] =
                (struct history_sample){row->name, atomic_load(&row->executions),
                                        atomic_load(&row->known), atomic_load(&row->reached)};
    }
    bool ok = history_campaign(x->history, &c, error) &&
              history_coverage(x->history, c.key, c.now, samples, count, error);
    free(samples);
    free(names);
    return ok;
}

static bool note_findings(struct fuzz *x, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < x->findings.count; i++) {
        struct fuzz_finding *f = &x->findings.items[i];
        if (f->confirmed)
            ok = history_finding(x->history, x->folder.key, time(NULL), &f->saved, &f->is_new,
                                 error);
    }
    return ok;
}

// ---- running ----

// What is known to be wrong ends the campaign's waiting, not the campaign.
struct keeping {
    uint64_t saved_ms, noted_ms;
};

static void keep(struct fuzz *x, struct keeping *k, const struct fuzz_status *status)
{
    struct error error;
    uint64_t now = clock_now_ms();
    x->folder.seconds = x->began_seconds + elapsed_seconds(x);
    bool ok = true;
    if (now >= k->saved_ms + SAVE_MS) {
        ok = folder_save(&x->folder, &error);
        k->saved_ms = now;
    }
    if (ok && now >= k->noted_ms + HISTORY_MS) {
        ok = note_campaign(x, "running", status, &error);
        k->noted_ms = now;
    }
    if (!ok && x->trouble[0] == '\0')
        snprintf(x->trouble, sizeof x->trouble, "%.500s", error.text);
}

static void terminal(struct fuzz *x, struct fuzz_status *status)
{
    struct error error;
    if (x->scoreboard == NULL)
        x->scoreboard = scoreboard_look(x->folder.scoreboard, &error);
    status_read(&x->folder, x->scoreboard, status);
}

static bool any_running(const struct engines *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].pid > 0)
            return true;
    return false;
}

// The engines of the kinds, for a time.
static void run_phase(struct fuzz *x, struct engines *e, enum engine_kind kinds, uint64_t ms)
{
    const struct timespec tick = {0, TICK_MS * 1000000L};
    uint64_t until = clock_now_ms() + ms;
    struct keeping k = {.noted_ms = clock_now_ms()};
    struct fuzz_status status;
    bool any = true;
    engines_start(e, kinds, x->run.jobs, ms);
    while (any && !stopped(x)) {
        nanosleep(&tick, NULL);
        uint64_t now = clock_now_ms(), left = now < until ? until - now : 0;
        any = engines_tend(e, left) && (left > 0 || any_running(e)) && now < until + WRAP_UP_MS;
        terminal(x, &status);
        keep(x, &k, &status);
        screen_show(&x->screen, &x->folder, &status, e, x->folder.total - x->folder.seconds);
    }
    engines_stop(e);
    x->crashes += e->crashes;
    e->crashes = 0;
    if (e->trouble[0] && x->trouble[0] == '\0')
        memcpy(x->trouble, e->trouble, sizeof x->trouble);
    for (size_t i = 0; i < e->count; i++)
        free(e->items[i].log);
    free(e->items);
    e->items = NULL;
    e->count = 0;
}

static bool make_group(struct engines *e, struct error *error)
{
    static const char *const inside[] = {"libfuzzer", "afl", "crashes", "tmp"};
    bool ok = make_folder(e->group, "name another with --corpus", error);
    for (size_t i = 0; ok && i < sizeof inside / sizeof *inside; i++) {
        char *path = path_join(e->group, inside[i]);
        ok = make_folder(path, "name another with --corpus", error);
        free(path);
    }
    return ok;
}

// What is no news to the engines: what is compared with, else what is to be
// rewritten, so that what is known is not confirmed and minimised all over again.
static const char *known_before(const struct fuzz_options *own)
{
    if (own->baseline)
        return own->baseline;
    return own->write && access(own->write, F_OK) == 0 ? own->write : NULL;
}

static bool run_group(struct fuzz *x, size_t first, size_t count, uint64_t ms, struct error *error)
{
    char name[32];
    struct engines e = {.programs = &x->programs, .folder = &x->folder};
    snprintf(name, sizeof name, "group-%zu", first / GROUP_MAX + 1);
    e.group = path_join(x->folder.state, name);
    e.backends = backend_list_text(x->folder.backends + first, count);
    e.expect = known_before(x->own);
    unsigned kinds =
        (x->programs.libfuzzer ? ENGINE_LIBFUZZER : 0u) | (x->programs.afl ? ENGINE_AFL : 0u);
    bool ok = make_group(&e, error);
    if (ok && kinds == ENGINE_BOTH && x->run.jobs == 1) { // one core: one after the other
        run_phase(x, &e, ENGINE_LIBFUZZER, ms / 2);
        if (!stopped(x))
            run_phase(x, &e, ENGINE_AFL, ms / 2);
    } else if (ok) {
        run_phase(x, &e, (enum engine_kind)kinds, ms);
    }
    engines_free(&e);
    return ok;
}

// Alone it has all of the time; else no more than a third.
static bool solve_first(struct fuzz *x, struct error *error)
{
    double left = x->folder.total - (x->began_seconds + elapsed_seconds(x));
    bool alone = !x->programs.libfuzzer && !x->programs.afl;
    return left <= 0 || campaign_solve(x, (uint64_t)(left * 1000) / (alone ? 1 : 3), error);
}

static void run_groups(struct fuzz *x, struct error *error)
{
    size_t all = x->folder.backend_count, groups = (all + GROUP_MAX - 1) / GROUP_MAX;
    bool ok = true;
    if (x->own->engine & ENGINE_SOLVE)
        ok = solve_first(x, error);
    if (!x->programs.libfuzzer && !x->programs.afl)
        return;
    for (size_t g = 0; ok && g < groups && !stopped(x); g++) {
        size_t first = g * GROUP_MAX, rest = all - first;
        double left = x->folder.total - (x->began_seconds + elapsed_seconds(x));
        double slice = left / (double)(groups - g);
        if (slice < 1)
            slice = 1;
        ok = run_group(x, first, rest < GROUP_MAX ? rest : GROUP_MAX, (uint64_t)(slice * 1000),
                       error);
    }
}

// ---- before and after ----

static void tell_skipped_seeds(const struct fuzz_folder *f)
{
    if (f->skipped_count == 0)
        return;
    fprintf(stderr, "storescope: %" PRIu64 " file%s in '%s' %s no saved case and %s skipped:\n",
            f->skipped_count, f->skipped_count > 1 ? "s" : "", f->root,
            f->skipped_count > 1 ? "are" : "is", f->skipped_count > 1 ? "are" : "is");
    for (size_t i = 0; i < f->skipped_kept; i++)
        fprintf(stderr, "  %s\n", f->skipped[i]);
    if (f->skipped_count > f->skipped_kept)
        fprintf(stderr, "  and %" PRIu64 " more\n", f->skipped_count - f->skipped_kept);
}

static bool begin(struct fuzz *x, struct error *error)
{
    struct fuzz_status none = {.executions = 0};
    x->began_seconds = x->folder.seconds;
    x->began_ms = clock_now_ms();
    x->history = history_open(x->history_path, true, error);
    if (x->history == NULL || !folder_seed(&x->folder, x->programs.seeds, error))
        return false;
    tell_skipped_seeds(&x->folder);
    terminal(x, &none);
    return folder_save(&x->folder, error) && note_campaign(x, "running", &none, error);
}

// Does a finding's list have the contract? Engines name files by their whole path.
static bool contracts_have(const char *list, const struct contract *c)
{
    struct contract *contracts = NULL;
    size_t count = 0;
    struct error error;
    bool has = false;
    if (rejudge_contracts(list, &contracts, &count, &error))
        for (size_t i = 0; i < count; i++)
            has |= contract_same(contracts[i].name, c->name);
    free(contracts);
    return has;
}

// A finding's contracts, one by one, against the expectations; then what was
// expected and not found.
static bool compare(struct fuzz *x, struct error *error)
{
    struct comparing *c = &x->comparing;
    for (size_t i = 0; i < x->findings.count; i++) {
        const struct fuzz_finding *f = &x->findings.items[i];
        for (size_t b = 0; f->confirmed && b < x->selection.count; b++)
            for (size_t k = 0; k < x->contract_count; k++)
                if (strcmp(x->selection.items[b]->name, f->saved.backend) == 0 &&
                    contracts_have(f->saved.contracts, &x->contracts[k]))
                    comparing_finding(c, x->selection.items[b], &x->contracts[k], &f->saved,
                                      f->message);
    }
    for (size_t b = 0; b < x->selection.count && !stopped(x); b++) {
        const struct backend *backend = x->selection.items[b];
        screen_step(&x->screen, "compared", b, x->selection.count);
        enum copy_op op = x->folder.op < 0 ? backend->op : (enum copy_op)x->folder.op;
        if (backend->missing == NULL)
            comparing_expected(c, backend, x->contracts, x->contract_count, op);
    }
    c->report.interrupted = stopped(x);
    error_set(error, "%s", c->error.text);
    return c->error.text[0] == '\0' && (stopped(x) || comparing_write(c, error));
}

// Confirms, notes and compares what was found. Whatever goes wrong, the rest is
// done; the first trouble is in ERROR.
static void conclude(struct fuzz *x, const struct fuzz_status *status, bool compares,
                     struct error *error)
{
    struct error other = {""};
    bool ok = folder_save(&x->folder, &other);
    ok = findings_collect(&x->findings, &x->folder, &x->selection, &x->run, &x->screen, &other) &&
         ok;
    ok = note_findings(x, &other) && ok;
    ok = note_campaign(x, x->interrupted ? "interrupted" : "finished", status, &other) && ok;
    if (compares)
        ok = compare(x, &other) && ok;
    if (!ok && error->text[0] == '\0')
        error_set(error, "%s", other.text);
}

static int finish(struct fuzz *x, struct error *error)
{
    struct fuzz_status status;
    bool compares = x->own->baseline || x->own->write;
    x->interrupted = stopped(x);
    terminal(x, &status);
    x->folder.seconds = x->began_seconds + elapsed_seconds(x);
    conclude(x, &status, compares, error);
    screen_clear(&x->screen);
    int code = fuzz_report(x, &status, compares);
    return output_end(&x->out, error->text[0] ? error_tell("%s", error->text) : code);
}

int fuzz_run(struct fuzz *x)
{
    struct error error = {""};
    // Where the report goes is known to work before hours are spent.
    if (!output_open(&x->out, x->output, &error))
        return error_tell("%s", error.text);
    int status = EXIT_TROUBLE;
    bool compares = x->own->baseline || x->own->write;
    if ((compares &&
         !comparing_open(&x->comparing, x->own->baseline, x->own->write, &x->run, &error)) ||
        !begin(x, &error)) {
        error_tell("%s", error.text);
        output_abandon(&x->out);
    } else {
        struct fuzz_status had;
        terminal(x, &had); // of a campaign that goes on
        screen_init(&x->screen, x->quiet, had.executions);
        run_groups(x, &error);
        screen_clear(&x->screen);
        status = finish(x, &error);
    }
    findings_free(&x->findings);
    comparing_free(&x->comparing);
    history_close(x->history);
    if (x->scoreboard)
        scoreboard_close(x->scoreboard);
    return status;
}
