// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/cli.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int cli_trouble(const char *format, ...)
{
    va_list arguments;
    char line[2048];
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    // File names may hold anything, and the line must stay one.
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    if (*line)
        fprintf(stderr, "storescope: %s\n", line);
    return EXIT_TROUBLE;
}

bool cli_open(struct output *o, const struct format *format, const char *path, char *error,
              size_t error_size)
{
    struct stat status;
    if (format->folder_file == NULL || path == NULL || stat(path, &status) != 0 ||
        !S_ISDIR(status.st_mode))
        return output_open(o, path, error, error_size);
    char *inside = NULL;
    int length = asprintf(&inside, "%s/%s", path, format->folder_file);
    assert(length > 0);
    bool open = output_open(o, inside, error, error_size);
    free(inside);
    return open;
}

int cli_close(struct output *o, int status)
{
    char error[512];
    if (!output_close(o, error, sizeof error))
        return cli_trouble("%s", error);
    return status;
}

static volatile int stop_flag;

static void stop(int signal)
{
    (void)signal;
    stop_flag = 1;
}

const volatile int *cli_stop_on_signal(void)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop_flag;
}
