// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/report_file.h"

#include "base/file.h"
#include "base/printable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REPORT_BYTES_MAX = 1 << 30 };

// Saved texts go to a terminal, and may come from anywhere.
static void defuse(cJSON *o)
{
    for (; o != NULL; o = o->next) {
        if (cJSON_IsString(o))
            printable(o->valuestring);
        defuse(o->child);
    }
}

static bool is_blank(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    return at == end;
}

// A pipe has no size of its own.
static size_t most_bytes(const char *path)
{
    struct stat status;
    bool file = stat(path, &status) == 0 && S_ISREG(status.st_mode);
    return file && status.st_size < REPORT_BYTES_MAX ? (size_t)status.st_size : REPORT_BYTES_MAX;
}

cJSON *report_file_read(const char *path, struct error *error)
{
    size_t length;
    const char *end = NULL;
    char *text = file_read(path, most_bytes(path), &length);
    if (text == NULL) {
        error_set(error, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    cJSON *report =
        length <= REPORT_BYTES_MAX ? cJSON_ParseWithLengthOpts(text, length, &end, false) : NULL;
    bool whole = report != NULL && is_blank(end, text + length);
    free(text);
    if (whole) {
        defuse(report);
        return report;
    }
    if (length > REPORT_BYTES_MAX)
        error_set(error, "'%s' is larger than 1 GiB; compare fewer routines", path);
    else if (report != NULL)
        error_set(error, "'%s' goes on after its JSON; it is no report as one was written", path);
    else
        error_set(error,
                  "'%s' is no JSON; write a report with `storescope compare --format json -o FILE'",
                  path);
    cJSON_Delete(report);
    return NULL;
}
