// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/output.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static bool fail(char *error, size_t error_size,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return false;
}

static char *format_name(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *format_name(const char *format, ...)
{
    va_list arguments;
    char *name = NULL;
    va_start(arguments, format);
    int length = vasprintf(&name, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    return name;
}

// A link is followed, so that it is the file behind it that is replaced.
static char *final_path(const char *path)
{
    char *real = realpath(path, NULL);
    return real != NULL ? real : format_name("%s", path);
}

static int open_temporary(struct output *o)
{
    char *for_folder = format_name("%s", o->path);
    char *for_name = format_name("%s", o->path);
    const char *folder = dirname(for_folder);
    o->temporary = format_name("%s/.%s.%ld.tmp", folder, basename(for_name), (long)getpid());
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    o->nameless = fd >= 0;
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        unlink(o->temporary);
        fd = open(o->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    }
    int saved = errno;
    free(for_folder);
    free(for_name);
    errno = saved;
    return fd;
}

bool output_open(struct output *o, const char *path, char *error, size_t error_size)
{
    *o = (struct output){.file = stdout};
    if (path == NULL || strcmp(path, "-") == 0)
        return true;
    struct stat status;
    o->path = final_path(path);
    bool exists = stat(o->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        output_abandon(o);
        return fail(error, error_size, "cannot write '%s': it is a folder; name a file", path);
    }
    bool in_place = exists && !S_ISREG(status.st_mode);
    int fd = in_place ? open(o->path, O_WRONLY | O_CLOEXEC) : open_temporary(o);
    if (fd < 0) {
        int saved = errno;
        output_abandon(o);
        return fail(error, error_size,
                    "cannot write '%s': %s; name a file in a folder that exists and is yours", path,
                    strerror(saved));
    }
    o->file = fdopen(fd, "w");
    assert(o->file != NULL);
    return true;
}

bool output_same(const struct output *a, const struct output *b)
{
    if (a->path == NULL || b->path == NULL)
        return a->path == b->path;
    // Devices take what comes.
    return a->temporary != NULL && b->temporary != NULL && strcmp(a->path, b->path) == 0;
}

// Gives a file without a name its temporary one. What has that already was left
// behind by a process that was killed, and had our number.
static bool link_temporary(const struct output *o)
{
    char *link = format_name("/proc/self/fd/%d", fileno(o->file));
    int linked = linkat(AT_FDCWD, link, AT_FDCWD, o->temporary, AT_SYMLINK_FOLLOW);
    if (linked != 0 && errno == EEXIST && unlink(o->temporary) == 0)
        linked = linkat(AT_FDCWD, link, AT_FDCWD, o->temporary, AT_SYMLINK_FOLLOW);
    int saved = errno;
    free(link);
    errno = saved;
    return linked == 0;
}

// Gives the finished file its name. Zero or an errno.
static int put_in_place(struct output *o)
{
    if (o->temporary == NULL)
        return 0;
    if (fsync(fileno(o->file)) != 0)
        return errno;
    if (o->nameless) {
        if (!link_temporary(o))
            return errno;
        o->nameless = false;
    }
    return rename(o->temporary, o->path) == 0 ? 0 : errno;
}

// Is it a pipe that nobody reads any more?
static bool has_no_reader(FILE *file)
{
    struct pollfd end = {.fd = fileno(file)};
    return poll(&end, 1, 0) == 1 && (end.revents & POLLERR);
}

bool output_close(struct output *o, char *error, size_t error_size)
{
    errno = 0;
    int problem = 0;
    if (fflush(o->file) != 0)
        problem = errno;
    else if (ferror(o->file))
        problem = EIO; // an earlier write failed; its errno is gone
    if (problem == 0)
        problem = put_in_place(o);
    if (problem == 0 && o->temporary != NULL) {
        free(o->temporary);
        o->temporary = NULL;
    }
    if (problem != 0 && o->path == NULL && has_no_reader(o->file))
        *error = '\0';
    else if (problem != 0)
        fail(error, error_size, "cannot write %s%s%s: %s; the report is lost", o->path ? "'" : "",
             o->path ? o->path : "to standard output", o->path ? "'" : "", strerror(problem));
    output_abandon(o);
    return problem == 0;
}

void output_abandon(struct output *o)
{
    if (o->file != NULL && o->file != stdout)
        fclose(o->file);
    if (o->temporary != NULL && !o->nameless)
        unlink(o->temporary);
    free(o->temporary);
    free(o->path);
    *o = (struct output){.file = NULL};
}

int output_end(struct output *o, int status)
{
    char error[512];
    if (!output_close(o, error, sizeof error))
        return error_tell("%s", error);
    return status;
}
