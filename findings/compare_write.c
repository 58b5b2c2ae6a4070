// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Expectations as files: all of them written, then each put in its place.

#include "findings/compare.h"

#include "base/file.h"
#include "base/output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A folder when it is one, or when nothing is there and the name is no file's.
static bool means_folder(const char *path)
{
    size_t length = strlen(path);
    const char *dot = strrchr(path, '.');
    if (access(path, F_OK) == 0)
        return is_folder(path);
    return path[length - 1] == '/' || dot == NULL || strcmp(dot, ".expect") != 0;
}

static void print_backend(const struct expect_backend *b, FILE *out)
{
    fputs("# What this routine is known to break, so that only changes are news; see\n"
          "# docs/fuzzing.md. Rewritten by `storescope compare --write-baseline'.\n",
          out);
    expect_print(b, out);
}

static bool write_folder(struct comparing *x, struct error *error)
{
    struct output *outs = calloc(x->next.count + 1, sizeof *outs);
    size_t open = 0;
    bool ok = outs != NULL;
    assert(ok);
    for (size_t i = 0; ok && i < x->next.count; i++) {
        char *path = NULL, *name = expect_file_name(x->next.items[i].name);
        int length = asprintf(&path, "%s/%s", x->write, name);
        assert(length > 0);
        ok = make_folders_of(path, "name one that is yours", error) &&
             output_open(&outs[open], path, error);
        if (ok) {
            print_backend(&x->next.items[i], outs[open++].file);
            ok = fflush(outs[open - 1].file) == 0;
            if (!ok)
                error_set(error, "cannot write '%s': %s; make room", path, strerror(errno));
        }
        free(name);
        free(path);
    }
    for (size_t i = 0; i < open; i++) {
        if (ok)
            ok = output_close(&outs[i], error);
        else
            output_abandon(&outs[i]);
    }
    free(outs);
    return ok;
}

static bool write_file(struct comparing *x, struct error *error)
{
    struct output out;
    if (!output_open(&out, x->write, error))
        return false;
    for (size_t i = 0; i < x->next.count; i++) {
        if (i > 0)
            fputc('\n', out.file);
        print_backend(&x->next.items[i], out.file);
    }
    return output_close(&out, error);
}

bool comparing_write(struct comparing *x, struct error *error)
{
    if (x->write == NULL)
        return true;
    bool ok = means_folder(x->write) ? write_folder(x, error) : write_file(x, error);
    if (ok)
        x->report.written = x->write;
    return ok;
}
