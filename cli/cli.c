// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/cli.h"
#include "base/stopping.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool cli_open(struct output *o, const struct format *format, const char *path, struct error *error)
{
    struct stat status;
    if (format->folder_file == NULL || path == NULL || stat(path, &status) != 0 ||
        !S_ISDIR(status.st_mode))
        return output_open(o, path, error);
    char *inside = NULL;
    int length = asprintf(&inside, "%s/%s", path, format->folder_file);
    assert(length > 0);
    bool open = output_open(o, inside, error);
    free(inside);
    return open;
}

const volatile int *cli_stop_on_signal(void)
{
    return stopping_begin(NULL);
}
