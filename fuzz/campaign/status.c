// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a campaign has done so far.

#include "fuzz/campaign/status.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static uint64_t count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    uint64_t count = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        count += e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

static uint64_t count_queues(const char *afl)
{
    DIR *dir = opendir(afl);
    uint64_t count = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        char *instance = path_join(afl, e->d_name), *queue = path_join(instance, "queue");
        count += count_files(queue);
        free(queue);
        free(instance);
    }
    if (dir)
        closedir(dir);
    return count;
}

static uint64_t count_corpus(const struct fuzz_folder *f)
{
    DIR *dir = opendir(f->state);
    uint64_t count = count_files(f->seeds);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, "group-", 6) != 0)
            continue;
        char *group = path_join(f->state, e->d_name);
        char *libfuzzer = path_join(group, "libfuzzer"), *afl = path_join(group, "afl");
        count += count_files(libfuzzer) + count_queues(afl);
        free(libfuzzer);
        free(afl);
        free(group);
    }
    if (dir)
        closedir(dir);
    return count;
}

void status_read(const struct fuzz_folder *f, const struct scoreboard *scoreboard,
                 struct fuzz_status *out)
{
    *out = (struct fuzz_status){.corpus = count_corpus(f)};
    if (scoreboard == NULL)
        return;
    out->executions = atomic_load(&scoreboard->executions);
    for (size_t i = 0; i < SCOREBOARD_BACKENDS_MAX; i++) {
        const struct scoreboard_backend *row = &scoreboard->backends[i];
        if (atomic_load(&row->state) != 2)
            continue;
        out->known += atomic_load(&row->known);
        out->reached += atomic_load(&row->reached);
        out->skipped += atomic_load(&row->skipped);
        out->broken += atomic_load(&row->broken);
        for (size_t rule = 0; rule < RULE_COUNT && rule < SCOREBOARD_RULES_MAX; rule++) {
            uint64_t found = atomic_load(&row->findings[rule]);
            uint64_t expected = atomic_load(&row->expected[rule]);
            out->findings[rule] += found;
            out->finding_count += found;
            out->expected[rule] += expected;
            out->expected_count += expected;
        }
    }
}

// ---- showing it ----
