// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/source_object.h"

#include "backends/call.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/compiler.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char no_folder[] = "set XDG_CACHE_HOME to one that can be written to";
static const char cc_default[] = "gcc -O2";

enum { LANGUAGE_MAX = 24 };

// One compilation.
struct source_request {
    const char *file;    // as the user wrote it
    const char *path;    // the whole of it
    const char *cc;      // with its options
    const char *routine; // to be made; "": whatever the file makes
    char language[LANGUAGE_MAX];
};

static bool ends_in(const char *file, const char *const *endings)
{
    const char *dot = strrchr(file, '.');
    for (size_t i = 0; dot && endings[i]; i++)
        if (strcmp(dot, endings[i]) == 0)
            return true;
    return false;
}

// By the file's name, and of a .h by the compiler's.
static bool choose_language(struct source_request *r, struct error *error)
{
    static const char *const c[] = {".c", ".h", ".inc", NULL};
    static const char *const cplusplus[] = {".cc",  ".cpp", ".cxx", ".C", ".hh",
                                            ".hpp", ".hxx", ".H",   NULL};
    static const char *const assembly[] = {".S", ".s", NULL};
    bool plus = strstr(r->cc, "++") != NULL && strstr(r->cc, "++") < strchrnul(r->cc, ' ');
    if (ends_in(r->file, cplusplus) || (plus && ends_in(r->file, c)))
        strcpy(r->language, "c++");
    else if (ends_in(r->file, c))
        strcpy(r->language, "c");
    else if (ends_in(r->file, assembly))
        strcpy(r->language, "assembler-with-cpp");
    else
        return error_set(error,
                         "--source '%s': expected C, C++ or assembly; compile it by yourself, and "
                         "give the object file",
                         r->file);
    return true;
}

static void put_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

// What is static is only made where it is used: its address is. A name with parameters
// has none by itself.
static void write_wrapper(const struct source_request *r, FILE *out)
{
    fputs("#include ", out);
    put_quoted(r->path, out);
    fputc('\n', out);
    if (r->routine[0] == '\0' || strchr(r->routine, '(') || r->language[0] == 'a')
        return;
    char *where = must_print("the wrapper that takes the address of %s", r->routine);
    fputs("#line 1 ", out);
    put_quoted(where, out);
    fprintf(out, "\n__attribute__((used)) static %s(&%s) const storescope_address = &%s;\n",
            strcmp(r->language, "c") == 0 ? "__typeof__" : "decltype", r->routine, r->routine);
    free(where);
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

// "FOLDER/HASH/ram_copy.h gcc -O2"; files of one name, and routines of one file, lie in
// folders of their own.
static char *stem_of(const struct source_request *r, struct error *error)
{
    char name[COMPILER_NAME_MAX], *stem = NULL, *folder;
    const char *base = strrchr(r->path, '/');
    char *whole = must_print("%s:%s", r->path, r->routine);
    char *kind = must_print("source/%08" PRIx32, (uint32_t)hash_text(whole));
    char *text = must_print("%s %s", base ? base + 1 : r->path, r->cc);
    compiler_file_name(text, name);
    folder = compiler_folder(kind, no_folder, error);
    if (folder)
        stem = path_join(folder, name);
    free(folder);
    free(whole);
    free(kind);
    free(text);
    return stem;
}

// The compiler's words as it said them.
static void show(FILE *messages)
{
    char line[1024];
    rewind(messages);
    while (fgets(line, sizeof line, messages))
        fputs(line, stderr);
}

// Written whole, or not at all: another process may be at the same.
static bool write_whole(const struct source_request *r, const char *path, struct error *error)
{
    char *part = must_print("%s.%d", path, (int)getpid());
    FILE *out = fopen(part, "w");
    if (out)
        write_wrapper(r, out);
    bool written = out && fclose(out) == 0 && rename(part, path) == 0;
    if (!written)
        error_set(error, "cannot write '%s': %s; %s", path, strerror(errno), no_folder);
    free(part);
    return written;
}

static bool compile(const struct source_request *r, const char *wrapper, const char *object,
                    struct error *error)
{
    FILE *messages = tmpfile();
    if (!messages)
        return error_set(error, "there is no room for a temporary file: %s", strerror(errno));
    char *cc = must_print("%s -g", r->cc), *part = must_print("%s.%d", object, (int)getpid());
    int status = compiler_run(cc, r->language, wrapper, part, messages);
    bool made = status == 0 && rename(part, object) == 0;
    if (!made)
        show(messages);
    if (compiler_is_missing(status))
        error_set(error, "--cc '%s': there is no such compiler; name one for %s", r->cc, r->file);
    else if (!made)
        error_set(error, "--cc '%s' does not compile %s; its messages stand above", r->cc, r->file);
    unlink(part);
    free(cc);
    free(part);
    fclose(messages);
    return made;
}

// The object file, which the caller frees; NULL and one line in ERROR.
static char *make_object(struct source_request *r, struct error *error)
{
    char *stem = choose_language(r, error) ? stem_of(r, error) : NULL;
    if (!stem)
        return NULL;
    char *wrapper = must_print("%s.wrapper", stem), *object = must_print("%s.o", stem);
    bool made = write_whole(r, wrapper, error) && compile(r, wrapper, object, error);
    free(stem);
    free(wrapper);
    if (made)
        return object;
    free(object);
    return NULL;
}

// The routine that --call names; "": none. False when it is no call.
static bool read_call(const struct options *o, char name[CALL_TEXT_MAX], struct error *error)
{
    name[0] = '\0';
    struct call *call = o->call ? call_parse(o->call, error) : NULL;
    if (call)
        strcpy(name, call_name(call));
    call_free(call);
    return call || !o->call;
}

// For each compiler, each routine: those of the COUNT first words, or that of --call.
static bool make_words(struct options *o, const char *path, const char *called, size_t count,
                       struct error *error)
{
    size_t compilers = o->cc_count ? o->cc_count : 1, routines = count ? count : 1, n = 0;
    char **words = must(calloc(compilers * routines + o->word_count - count + 1, sizeof *words));
    for (size_t i = 0; i < compilers * routines; i++) {
        const char *named = count ? o->words[i % routines] : "";
        struct source_request r = {.file = o->source,
                                   .path = path,
                                   .cc = o->cc_count ? o->cc[i / routines] : cc_default,
                                   .routine = count ? named : called};
        char *object = make_object(&r, error);
        if (!object) {
            free(words);
            return false;
        }
        words[n++] =
            options_own(o, count ? must_print("%s:%s", object, named) : must(strdup(object)));
        free(object);
    }
    memcpy(words + n, o->words + count, (o->word_count - count) * sizeof *words);
    o->word_count += n - count;
    free(o->words);
    o->words = words;
    return true;
}

bool source_words(struct options *o, size_t count, struct error *error)
{
    char path[PATH_MAX], called[CALL_TEXT_MAX];
    if (!o->source)
        return o->cc_count == 0 ||
               error_set(error, "--cc compiles what --source names; give both, or neither");
    if (!realpath(o->source, path))
        return error_set(error, "--source '%s': %s", o->source, strerror(errno));
    if (!read_call(o, called, error))
        return false;
    count = called[0] ? 0 : count < o->word_count ? count : o->word_count;
    if (!called[0] && count == 0)
        return error_set(error,
                         "which routine of '%s'? Name it, as --call 'void NAME(dst, src, n)' "
                         "or by itself",
                         o->source);
    return make_words(o, path, called, count, error);
}
