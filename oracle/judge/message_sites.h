// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How the sentence of a rule tells two instructions of one text apart. Who makes the
// sentence knows addresses alone, and marks each by its way from the routine's entry, or
// from the start of the other module that it lies in; who knows symbols puts these there.

#ifndef STORESCOPE_MESSAGE_SITES_H
#define STORESCOPE_MESSAGE_SITES_H

#include "trace/trace.h"

enum { SITE_MARK_MAX = 64, SITE_NAME_MAX = 128 };

// " (+0x1c)", or " (+0x40 of another module)"; "" for a site of no known module.
void site_mark(const struct trace *t, size_t site, char mark[SITE_MARK_MAX]);

// Where a site is: "my_copy+0x1c". "" when nothing is known.
typedef void site_namer(const void *context, size_t site, char name[SITE_NAME_MAX]);

// Names the sites that the message marks, as far as there is room for it.
void message_name_sites(const struct trace *t, site_namer *name, const void *context, char *message,
                        size_t message_size);

#endif
