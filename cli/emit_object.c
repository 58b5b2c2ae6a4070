// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/emit_object.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 160 };

// A call of the library's function with a constant size, as programs have it: the
// header may wrap it. Pointers say nothing of alignment unless the user does.
static void write_source(const struct emit_request *r, FILE *out)
{
    const char *op = copy_op_name[r->op];
    fprintf(out,
            "#if defined __has_include && !__has_include(<string.h>)\n"
            "void *%s(void *, const void *, __SIZE_TYPE__);\n"
            "#else\n"
            "#include <string.h>\n"
            "#endif\n"
            "#define COPY(n) \\\n"
            "static __attribute__((noinline)) void *copy_##n(void *dst, const void *src) \\\n"
            "{ return %s(__builtin_assume_aligned(dst, %" PRIu64
            "), __builtin_assume_aligned(src, %" PRIu64 "), n); }\n",
            op, op, r->align, r->align);
    for (uint64_t n = 0; n <= r->size_max; n++)
        fprintf(out, "COPY(%" PRIu64 ")\n", n);
    fprintf(out, "static void *(*const copies[])(void *, const void *) = {");
    for (uint64_t n = 0; n <= r->size_max; n++)
        fprintf(out, "%scopy_%" PRIu64, n ? ", " : "", n);
    fprintf(out,
            "};\n"
            "void *fixed_%s(void *dst, const void *src, __SIZE_TYPE__ n)\n"
            "{\n"
            "    if (n > %" PRIu64 ")\n"
            "        __builtin_trap();\n"
            "    return copies[n](dst, src);\n"
            "}\n",
            op, r->size_max);
}

// ---- where it goes ----

// "CC" as the name of a file.
static void file_name(const char *cc, char name[NAME_MAX_BYTES])
{
    snprintf(name, NAME_MAX_BYTES, "%s", cc);
    for (char *c = name; *c; c++)
        if (*c == '/' || (unsigned char)*c < ' ' || *c == ':')
            *c = '_';
}

static char *folder_of(const struct emit_request *r, struct error *error)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int length = 0;
    if (r->folder)
        length = asprintf(&path, "%s", r->folder);
    else if (cache && cache[0] == '/')
        length = asprintf(&path, "%s/storescope/emit", cache);
    else if (home && home[0] == '/')
        length = asprintf(&path, "%s/.cache/storescope/emit", home);
    else
        error_set(error, "there is no HOME for a cache; name a folder with --keep");
    assert(length >= 0);
    if (path && !make_folders(path, "name one with --keep", error)) {
        free(path);
        path = NULL;
    }
    return path;
}

// ---- the compiler ----

// The shell reads the command, so that it may quote and have variables.
static int run_compiler(const char *cc, const char *source, const char *object, int messages)
{
    char *script = NULL;
    int length = asprintf(&script, "%s -c -o \"$1\" -x c \"$2\"", cc);
    assert(length > 0);
    char *const argv[] = {
        "sh", "-c", script, "storescope", (char *)(uintptr_t)object, (char *)(uintptr_t)source,
        NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, messages, 1);
    posix_spawn_file_actions_adddup2(&actions, messages, 2);
    pid_t pid;
    int status = -1;
    if (posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ) == 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    posix_spawn_file_actions_destroy(&actions);
    free(script);
    return status;
}

// The compiler's first complaint, or its first line.
static void complain(const char *cc, int status, FILE *messages, struct error *error)
{
    char line[512], first[512] = "";
    rewind(messages);
    while (fgets(line, sizeof line, messages)) {
        line[strcspn(line, "\n")] = '\0';
        if (!first[0] || strstr(line, "error"))
            snprintf(first, sizeof first, "%s", line);
        if (strstr(line, "error"))
            break;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        error_set(error, "--cc '%s': there is no such compiler: %s", cc, first);
    else
        error_set(error, "--cc '%s' does not compile: %s", cc,
                  first[0] ? first : "it says nothing");
}

static bool compile(const struct emit_request *r, const char *source, const char *object,
                    struct error *error)
{
    FILE *out = fopen(source, "w");
    if (out)
        write_source(r, out);
    if (!out || (fclose(out) != 0))
        return error_set(error, "cannot write '%s': %s; name a folder with --keep", source,
                         strerror(errno));
    FILE *messages = tmpfile();
    if (!messages)
        return error_set(error, "there is no room for a temporary file: %s", strerror(errno));
    unlink(object);
    int status = run_compiler(r->cc, source, object, fileno(messages));
    bool made = status == 0 && access(object, R_OK) == 0;
    if (!made)
        complain(r->cc, status, messages, error);
    fclose(messages);
    return made;
}

char *emit_object(const struct emit_request *r, struct error *error)
{
    char name[NAME_MAX_BYTES], *source = NULL, *object = NULL, *backend = NULL;
    char *folder = folder_of(r, error);
    if (!folder)
        return NULL;
    file_name(r->cc, name);
    int length = asprintf(&source, "%s/%s.c", folder, name);
    assert(length > 0);
    length = asprintf(&object, "%s/%s.o", folder, name);
    assert(length > 0);
    if (compile(r, source, object, error))
        length = asprintf(&backend, "%s:fixed_%s", object, copy_op_name[r->op]);
    assert(length > 0);
    free(folder);
    free(source);
    free(object);
    return backend;
}
