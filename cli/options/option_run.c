// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Options that say how cases are run and judged.

#include "cli/options/option_groups.h"

#include "base/memory.h"
#include "base/nearest.h"
#include "base/number.h"
#include "cli/meant.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum option_key {
    KEY_CONTRACT = 'c',
    KEY_JOBS = 'j',
    KEY_QUIET = 'q',
    KEY_RECORDER = KEY_LONG,
    KEY_TIMEOUT,
    KEY_DEVICE,
    KEY_SHARD,
    KEY_PROVE,
    KEY_FULL,
};

enum { TIMEOUT_MAX_MS = 3600000 };

static const struct argp_option run_options[] = {
    OPTION("recorder", KEY_RECORDER, "NAME", "What records (see `storescope list recorders')"),
    OPTION("timeout", KEY_TIMEOUT, "TIME", "What one case may take: 500ms, 2s (default: 2s)"),
    {0},
};

static const struct argp_option contract_options[] = {
    OPTION("contract", KEY_CONTRACT, "NAME|FILE",
           "A kind of memory (see `storescope list contracts'), or a file; may be given again"),
    OPTION("device", KEY_DEVICE, "SIDE",
           "Which side is that memory: dst, src or both (default: dst)"),
    {0},
};

static const struct argp_option sweep_options[] = {
    OPTION("jobs", KEY_JOBS, "N", "Worker processes (default: the cores there are)"),
    OPTION("quiet", KEY_QUIET, NULL, "Show no progress"),
    {0},
};

static const struct argp_option shard_options[] = {
    OPTION("shard", KEY_SHARD, "K/N",
           "Only part K of N of the sweep, such as 2/8: the others are for other machines, and "
           "`storescope merge' puts the JSON reports of all together"),
    {0},
};

static const struct argp_option prove_options[] = {
    OPTION("prove", KEY_PROVE, "WHEN",
           "What breaks no rule in the sweep is proved for every case: quick (what takes no longer "
           "than a sweep), no, or a time for each routine, such as 30s (default: quick; compare: "
           "no)"),
    OPTION("full", KEY_FULL, NULL,
           "Every size, instead of a light plan: which compare has by default, but for --baseline "
           "and --diff, and check where every size is proved"),
    {0},
};

static error_t read_recorder(struct reading *r, const char *text)
{
    char names[128] = "", near_text[NEAREST_TEXT_MAX];
    size_t length = 0;
    struct nearest n = {.wanted = text};
    r->o->run.recorder = recorder_find(text);
    if (r->o->run.recorder != NULL)
        return 0;
    for (size_t i = 0; i < recorder_kind_count && length < sizeof names; i++) {
        nearest_offer(&n, recorder_kinds[i]->name);
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                   recorder_kinds[i]->name);
    }
    nearest_print(&n, near_text, sizeof near_text);
    return options_refuse(r, "--recorder '%s': there is none of that name%s; take one of: %s", text,
                          near_text, names);
}

static error_t read_run_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    uint64_t ms;
    switch (key) {
    case KEY_RECORDER:
        return read_recorder(r, text);
    case KEY_TIMEOUT:
        if (!number_time(text, NUMBER_MS, NUMBER_M, TIMEOUT_MAX_MS, &ms))
            return options_refuse(r, "--timeout '%s': expected 1ms to 60m, such as 500ms or 2s",
                                  text);
        r->o->run.timeout_ms = (unsigned)ms;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_contract(struct reading *r, const char *text)
{
    struct options *o = r->o;
    o->contracts = reallocarray(o->contracts, o->contract_count + 1, sizeof *o->contracts);
    assert(o->contracts != NULL);
    struct contract *contract = &o->contracts[o->contract_count];
    if (!contract_load(text, contract, &r->error)) {
        meant_add(text, &r->error);
        return EINVAL;
    }
    for (size_t i = 0; i < o->contract_count; i++)
        if (contract_same(o->contracts[i].name, contract->name))
            return options_refuse(r, "--contract '%s' is given twice; give it once", text);
    o->contract_names = reallocarray(o->contract_names, o->contract_count + 1, sizeof(char *));
    assert(o->contract_names != NULL);
    o->contract_names[o->contract_count++] = (char *)(uintptr_t)text;
    return 0;
}

error_t options_side(struct reading *r, const char *text)
{
    r->o->has_device = true;
    return device_side_parse(text, &r->o->run.device)
               ? 0
               : options_refuse(r, "--device '%s': expected dst, src or both", text);
}

static error_t read_contract_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case KEY_CONTRACT:
        return read_contract(r, text);
    case KEY_DEVICE:
        return options_side(r, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

error_t options_jobs(struct reading *r, const char *text)
{
    uint64_t jobs;
    if (!number_whole(text, &jobs) || jobs == 0 || jobs > JOBS_MAX)
        return options_refuse(r, "--jobs '%s': expected 1 to %d", text, JOBS_MAX);
    r->o->run.jobs = (unsigned)jobs;
    return 0;
}

static error_t read_sweep_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case KEY_JOBS:
        return options_jobs(r, text);
    case KEY_QUIET:
        r->o->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_shard_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    if (key != KEY_SHARD)
        return ARGP_ERR_UNKNOWN;
    return shard_parse(text, &r->o->shard)
               ? 0
               : options_refuse(r,
                                "--shard '%s': expected K/N, part K of N, from 1/N to N/N, N at "
                                "most %d",
                                text, SHARDS_MAX);
}

static error_t read_when_to_prove(struct reading *r, const char *text)
{
    struct options *o = r->o;
    o->has_prove = true;
    o->prove = strcmp(text, "no") == 0      ? PROVE_NOTHING
               : strcmp(text, "quick") == 0 ? PROVE_QUICK
                                            : PROVE_FOR;
    return o->prove != PROVE_FOR ||
                   number_time(text, NUMBER_S, NUMBER_M, TIMEOUT_MAX_MS, &o->prove_ms)
               ? 0
               : options_refuse(
                     r, "--prove '%s': expected quick, no, or a time to 60m, such as 30s", text);
}

static error_t read_prove_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    if (key == KEY_PROVE)
        return read_when_to_prove(r, text);
    r->o->full |= key == KEY_FULL;
    return key == KEY_FULL ? 0 : ARGP_ERR_UNKNOWN;
}

const struct argp options_run = {.options = run_options, .parser = read_run_option};

const struct argp options_contract = {.options = contract_options, .parser = read_contract_option};

const struct argp options_sweep = {.options = sweep_options, .parser = read_sweep_option};

const struct argp options_shard = {.options = shard_options, .parser = read_shard_option};

const struct argp options_prove = {.options = prove_options, .parser = read_prove_option};
