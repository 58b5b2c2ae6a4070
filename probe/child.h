// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The process that runs the routine on the memory that is probed.

#ifndef STORESCOPE_PROBE_CHILD_H
#define STORESCOPE_PROBE_CHILD_H

#include "probe/run.h"

// Becomes it, just forked by PARENT. A recording of one access, at fault, goes to FD.
_Noreturn void probe_child(const struct backend *backend, const struct probe_request *request,
                           struct probe_answer *answer, int fd, pid_t parent);

#endif
