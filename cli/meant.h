// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Words that stand where they do not belong: `check memcpy mmio', `list narrow-store'.
// Says what such a word is, and how it is given.

#ifndef STORESCOPE_MEANT_H
#define STORESCOPE_MEANT_H

#include "base/error.h"

// Is it one of storescope's own, as it is written?
bool meant_is_known(const char *word);

// Adds to what ERROR says " (mmio is a contract: --contract mmio)" where WORD is one of
// storescope's own, or is almost; nothing otherwise. Returns false.
bool meant_add(const char *word, struct error *error);

#endif
