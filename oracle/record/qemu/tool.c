// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_BYTES = 512,
    KEEPER_FD = 3,
    REMOVALS_MAX = 100, // of a folder, a moment apart
    MOMENT_NS = 20000000,
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    remove(path);
    return 0;
}

// A tool that is dying may still write to it.
static void remove_folder(const char *path)
{
    const struct timespec moment = {0, MOMENT_NS};
    for (int i = 0; i < REMOVALS_MAX && access(path, F_OK) == 0; i++) {
        if (i > 0)
            nanosleep(&moment, NULL);
        nftw(path, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
    }
}

// The process that makes the folder, and removes it as soon as nobody holds the
// other end of FD: when it is no longer needed, or whoever needed it was killed.
// Tools run in its process group, which no key of the terminal reaches, and are
// ended with it.
static _Noreturn void keep_folder(struct tool_folder *f, int fd)
{
    char nothing;
    int null = open("/dev/null", O_RDWR);
    setpgid(0, 0);
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_IGN);
    for (int i = 0; i <= 2 && null >= 0; i++)
        dup2(null, i);
    if (fd != KEEPER_FD)
        dup2(fd, KEEPER_FD);
    syscall(SYS_close_range, KEEPER_FD + 1u, ~0u, 0u);
    if (!mkdtemp(f->path))
        f->problem = errno;
    if (write(KEEPER_FD, f, sizeof *f) == (ssize_t)sizeof *f)
        while (read(KEEPER_FD, &nothing, 1) < 0 && errno == EINTR)
            continue;
    if (f->problem == 0) {
        kill(0, SIGTERM);
        remove_folder(f->path);
    }
    _exit(0);
}

// Zero or an errno.
static int start_keeper(struct tool_folder *f)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return errno;
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        keep_folder(f, fds[1]);
    }
    int problem = errno;
    close(fds[1]);
    struct tool_folder made = {.problem = 0};
    if (pid > 0 && read(fds[0], &made, sizeof made) == (ssize_t)sizeof made) {
        *f = made;
        f->keeper = pid;
        f->fd = fds[0];
        problem = made.problem;
        if (problem != 0)
            tool_folder_remove(f);
        return problem;
    }
    close(fds[0]);
    if (pid > 0) {
        waitpid(pid, NULL, 0);
        problem = ECHILD;
    }
    return problem;
}

bool tool_folder_make(struct tool_folder *f, struct error *error)
{
    const char *parent = getenv("TMPDIR");
    *f = (struct tool_folder){.fd = -1};
    int length = snprintf(f->path, sizeof f->path, "%s/storescope-XXXXXX",
                          parent && parent[0] ? parent : "/tmp");
    int problem = length < (int)sizeof f->path ? start_keeper(f) : ENAMETOOLONG;
    if (problem == 0)
        return true;
    return error_set(error, "cannot make a folder for the guest program: %s; set TMPDIR",
                     strerror(problem));
}

void tool_folder_remove(struct tool_folder *f)
{
    close(f->fd);
    while (waitpid(f->keeper, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static FILE *open_in(const struct tool_folder *f, const char *name, const char *mode)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return fopen(path, mode);
}

static bool fail(const char *name, struct error *error)
{
    return error_set(error, "cannot make the guest program's %s: %s", name, strerror(errno));
}

FILE *tool_create(const struct tool_folder *f, const char *name)
{
    return open_in(f, name, "wbe");
}

bool tool_finish(const char *name, FILE *file, struct error *error)
{
    bool written = file && !ferror(file);
    if (file && fclose(file) != 0)
        written = false;
    return written || fail(name, error);
}

bool tool_write(const struct tool_folder *f, const char *name, const void *bytes, size_t length,
                struct error *error)
{
    FILE *file = tool_create(f, name);
    if (file && length)
        fwrite(bytes, length, 1, file);
    return tool_finish(name, file, error);
}

bool tool_read(const struct tool_folder *f, const char *name, uint8_t **bytes, size_t *length,
               struct error *error)
{
    FILE *file = open_in(f, name, "rbe");
    long end = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    bool ok = end > 0 && fseek(file, 0, SEEK_SET) == 0;
    *bytes = ok ? malloc((size_t)end) : NULL;
    *length = (size_t)end;
    ok = *bytes && fread(*bytes, (size_t)end, 1, file) == 1;
    if (file)
        fclose(file);
    return ok || fail(name, error);
}

static _Noreturn void exec_tool(const struct tool_folder *f, char *const argv[])
{
    int out = -1;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    setpgid(0, f->keeper);
    if (chdir(f->path) == 0)
        out = open("complaint", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (out < 0 || null < 0)
        _exit(126);
    dup2(null, 0);
    dup2(out, 1);
    dup2(out, 2);
    setenv("LC_ALL", "C", 1);
    setenv("SUNPRO_DEPENDENCIES", TOOL_DEPENDENCIES, 1); // gcc: which files it reads
    setenv("TMPDIR", f->path, 1);                        // what a compiler that is killed leaves
    execvp(argv[0], argv);
    _exit(127);
}

// The first line that says what is wrong, of what a compiler wrote.
static void first_complaint(const struct tool_folder *f, const char *tool, struct error *error)
{
    char line[256], best[256] = "";
    FILE *file = open_in(f, "complaint", "re");
    while (file && fgets(line, sizeof line, file)) {
        bool telling = strstr(line, "error:") || strstr(line, "undefined reference");
        if (best[0] == '\0' || telling)
            snprintf(best, sizeof best, "%s", line);
        if (telling)
            break;
    }
    if (file)
        fclose(file);
    best[strcspn(best, "\n")] = '\0';
    // The linker begins with its own path, and the object's: what it says comes last.
    const char *telling = strstr(best, "undefined reference");
    telling = telling ? telling : strstr(best, "error:");
    error_set(error, "%s could not link it: %.100s", tool, telling ? telling : best);
}

bool tool_run(const struct tool_folder *f, char *const argv[], struct error *error)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        exec_tool(f, argv);
    if (pid < 0)
        return fail("compiler", error);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        error_set(error, "%s is not installed", argv[0]);
    else
        first_complaint(f, argv[0], error);
    return false;
}
