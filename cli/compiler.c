// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/compiler.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char *compiler_folder(const char *kind, const char *advice, struct error *error)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (cache && cache[0] == '/')
        path = must_print("%s/storescope/%s", cache, kind);
    else if (home && home[0] == '/')
        path = must_print("%s/.cache/storescope/%s", home, kind);
    else
        error_set(error, "there is no HOME for a cache; %s", advice);
    if (path && make_folders(path, advice, error))
        return path;
    free(path);
    return NULL;
}

void compiler_file_name(const char *text, char name[COMPILER_NAME_MAX])
{
    enum { DIGEST_CHARS = 17 }; // "-0123456789abcdef"
    size_t used = 0;
    const char *c = text;
    for (; *c && used + 4 + DIGEST_CHARS < COMPILER_NAME_MAX; c++) {
        bool plain = *c != '/' && *c != ':' && *c != '%' && (unsigned char)*c >= ' ';
        used += (size_t)snprintf(name + used, COMPILER_NAME_MAX - used, plain ? "%c" : "%%%02X",
                                 (unsigned char)*c);
    }
    if (*c)
        snprintf(name + used, COMPILER_NAME_MAX - used, "-%016" PRIx64,
                 digest_text(DIGEST_START, text));
}

// The shell reads the command, so that it may quote and have variables.
int compiler_run(const char *cc, const char *language, const char *source, const char *object,
                 FILE *messages)
{
    char *script = must_print("%s -c -o \"$1\" -x %s \"$2\"", cc, language);
    char *const argv[] = {
        "sh", "-c", script, "storescope", (char *)(uintptr_t)object, (char *)(uintptr_t)source,
        NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(messages), 1);
    posix_spawn_file_actions_adddup2(&actions, fileno(messages), 2);
    pid_t pid;
    int status = -1;
    unlink(object);
    if (posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ) == 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    posix_spawn_file_actions_destroy(&actions);
    free(script);
    return status == 0 && access(object, R_OK) != 0 ? -1 : status;
}

bool compiler_is_missing(int status)
{
    enum { NOT_FOUND = 127 };
    return WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND;
}
