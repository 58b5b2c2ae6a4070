// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The recorders, the default one first. One more is one row and its file.

#include "record/recorder.h"

#include "backends/arch.h"
#include "backends/call.h"
#include "base/host.h"

#include <stdio.h>
#include <string.h>

extern const struct recorder_kind recorder_rewrite, recorder_step, recorder_qemu;

const struct recorder_kind *const recorder_kinds[] = {
    &recorder_rewrite,
    &recorder_step,
    &recorder_qemu,
};

const size_t recorder_kind_count = sizeof recorder_kinds / sizeof recorder_kinds[0];

const struct recorder_kind *recorder_find(const char *name)
{
    for (size_t i = 0; i < recorder_kind_count; i++)
        if (strcmp(recorder_kinds[i]->name, name) == 0)
            return recorder_kinds[i];
    return NULL;
}

const struct recorder_kind *recorder_default(void)
{
    for (size_t i = 0; i < recorder_kind_count; i++)
        if (!recorder_kinds[i]->missing || !recorder_kinds[i]->missing())
            return recorder_kinds[i];
    return recorder_kinds[0];
}

const struct recorder_kind *recorder_for(const struct backend *backend,
                                         const struct recorder_kind *asked)
{
    bool by_default = !asked || asked == recorder_default();
    if (!by_default)
        return asked;
    return backend->arch ? &recorder_qemu : recorder_default();
}

const char *recorder_lacks(const struct recorder_kind *kind, const struct backend *backend)
{
    static char text[TRACE_REASON_MAX];
    if (backend->arch && !kind->elsewhere) {
        snprintf(text, sizeof text, "recorder %s runs %s alone; leave --recorder out for %s",
                 kind->name, host.name, backend->arch->name);
        return text;
    }
    const char *missing = kind->missing ? kind->missing() : NULL;
    if (missing)
        return missing;
    if (backend->call && call_words(backend->call) > kind->words_max) {
        snprintf(text, sizeof text,
                 "recorder %s enters a routine with at most %zu arguments, which are in registers",
                 kind->name, kind->words_max);
        return text;
    }
    return NULL;
}
