// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/history_files.h"

#include "base/file.h"
#include "cli/report_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct reading_history {
    const struct options *o;
    struct history_wanted wanted;
    struct history *out;
    size_t left_out; // files of folders that are no reports
    struct error why;
};

static bool same_file(const char *path, const struct stat *status)
{
    struct stat other;
    return stat(path, &other) == 0 && other.st_dev == status->st_dev &&
           other.st_ino == status->st_ino;
}

// The report at hand may lie in the folder of all.
static bool is_at_hand(const struct options *o, const struct stat *status)
{
    for (size_t i = 0; i < o->word_count; i++)
        if (same_file(o->words[i], status))
            return true;
    return false;
}

static bool read_file(struct reading_history *r, const char *path, const struct stat *status,
                      bool of_folder, struct error *error)
{
    enum history_taken taken = HISTORY_NO_REPORT;
    if (is_at_hand(r->o, status))
        return true;
    cJSON *json = report_file_read(path, error);
    if (json != NULL)
        taken = history_add(r->out, json, path, status->st_mtime, &r->wanted, error);
    cJSON_Delete(json);
    if (taken == HISTORY_TAKEN || (of_folder && taken == HISTORY_NOT_EARLIER))
        return true;
    if (of_folder && r->left_out++ == 0)
        r->why = *error;
    return of_folder;
}

static bool is_json(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strcmp(dot, ".json") == 0;
}

static bool read_path(struct reading_history *r, const char *path, struct error *error)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set(error, "--history '%s': %s; give a JSON report, or a folder of them", path,
                         strerror(errno));
    FTS *tree = file_tree(roots);
    bool good = tree != NULL || error_set(error, "--history '%s': %s", path, strerror(errno));
    for (FTSENT *e; good && (e = fts_read(tree)) != NULL;) {
        bool of_folder = e->fts_level > 0;
        if (e->fts_info == FTS_F && (!of_folder || is_json(e->fts_name)))
            good = read_file(r, e->fts_path, e->fts_statp, of_folder, error);
    }
    if (tree != NULL)
        fts_close(tree);
    return good;
}

static void tell_left_out(const struct reading_history *r, const char *path)
{
    if (r->left_out > 0 && !r->o->quiet)
        fprintf(stderr, "storescope: --history '%s': left out %zu file%s; the first: %s\n", path,
                r->left_out, r->left_out == 1 ? "" : "s", r->why.text);
}

bool history_files_read(const struct options *o, const char *date, struct history *out,
                        struct error *error)
{
    *out = (struct history){.count = 0};
    for (size_t i = 0; i < o->history_count; i++) {
        struct reading_history r = {
            .o = o, .wanted = {.date = date, .device = o->run.device}, .out = out};
        if (!read_path(&r, o->history[i], error))
            return false;
        tell_left_out(&r, o->history[i]);
    }
    return true;
}
