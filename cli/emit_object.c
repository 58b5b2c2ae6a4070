// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/emit_object.h"

#include "base/file.h"
#include "base/memory.h"
#include "cli/compiler.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static char *folder_of(const struct emit_request *r, struct error *error)
{
    static const char advice[] = "name one with --keep";
    if (!r->folder)
        return compiler_folder("emit", advice, error);
    return make_folders(r->folder, advice, error) ? must(strdup(r->folder)) : NULL;
}

// ---- the compiler ----

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
    if (compiler_is_missing(status))
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
    int status = compiler_run(r->cc, "c", source, object, messages);
    if (status != 0)
        complain(r->cc, status, messages, error);
    fclose(messages);
    return status == 0;
}

char *emit_object(const struct emit_request *r, struct error *error)
{
    char name[COMPILER_NAME_MAX], *source = NULL, *object = NULL, *backend = NULL;
    char *folder = folder_of(r, error);
    if (!folder)
        return NULL;
    compiler_file_name(r->cc, name);
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
