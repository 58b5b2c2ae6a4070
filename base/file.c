// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *path_join(const char *folder, const char *name)
{
    char *path = NULL;
    int length = asprintf(&path, "%s/%s", folder, name);
    assert(length > 0);
    return path;
}

bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool read_all(int fd, char *bytes, size_t room, size_t *length)
{
    ssize_t got = 1;
    *length = 0;
    while (got > 0 && *length < room) {
        got = read(fd, bytes + *length, room - *length);
        *length += got > 0 ? (size_t)got : 0;
    }
    return got >= 0;
}

char *file_read(const char *path, size_t bytes_max, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    char *bytes = malloc(bytes_max + 1);
    bool ok = bytes != NULL && fcntl(fd, F_SETFL, O_RDONLY) == 0 &&
              read_all(fd, bytes, bytes_max + 1, length);
    int why = errno;
    close(fd);
    if (!ok) {
        free(bytes);
        bytes = NULL;
    }
    errno = why;
    return bytes;
}

bool make_folder(const char *path, const char *advice, struct error *error)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && is_folder(path)))
        return true;
    return error_set(error, "cannot make the folder '%s': %s; %s", path, strerror(errno), advice);
}

bool make_folders_of(const char *path, const char *advice, struct error *error)
{
    char *copy = strdup(path);
    assert(copy != NULL);
    bool ok = true;
    for (char *slash = strchr(copy + 1, '/'); ok && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ok = make_folder(copy, advice, error);
        *slash = '/';
    }
    free(copy);
    return ok;
}

bool make_folders(const char *path, const char *advice, struct error *error)
{
    return make_folders_of(path, advice, error) && make_folder(path, advice, error);
}

void remove_tree(const char *path)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *e; tree && (e = fts_read(tree)) != NULL;)
        if (e->fts_info == FTS_DP)
            rmdir(e->fts_path);
        else if (e->fts_info != FTS_D)
            unlink(e->fts_path);
    if (tree)
        fts_close(tree);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

FTS *file_tree(char *const *roots)
{
    return fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
}
