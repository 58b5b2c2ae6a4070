// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a report of a sweep begins with, so that who gets it by mail knows what was run:
// version, CPU and libc; the command; and of each file whose code was judged its build-id
// or its compiler.

#ifndef STORESCOPE_HEADING_H
#define STORESCOPE_HEADING_H

#include "reports/format.h"

enum { HEADING_FILES_MAX = 6, HEADING_TEXT_MAX = 512, HEADING_DATE_MAX = 40 };

// "storescope 0.1.0 on AMD EPYC, glibc 2.36, Linux 6.1.0". Gives TEXT.
char *heading_machine(const struct host *host, char text[HEADING_TEXT_MAX]);

// "2026-11-24 06:30 UTC" of a date as clock_date has it; "" where it is not known. Gives TEXT.
char *heading_date(const char *date, char text[HEADING_DATE_MAX]);

// The command as one line that can be shown; "" where it is not known. The caller frees it.
char *heading_command(const struct run_facts *facts);

// "libmine.so: build-id 0123...; GCC: (Debian 12.2.0-14) 12.2.0" of the files of BACKENDS
// that say so, each once: the one after number *NEXT, which moves on. False at the end.
bool heading_file(const struct backend *const *backends, size_t count, size_t *next,
                  char text[HEADING_TEXT_MAX]);

// All of it as text, and a blank line.
void heading_print(const struct run_facts *facts, const struct terminal *terminal, FILE *out);

#endif
