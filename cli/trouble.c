// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

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
    fprintf(stderr, "storescope: %s\n", line);
    return EXIT_TROUBLE;
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
