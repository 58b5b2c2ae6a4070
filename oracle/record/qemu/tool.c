// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

bool tool_folder_make(struct tool_folder *f, char *error, size_t error_size)
{
    const char *parent = getenv("TMPDIR");
    int length = snprintf(f->path, sizeof f->path, "%s/storescope-XXXXXX",
                          parent && parent[0] ? parent : "/tmp");
    if (length < (int)sizeof f->path && mkdtemp(f->path))
        return true;
    snprintf(error, error_size, "cannot make a folder for the guest program: %s; set TMPDIR",
             strerror(errno));
    return false;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    remove(path);
    return 0;
}

void tool_folder_remove(struct tool_folder *f)
{
    nftw(f->path, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

static FILE *open_in(const struct tool_folder *f, const char *name, const char *mode)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return fopen(path, mode);
}

static bool fail(const char *name, char *error, size_t error_size)
{
    snprintf(error, error_size, "cannot make the guest program's %s: %s", name, strerror(errno));
    return false;
}

bool tool_write(const struct tool_folder *f, const char *name, const void *bytes, size_t length,
                char *error, size_t error_size)
{
    FILE *file = open_in(f, name, "wbe");
    bool written = file && (length == 0 || fwrite(bytes, length, 1, file) == 1);
    if (file && fclose(file) != 0)
        written = false;
    return written || fail(name, error, error_size);
}

bool tool_read(const struct tool_folder *f, const char *name, uint8_t **bytes, size_t *length,
               char *error, size_t error_size)
{
    FILE *file = open_in(f, name, "rbe");
    long end = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    bool ok = end > 0 && fseek(file, 0, SEEK_SET) == 0;
    *bytes = ok ? malloc((size_t)end) : NULL;
    *length = (size_t)end;
    ok = *bytes && fread(*bytes, (size_t)end, 1, file) == 1;
    if (file)
        fclose(file);
    return ok || fail(name, error, error_size);
}

static _Noreturn void exec_tool(const struct tool_folder *f, char *const argv[])
{
    int out = -1;
    if (chdir(f->path) == 0)
        out = open("complaint", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (out < 0 || null < 0)
        _exit(126);
    dup2(null, 0);
    dup2(out, 1);
    dup2(out, 2);
    setenv("LC_ALL", "C", 1);
    execvp(argv[0], argv);
    _exit(127);
}

// The first line that says what is wrong, of what a compiler wrote.
static void first_complaint(const struct tool_folder *f, const char *tool, char *error,
                            size_t error_size)
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
    snprintf(error, error_size, "%s could not link it: %.100s", tool, telling ? telling : best);
}

bool tool_run(const struct tool_folder *f, char *const argv[], char *error, size_t error_size)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        exec_tool(f, argv);
    if (pid < 0)
        return fail("compiler", error, error_size);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        snprintf(error, error_size, "%s is not installed", argv[0]);
    else
        first_complaint(f, argv[0], error, error_size);
    return false;
}
