// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/x86_builder.h"

#include "record/step/facts.h"

bool x86_every_recorder_takes(const uint8_t *bytes, size_t length)
{
    static bool ready;
    struct step_insn in;
    if (!ready && !facts_open())
        return false;
    ready = true;
    facts_decode(0, bytes, (unsigned)length, &in);
    return in.refused == NULL;
}
