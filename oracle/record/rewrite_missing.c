// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/recorder.h"

static const char *rewrite_missing(void)
{
    return "storescope has no recorder rewrite for this CPU; use --recorder qemu";
}

const struct recorder_kind recorder_rewrite = {
    .name = "rewrite",
    .can = "nothing on this CPU",
    .cannot = "run on AArch64",
    .missing = rewrite_missing,
};
