// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The folder of a campaign, and the state in it that a killed one leaves.

#include "fuzz/campaign/folder.h"

#include "base/file.h"
#include "base/output.h"
#include "fuzz/case/case_input.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SKIPPED_KEPT = 20, STATE_BYTES_MAX = 1 << 20 };
#define STATE_FIRST_LINE "storescope campaign 1"

// ---- the state ----

static bool take_state_line(struct fuzz_folder *f, char *line)
{
    char *value = strchr(line, ' ');
    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(line, "key") == 0 && strlen(value) < sizeof f->key)
        strcpy(f->key, value);
    else if (strcmp(line, "seconds") == 0)
        f->seconds = strtod(value, NULL);
    else if (strcmp(line, "total") == 0)
        f->total = strtod(value, NULL);
    else if (strcmp(line, "contracts") == 0 && f->contracts == NULL)
        f->contracts = strdup(value);
    else if (strcmp(line, "device") == 0)
        return device_side_parse(value, &f->device);
    else if (strcmp(line, "op") == 0)
        f->op = atoi(value);
    else if (strcmp(line, "data") == 0 && f->data == NULL)
        f->data = strdup(value);
    else if (strcmp(line, "backend") == 0) {
        f->backends = reallocarray(f->backends, f->backend_count + 1, sizeof *f->backends);
        assert(f->backends != NULL);
        f->backends[f->backend_count++] = strdup(value);
    } else
        return false;
    return true;
}

static bool read_state(struct fuzz_folder *f, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool ok = getline(&line, &room, file) > 0 &&
              strncmp(line, STATE_FIRST_LINE "\n", sizeof STATE_FIRST_LINE) == 0;
    while (ok && (length = getline(&line, &room, file)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        ok = take_state_line(f, line);
    }
    free(line);
    return ok && f->key[0] && f->backend_count > 0 && f->contracts && f->seconds >= 0 &&
           f->total >= 0 && f->op >= -1 && f->op < (int)OP_COUNT;
}

bool folder_save(const struct fuzz_folder *f, struct error *error)
{
    struct output out;
    char *path = path_join(f->state, "state");
    bool ok = output_open(&out, path, error);
    free(path);
    if (!ok)
        return false;
    fprintf(out.file, STATE_FIRST_LINE "\nkey %s\nseconds %.1f\ntotal %.1f\n", f->key, f->seconds,
            f->total);
    fprintf(out.file, "contracts %s\ndevice %s\nop %d\n", f->contracts, device_side_name(f->device),
            f->op);
    if (f->data != NULL)
        fprintf(out.file, "data %s\n", f->data);
    for (size_t i = 0; i < f->backend_count; i++)
        fprintf(out.file, "backend %s\n", f->backends[i]);
    return output_close(&out, error);
}

// ---- opening ----

static void name_paths(struct fuzz_folder *f, const char *root)
{
    f->root = strdup(root);
    assert(f->root != NULL);
    f->state = path_join(root, ".campaign");
    f->found = path_join(f->state, "found");
    f->seeds = path_join(f->state, "seeds");
    f->scoreboard = path_join(f->state, "board");
    f->findings = path_join(root, "findings");
}

static bool lock_folder(struct fuzz_folder *f, struct error *error)
{
    char *path = path_join(f->state, "lock");
    f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    free(path);
    if (f->lock >= 0 && flock(f->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (f->lock >= 0 && errno == EWOULDBLOCK)
        error_set(
            error,
            "another campaign runs in '%s'; wait for it, or name another folder with --corpus",
            f->root);
    else
        error_set(error, "cannot lock '%s': %s; name another folder with --corpus", f->root,
                  strerror(errno));
    return false;
}

static void new_key(struct fuzz_folder *f)
{
    struct timespec now;
    struct tm tm;
    char day[32] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm))
        strftime(day, sizeof day, "%Y%m%d-%H%M%S", &tm);
    snprintf(f->key, sizeof f->key, "%s-%ld-%d", day, now.tv_nsec / 1000, (int)getpid());
}

static bool open_state(struct fuzz_folder *f, bool resume, struct error *error)
{
    char *path = path_join(f->state, "state");
    FILE *file = fopen(path, "re");
    free(path);
    if (file == NULL && resume)
        return error_set(error,
                         "there is no campaign in '%s' to resume; leave --resume out to start one",
                         f->root);
    if (file == NULL) {
        new_key(f);
        return true;
    }
    bool ok = read_state(f, file);
    fclose(file);
    if (!ok)
        error_set(error,
                  "the state of the campaign in '%s' makes no sense; remove '%s' to start anew",
                  f->root, f->state);
    else if (!resume)
        error_set(error,
                  "there is a campaign in '%s' already; --resume goes on with it, or name another "
                  "folder with --corpus",
                  f->root);
    return ok && resume;
}

bool folder_open(struct fuzz_folder *f, const char *root, bool resume, struct error *error)
{
    struct stat status;
    *f = (struct fuzz_folder){.lock = -1, .device = DEVICE_DST, .op = -1};
    name_paths(f, root);
    bool ok = true;
    if (resume && stat(f->state, &status) != 0) {
        error_set(error, "there is no campaign in '%s' to resume; leave --resume out to start one",
                  root);
        ok = false;
    }
    ok = ok && make_folder(f->root, "name another with --corpus", error) &&
         make_folder(f->state, "name another with --corpus", error) && lock_folder(f, error) &&
         open_state(f, resume, error) &&
         make_folder(f->found, "name another with --corpus", error) &&
         make_folder(f->seeds, "name another with --corpus", error) &&
         make_folder(f->findings, "name another with --corpus", error);
    if (!ok)
        folder_close(f);
    return ok;
}

void folder_close(struct fuzz_folder *f)
{
    if (f->lock >= 0)
        close(f->lock);
    for (size_t i = 0; i < f->backend_count; i++)
        free(f->backends[i]);
    for (size_t i = 0; i < f->skipped_kept; i++)
        free(f->skipped[i]);
    free(f->skipped);
    free(f->backends);
    free(f->contracts);
    free(f->data);
    free(f->root);
    free(f->state);
    free(f->found);
    free(f->seeds);
    free(f->findings);
    free(f->scoreboard);
    *f = (struct fuzz_folder){.lock = -1};
}

// ---- seeds ----

static bool write_bytes(struct fuzz_folder *f, const void *bytes, size_t length,
                        struct error *error)
{
    struct output out;
    char name[40];
    snprintf(name, sizeof name, "seed-%06" PRIu64, f->seed_count++);
    char *path = path_join(f->seeds, name);
    bool ok = output_open(&out, path, error);
    free(path);
    if (!ok)
        return false;
    fwrite(bytes, length, 1, out.file);
    return output_close(&out, error);
}

bool folder_add_seed(struct fuzz_folder *f, const struct copy_case *c, struct error *error)
{
    uint8_t bytes[CASE_BYTES];
    char *text = NULL;
    size_t length;
    struct copy_case fitting = *c;
    fitting.fill = c->fill % CASE_BYTES_FILLS;
    if (case_to_bytes(&fitting, 0, bytes))
        return write_bytes(f, bytes, sizeof bytes, error);
    // What bytes cannot describe goes as its text.
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    saved_print(&(struct saved){.device = DEVICE_DST, .c = *c}, out);
    fclose(out);
    bool ok = write_bytes(f, text, length, error);
    free(text);
    return ok;
}

static void skip(struct fuzz_folder *f, const char *why)
{
    if (f->skipped_count++ >= SKIPPED_KEPT)
        return;
    f->skipped = reallocarray(f->skipped, f->skipped_kept + 1, sizeof *f->skipped);
    assert(f->skipped != NULL);
    f->skipped[f->skipped_kept] = strdup(why);
    assert(f->skipped[f->skipped_kept++] != NULL);
}

// Always tried: each class of sizes, and what overlaps.
static bool write_own_seeds(struct fuzz_folder *f, struct error *error)
{
    static const uint64_t sizes[] = {0,  1,  2,   3,   4,   7,   8,    15,   16,   31,
                                     32, 64, 100, 128, 256, 512, 1024, 2048, 4096, 8192};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof sizes / sizeof *sizes; i++) {
        struct copy_case c = {.op = OP_MEMMOVE, .size = sizes[i], .fill = 1};
        ok = folder_add_seed(f, &c, error);
        c.dst_off = 1;
        c.src_off = 3;
        ok = ok && folder_add_seed(f, &c, error);
        c.overlapping = true;
        c.overlap = (int64_t)sizes[i] / 2;
        c.src_off = case_src_off(c.dst_off, c.overlap);
        ok = ok && folder_add_seed(f, &c, error);
    }
    return ok;
}

// Files that are seeds as they are; no input is that large.
static bool copy_seeds(struct fuzz_folder *f, const char *from, struct error *error)
{
    uint8_t bytes[512];
    DIR *dir = from ? opendir(from) : NULL;
    bool ok = true;
    for (struct dirent *e; ok && dir && (e = readdir(dir)) != NULL;) {
        char *path = path_join(from, e->d_name);
        FILE *file = e->d_name[0] == '.' ? NULL : fopen(path, "re");
        size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
        if (length > 0)
            ok = write_bytes(f, bytes, length, error);
        if (file)
            fclose(file);
        free(path);
    }
    if (dir)
        closedir(dir);
    return ok;
}

bool folder_seed(struct fuzz_folder *f, const char *ready, struct error *error)
{
    char *const roots[] = {f->root, NULL};
    struct saved s;
    struct error why;
    bool ok = write_own_seeds(f, error) && copy_seeds(f, ready, error);
    FTS *tree = file_tree(roots);
    for (FTSENT *e; ok && tree && (e = fts_read(tree)) != NULL;) {
        if (e->fts_info == FTS_D && strcmp(e->fts_name, ".campaign") == 0)
            fts_set(tree, e, FTS_SKIP);
        else if (e->fts_info == FTS_F && saved_load(e->fts_path, &s, &why))
            ok = folder_add_seed(f, &s.c, error);
        else if (e->fts_info == FTS_F)
            skip(f, why.text);
    }
    if (tree)
        fts_close(tree);
    return ok;
}
