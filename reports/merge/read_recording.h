// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The accesses to blame of a finding, read from its report into a recording that has no
// others.

#ifndef STORESCOPE_READ_RECORDING_H
#define STORESCOPE_READ_RECORDING_H

#include "base/error.h"
#include "sweep/verdict.h"

#include <cjson/cJSON.h>

// WITNESS is the finding's, whose case was read. CALLS: what its routine calls in other
// modules. Fills the recording and the list of accesses. False and one line in ERROR.
bool recording_read_witness(const cJSON *witness, const cJSON *calls, struct finding *f,
                            struct error *error);

#endif
