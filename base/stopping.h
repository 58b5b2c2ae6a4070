// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The user's wish to stop: the first SIGINT, SIGTERM or SIGHUP (a closed
// terminal) is noted, so that what was found until then is still reported; a
// second one ends the program at once. SIGHUP stays ignored where it was, as
// nohup wants it.

#ifndef STORESCOPE_STOPPING_H
#define STORESCOPE_STOPPING_H

#include <signal.h>

enum { STOPPING_SIGNALS = 3 };

// How the signals were handled before.
struct stopping_before {
    struct sigaction actions[STOPPING_SIGNALS];
};

// From now on the signals are noted. Gives what is nonzero after one: its number.
// BEFORE may be NULL.
const volatile int *stopping_begin(struct stopping_before *before);
void stopping_end(const struct stopping_before *before);

// The signal that was noted; 0: none.
int stopping_by(void);

#endif
