// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a target takes: a fuzzer's bytes (case_bytes.h), or the text of a saved
// case (findings/saved_case.h), known by how it begins, so that corpus files run as they
// are; and the way back, which makes seeds of them.

#ifndef STORESCOPE_FUZZ_CASE_INPUT_H
#define STORESCOPE_FUZZ_CASE_INPUT_H

#include "fuzz/case/case_bytes.h"

// As case_from_bytes. True for a text, which says no backend's byte.
bool case_from_input(const uint8_t *data, size_t size, struct copy_case *out, uint8_t *backend);

// The bytes that give C again. False for a case that they cannot describe: too
// large, or with another fill.
bool case_to_bytes(const struct copy_case *c, uint8_t backend, uint8_t out[CASE_BYTES]);

#endif
