// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/recorder.h"

static const char *step_missing(void)
{
    return "it is made for x86-64 alone; leave --recorder out";
}

const struct recorder_kind recorder_step = {
    .name = "step",
    .can = "nothing on this CPU",
    .cannot = "run on AArch64: ptrace steps there, but a loop of exclusive loads and stores, which "
              "each step breaks, would never end",
    .missing = step_missing,
};
