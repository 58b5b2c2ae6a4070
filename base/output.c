// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/output.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/stopping.h"
#include "base/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

// A pipe that nobody reads yet is waited for. The signals that end that are not
// those of open(2), which would miss one that comes just before it.
static int open_pipe(const char *path)
{
    const struct timespec moment = {0, 20000000};
    struct stopping_before before;
    const volatile int *stop = stopping_begin(&before);
    int fd;
    while ((fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)) < 0 && errno == ENXIO && !*stop)
        nanosleep(&moment, NULL);
    int saved = errno;
    stopping_end(&before);
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_WRONLY);
    errno = saved;
    return fd;
}

static int open_path(struct output *o, const struct stat *status, bool exists)
{
    if (!exists || S_ISREG(status->st_mode))
        return open_temporary(o);
    return S_ISFIFO(status->st_mode) ? open_pipe(o->path) : open(o->path, O_WRONLY | O_CLOEXEC);
}

static void open_stream(struct output *o, int fd)
{
    struct stat status;
    o->stream = calloc(1, sizeof *o->stream);
    assert(o->stream != NULL);
    *o->stream = (struct stream){.fd = fd,
                                 .owned = fd != STDOUT_FILENO,
                                 .regular = fstat(fd, &status) != 0 || S_ISREG(status.st_mode)};
    o->file = stream_open(o->stream);
    assert(o->file != NULL);
}

bool output_open(struct output *o, const char *path, struct error *error)
{
    *o = (struct output){.file = NULL};
    if (path == NULL || strcmp(path, "-") == 0) {
        open_stream(o, STDOUT_FILENO);
        return true;
    }
    struct stat status;
    o->path = final_path(path);
    bool exists = stat(o->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        output_abandon(o);
        return error_set(error, "cannot write '%s': it is a folder; name a file", path);
    }
    int fd = open_path(o, &status, exists);
    if (fd < 0) {
        int saved = errno;
        output_abandon(o);
        if (saved == ENXIO && exists && S_ISFIFO(status.st_mode))
            return error_set(error, "stopped while nobody reads the pipe '%s'; the report is lost",
                             path);
        return error_set(error,
                         "cannot write '%s': %s; name a file in a folder that exists and is yours",
                         path, strerror(saved));
    }
    open_stream(o, fd);
    return true;
}

struct terminal output_terminal(struct output *o, enum color_when when)
{
    struct terminal terminal = terminal_at(o->stream != NULL ? o->stream->fd : -1, when);
    if (o->stream != NULL) {
        o->stream->printable = true;
        o->stream->colors = terminal.color;
    }
    return terminal;
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
    char *link = format_name("/proc/self/fd/%d", o->stream->fd);
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
    if (fsync(o->stream->fd) != 0)
        return errno;
    if (o->nameless) {
        if (!link_temporary(o))
            return errno;
        o->nameless = false;
    }
    return rename(o->temporary, o->path) == 0 ? 0 : errno;
}

// Is it a pipe that nobody reads any more?
static bool has_no_reader(int fd)
{
    struct pollfd end = {.fd = fd};
    return poll(&end, 1, 0) == 1 && (end.revents & POLLERR);
}

// Zero or an errno.
static int flush(const struct output *o)
{
    // Help is printed without a report.
    FILE *const files[] = {o->file, o->path == NULL ? stdout : o->file};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        errno = 0;
        if (fflush(files[i]) != 0)
            return errno ? errno : EIO;
        if (ferror(files[i])) // an earlier write failed
            return o->stream != NULL && o->stream->problem ? o->stream->problem : EIO;
    }
    return 0;
}

// One line about a report that was lost, and none to who has left.
static void tell_loss(const struct output *o, int problem, struct error *error)
{
    bool waits_for_none = problem == ETIMEDOUT;
    if (o->path == NULL && o->stream != NULL && has_no_reader(o->stream->fd))
        error->text[0] = '\0';
    else
        error_set(error, "cannot write %s%s%s: %s; the report is lost", o->path ? "'" : "",
                  o->path ? o->path : "to standard output", o->path ? "'" : "",
                  waits_for_none ? "nobody reads it" : strerror(problem));
}

bool output_close(struct output *o, struct error *error)
{
    int problem = flush(o);
    if (problem == 0 && o->stream != NULL)
        problem = stream_end(o->stream);
    if (problem == 0)
        problem = put_in_place(o);
    if (problem == 0 && o->temporary != NULL) {
        free(o->temporary);
        o->temporary = NULL;
    }
    if (problem != 0)
        tell_loss(o, problem, error);
    output_abandon(o);
    return problem == 0;
}

void output_abandon(struct output *o)
{
    if (o->file != NULL)
        fclose(o->file);
    if (o->temporary != NULL && !o->nameless)
        unlink(o->temporary);
    free(o->stream);
    free(o->temporary);
    free(o->path);
    *o = (struct output){.file = NULL};
}

int output_end(struct output *o, int status)
{
    struct error error;
    char *made =
        o->temporary != NULL && !o->quiet && status != EXIT_TROUBLE ? must(strdup(o->path)) : NULL;
    bool closed = output_close(o, &error);
    if (!closed)
        error_tell("%s", error.text);
    else if (made != NULL)
        error_tell("wrote %s", made);
    free(made);
    return closed ? status : EXIT_TROUBLE;
}
