// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/recorder.h"

static const char *step_missing(void)
{
    return "storescope has no recorder step for this CPU; use --recorder qemu";
}

const struct recorder_kind recorder_step = {
    .name = "step",
    .can = "nothing on this CPU",
    .cannot = "run on AArch64",
    .missing = step_missing,
};
