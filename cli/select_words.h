// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_SELECT_WORDS_H
#define STORESCOPE_SELECT_WORDS_H

#include "backends/selection.h"
#include "base/error.h"
#include "cli/options/options.h"

// select_backends of the first COUNT words; where one of them is no backend, ERROR tells
// what else it is.
bool select_words(const struct options *o, size_t count, struct selection *out,
                  struct error *error);

#endif
