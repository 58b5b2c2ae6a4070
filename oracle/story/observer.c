// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "story/observer.h"

#include "base/file.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "story/observer_texts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 16 };

const size_t observer_builtin_count = OBSERVER_TEXTS;

const struct observer *observer_builtin(size_t index)
{
    static struct observer parsed[OBSERVER_TEXTS];
    static size_t done;
    struct error error;
    for (; done <= index; done++) {
        const struct observer_text *t = &observer_texts[done];
        if (!observer_parse(t->file, t->text, strlen(t->text), &parsed[done], &error)) {
            fprintf(stderr, "storescope: built-in observer: %s\n", error.text);
            abort();
        }
    }
    return &parsed[index];
}

static bool says_observer(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".observer") == 0;
}

static bool is_path(const char *name)
{
    return strchr(name, '/') || says_observer(name);
}

static bool load_file(const char *path, struct observer *out, struct error *error)
{
    size_t length;
    char *text = file_read(path, FILE_MAX_BYTES, &length);
    bool ok = text && length <= FILE_MAX_BYTES;
    if (!text)
        error_set(error, "cannot read the observer %s: %s", path, strerror(errno));
    else if (!ok)
        error_set(error, "%s is larger than %d KiB; an observer is a short text", path,
                  FILE_MAX_BYTES >> 10);
    ok = ok && observer_parse(path, text, length, out, error);
    free(text);
    if (ok) {
        snprintf(out->name, sizeof out->name, "%s", path);
        printable(out->name);
    }
    return ok;
}

static bool no_such(const char *name, struct error *error)
{
    char near_text[NEAREST_TEXT_MAX];
    struct nearest n = {.wanted = name};
    for (size_t i = 0; i < OBSERVER_TEXTS; i++)
        nearest_offer(&n, observer_builtin(i)->name);
    nearest_print(&n, near_text, sizeof near_text);
    error_set(error, "no observer `%s`; there are", name);
    for (size_t i = 0; i < OBSERVER_TEXTS; i++)
        error_add(error, "%s %s", i ? "," : "", observer_builtin(i)->name);
    return error_add(error, ", or a file such as ./mine.observer%s", near_text);
}

static const struct observer *find_builtin(const char *name)
{
    for (size_t i = 0; i < OBSERVER_TEXTS; i++)
        if (strcmp(observer_builtin(i)->name, name) == 0)
            return observer_builtin(i);
    return NULL;
}

bool observer_is_named(const char *word)
{
    return find_builtin(word) != NULL || says_observer(word);
}

bool observer_load(const char *name_or_path, struct observer *out, struct error *error)
{
    const struct observer *builtin = find_builtin(name_or_path);
    if (builtin != NULL) {
        *out = *builtin;
        return true;
    }
    return is_path(name_or_path) ? load_file(name_or_path, out, error)
                                 : no_such(name_or_path, error);
}
