// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

// NAME in the folders of PATH, below ROOT ("" for none).
static bool search(const char *name, const char *root, char *out, size_t out_size)
{
    const char *folders = getenv("PATH");
    for (const char *at = folders ? folders : "/usr/bin:/bin"; *at;) {
        size_t length = strcspn(at, ":");
        snprintf(out, out_size, "%s%.*s/%s", root, (int)length, length ? at : ".", name);
        if (is_program(out))
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

// A path that holds wherever the program goes.
static void make_absolute(char *path, size_t path_size)
{
    char real[PATH_MAX];
    if (realpath(path, real) != NULL)
        snprintf(path, path_size, "%s", real);
}

static bool find_file(const char *command, const char *sysroot, char *out, size_t out_size)
{
    if (strchr(command, '/') == NULL)
        return (sysroot != NULL && search(command, sysroot, out, out_size)) ||
               search(command, "", out, out_size);
    if (sysroot != NULL && command[0] == '/') {
        snprintf(out, out_size, "%s%s", sysroot, command);
        if (is_program(out))
            return true;
    }
    snprintf(out, out_size, "%s", command);
    return access(command, F_OK) == 0;
}

// The interpreter of a script's first line, and its one argument or NULL; both
// point into LINE.
static bool interpreter_of(char *line, char **interpreter, char **argument)
{
    if (strncmp(line, "#!", 2) != 0)
        return false;
    line[strcspn(line, "\n")] = '\0';
    *interpreter = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(*interpreter, " \t");
    char *rest = *interpreter + length;
    if (*rest != '\0') {
        *rest++ = '\0';
        rest += strspn(rest, " \t");
        for (size_t end = strlen(rest); end > 0 && strchr(" \t", rest[end - 1]) != NULL; end--)
            rest[end - 1] = '\0';
    }
    *argument = *rest != '\0' ? rest : NULL;
    return length > 0;
}

// Puts WORD before the words that are there.
static void prepend(struct target *p, const char *word)
{
    memmove(p->scripts + 1, p->scripts, p->script_count * sizeof *p->scripts);
    p->scripts[0] = strdup(word);
    p->script_count++;
}

int target_resolve(const char *path, const char *sysroot, struct target *out)
{
    char line[512], *interpreter, *argument;
    snprintf(out->path, sizeof out->path, "%s", path);
    for (unsigned depth = 0; depth <= TARGET_SCRIPTS_MAX; depth++) {
        if (access(out->path, X_OK) != 0)
            return errno;
        int fd = open(out->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return errno;
        ssize_t length = read(fd, line, sizeof line - 1);
        close(fd);
        if (length < 0)
            return errno;
        line[length] = '\0';
        out->machine = machine_of_elf(line, (size_t)length);
        if (out->machine != NULL)
            return 0;
        if (depth == TARGET_SCRIPTS_MAX || !interpreter_of(line, &interpreter, &argument))
            return ENOEXEC;
        prepend(out, out->path);
        if (argument != NULL)
            prepend(out, argument);
        snprintf(out->path, sizeof out->path, "%s%s", sysroot ? sysroot : "", interpreter);
        if (access(out->path, X_OK) != 0)
            snprintf(out->path, sizeof out->path, "%s", interpreter);
    }
    return ENOEXEC;
}

bool target_find(const char *command, const char *sysroot, struct target *out, struct error *error)
{
    *out = (struct target){.machine = NULL};
    if (!find_file(command, sysroot, out->command, sizeof out->command))
        return error_set(
            error, "there is no program '%s'; name one that PATH finds, or give its path", command);
    int problem = target_resolve(out->command, sysroot, out);
    if (problem == 0)
        return true;
    target_free(out);
    if (problem == ENOEXEC)
        return error_set(
            error,
            "'%s' is neither an ELF program of a CPU that is known here nor a script that "
            "names one after #!; name such a program",
            out->path);
    return error_set(error, "cannot run '%s': %s; name a program that may be executed", out->path,
                     strerror(problem));
}

void target_free(struct target *p)
{
    for (size_t i = 0; i < p->script_count; i++)
        free(p->scripts[i]);
    p->script_count = 0;
}

// What `QEMU --help' prints, as far as TEXT holds it.
static bool read_help(const char *qemu, char *text, size_t text_size)
{
    int ends[2];
    size_t used = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        execl(qemu, qemu, "--help", NULL);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t got; used + 1 < text_size; used += (size_t)got)
        if ((got = read(ends[0], text + used, text_size - 1 - used)) <= 0)
            break;
    close(ends[0]);
    text[used] = '\0';
    return child > 0 && waitpid(child, NULL, 0) == child && used > 0;
}

bool target_qemu(const struct target *p, const char *given, char *path, size_t path_size,
                 struct error *error)
{
    static const char advice[] = "take QEMU's dynamically linked build, such as Debian 12's "
                                 "package qemu-user, and name it with --qemu";
    char name[64], help[32768];
    snprintf(name, sizeof name, "qemu-%s", p->machine->name);
    if (given != NULL ? !find_file(given, NULL, path, path_size)
                      : !search(name, "", path, path_size))
        return given ? error_set(error, "there is no emulator '%s'; give the path of a %s", given,
                                 name)
                     : error_set(error, "%s is not here; install the package qemu-user", name);
    make_absolute(path, path_size);
    if (!read_help(path, help, sizeof help) || strstr(help, "QEMU") == NULL)
        return error_set(error, "'%s' is no QEMU that runs here; give the path of a %s", path,
                         name);
    // Debian 13's is linked statically and can load none.
    if (strstr(help, "-plugin") == NULL)
        return error_set(error, "%s takes no plugins (it has no option -plugin); %s", path, advice);
    return true;
}
