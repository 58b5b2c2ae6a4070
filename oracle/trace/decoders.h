// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which versions of the libraries that decode instructions are at work, not those that the
// program was built with.

#ifndef STORESCOPE_DECODERS_H
#define STORESCOPE_DECODERS_H

#include <stddef.h>

// "4.0.2" each.
enum { DECODER_TEXT_MAX = 32 };
void decoders_capstone(char text[DECODER_TEXT_MAX]);
void decoders_zydis(char text[DECODER_TEXT_MAX]);

#endif
