// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/stopping.h"

#include <stddef.h>

static const int signals[STOPPING_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
static volatile int noted;

static void note(int signal)
{
    noted = signal;
}

const volatile int *stopping_begin(struct stopping_before *before)
{
    const struct sigaction action = {.sa_handler = note,
                                     .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    for (size_t i = 0; i < STOPPING_SIGNALS; i++) {
        struct sigaction had;
        sigaction(signals[i], NULL, &had);
        if (before != NULL)
            before->actions[i] = had;
        if (signals[i] != SIGHUP || had.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return &noted;
}

void stopping_end(const struct stopping_before *before)
{
    for (size_t i = 0; i < STOPPING_SIGNALS; i++)
        sigaction(signals[i], &before->actions[i], NULL);
}

int stopping_by(void)
{
    return noted;
}
