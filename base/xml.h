// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Text as XML 1.0 takes it, in an attribute or between tags: the five characters
// with a meaning as entities, what is no UTF-8 and the control characters that
// XML knows no form for as '?'. A whole library for that would be no shorter.

#ifndef STORESCOPE_XML_H
#define STORESCOPE_XML_H

#include <stdio.h>

void xml_put(FILE *out, const char *text);

// ` NAME="TEXT"`, with its blank.
void xml_put_attribute(FILE *out, const char *name, const char *text);

#endif
