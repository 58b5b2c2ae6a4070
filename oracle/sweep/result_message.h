// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The results of a sweep on their way from a process that swept to the one that forked it
// and reports. Both run this program's own code alone, and what was there before the fork,
// backends, contracts and what the user said, is known by its address.

#ifndef STORESCOPE_RESULT_MESSAGE_H
#define STORESCOPE_RESULT_MESSAGE_H

#include "sweep/verdict.h"

// COUNT results of one routine. False when the other end is gone.
bool results_send(int fd, const struct result *results, size_t count);

// The same COUNT, to be freed each; none when it fails.
bool results_receive(int fd, struct result *results, size_t count);

#endif
