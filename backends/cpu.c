// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/cpu.h"

#include "backends/cpu_ask.h"
#include "backends/cpu_features.def"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct feature_row {
    const char *name;
    const char *above; // the feature that every CPU with this one has as well
} features[] = {
#define ROW(name, above, ...) {name, above},
    CPU_FEATURES_X86_64(ROW) CPU_FEATURES_AARCH64(ROW)
#undef ROW
};

enum { FEATURES = sizeof features / sizeof *features };

static const struct feature_row *feature_find(const char *name, size_t length)
{
    for (size_t i = 0; i < FEATURES; i++) {
        if (strlen(features[i].name) == length && memcmp(features[i].name, name, length) == 0) {
            return &features[i];
        }
    }
    return NULL;
}

static const struct feature_row *feature_named(const char *name)
{
    return feature_find(name, strlen(name));
}

// ---- what is known, from the first question on ----

static struct {
    bool asked;
    bool has[FEATURES], hidden[FEATURES];
} known;

static void refuse_hidden(const char *name, size_t length)
{
    fprintf(stderr, "storescope: STORESCOPE_HIDE_CPU: there is no CPU feature '%.*s'; there are:",
            (int)length, name);
    for (size_t i = 0; i < FEATURES; i++) {
        fprintf(stderr, " %s", features[i].name);
    }
    fputc('\n', stderr);
    exit(2);
}

static void hide(const char *names)
{
    while (*(names += strspn(names, " ")) != '\0') {
        size_t length = strcspn(names, " ");
        const struct feature_row *f = feature_find(names, length);
        if (f == NULL) {
            refuse_hidden(names, length);
        }
        known.hidden[f - features] = true;
        names += length;
    }
}

static bool is_hidden(const struct feature_row *f)
{
    while (f != NULL && !known.hidden[f - features]) {
        f = f->above != NULL ? feature_named(f->above) : NULL;
    }
    return f != NULL;
}

// Asking is slow where a hypervisor answers, so it is done once.
static void look(void)
{
    if (known.asked) {
        return;
    }
    const char *hidden = getenv("STORESCOPE_HIDE_CPU");
    hide(hidden != NULL ? hidden : "");
    for (size_t i = 0; i < FEATURES; i++) {
        known.has[i] = cpu_ask(features[i].name);
        known.hidden[i] = is_hidden(&features[i]);
    }
    known.asked = true;
}

static bool has_feature(const struct feature_row *f)
{
    look();
    return known.has[f - features] && !known.hidden[f - features];
}

bool cpu_really_has(const char *feature)
{
    const struct feature_row *f = feature_named(feature);
    look();
    return f != NULL && known.has[f - features];
}

const char *cpu_lacks(const char *wanted)
{
    while (*(wanted += strspn(wanted, " ")) != '\0') {
        size_t length = strcspn(wanted, " ");
        const struct feature_row *f = feature_find(wanted, length);
        if (f == NULL || !has_feature(f)) {
            return f != NULL ? f->name : "unknown feature";
        }
        wanted += length;
    }
    return NULL;
}
