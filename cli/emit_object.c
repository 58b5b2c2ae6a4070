// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/emit_object.h"

#include "backends/call.h"
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
static void write_library_copies(const struct emit_request *r, FILE *out)
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
}

// A call of the user's own, whose source is here to be made one with the constant.
static void write_own_copies(const struct emit_request *r, FILE *out)
{
    fprintf(out,
            "#include \"%s\"\n"
            "#line 1 \"the wrapper that calls %s\"\n"
            "#define COPY(size) \\\n"
            "static __attribute__((noinline)) void *copy_##size(void *to, const void *from) \\\n"
            "{ enum { n = size }; void *const dst = __builtin_assume_aligned(to, %" PRIu64
            "); const void *const src = __builtin_assume_aligned(from, %" PRIu64
            "); void *const dst_end = (char *)to + n; (void)src; (void)dst_end; %s(",
            r->source, call_name(r->call), r->align, r->align, call_name(r->call));
    call_print_arguments(r->call, out);
    fputs("); return dst; }\n", out);
}

static bool has_copy(const struct emit_request *r, uint64_t n)
{
    return !r->call || call_takes(r->call, n);
}

static void write_source(const struct emit_request *r, FILE *out)
{
    const char *op = copy_op_name[r->op];
    if (r->source)
        write_own_copies(r, out);
    else
        write_library_copies(r, out);
    for (uint64_t n = 0; n <= r->size_max; n++)
        if (has_copy(r, n))
            fprintf(out, "COPY(%" PRIu64 ")\n", n);
    fprintf(out, "static void *(*const copies[])(void *, const void *) = {");
    for (uint64_t n = 0; n <= r->size_max; n++)
        if (has_copy(r, n))
            fprintf(out, "%scopy_%" PRIu64, n ? ", " : "", n);
        else
            fprintf(out, "%s0", n ? ", " : "");
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
    char *cc = r->source ? must_print("%s -g -Werror=implicit-function-declaration", r->cc)
                         : must(strdup(r->cc));
    int status = compiler_run(cc, "c", source, object, messages);
    free(cc);
    if (status != 0)
        complain(r->cc, status, messages, error);
    fclose(messages);
    return status == 0;
}

// Where only multiples of something are copied, the call of what was made says so.
static char *backend_of(const struct emit_request *r, const char *object)
{
    const char *op = copy_op_name[r->op];
    uint64_t min = 0, unit = 1;
    if (r->call)
        call_sizes(r->call, &min, &unit);
    if (unit == 1)
        return must_print("%s:fixed_%s", object, op);
    return must_print("%s:dst fixed_%s(dst, src, n/%" PRIu64 "*%" PRIu64 ")", object, op, unit,
                      unit);
}

char *emit_object(const struct emit_request *r, struct error *error)
{
    char name[COMPILER_NAME_MAX], *source = NULL, *object = NULL, *backend = NULL;
    char *folder = folder_of(r, error);
    if (!folder)
        return NULL;
    const char *base = r->source ? strrchr(r->source, '/') + 1 : "";
    char *text =
        r->source ? must_print("%s %s %s", base, call_name(r->call), r->cc) : must(strdup(r->cc));
    compiler_file_name(text, name);
    free(text);
    int length = asprintf(&source, "%s/%s.c", folder, name);
    assert(length > 0);
    length = asprintf(&object, "%s/%s.o", folder, name);
    assert(length > 0);
    if (compile(r, source, object, error))
        backend = backend_of(r, object);
    free(folder);
    free(source);
    free(object);
    return backend;
}
