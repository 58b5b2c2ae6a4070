// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A result as it was before it was written as JSON, as far as it is in there. What is
// not: the accesses of a smallest case that are not to blame (recording.told says so),
// the machine code of what was reached, charts, and which stores are made for which
// sizes. Nothing is made up in their place.

#ifndef STORESCOPE_READ_RESULT_H
#define STORESCOPE_READ_RESULT_H

#include "base/error.h"
#include "sweep/verdict.h"

#include <cjson/cJSON.h>

// OUT has backend, contract, op, device and setup already, and is to be freed in any
// case. The contract gets the rules that its op has no say in, no others. False and one
// line in ERROR.
bool result_read(const cJSON *object, struct contract *contract, struct result *out,
                 struct error *error);

#endif
