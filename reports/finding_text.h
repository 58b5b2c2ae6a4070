// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The parts of a finding that reports show alike: the accesses to blame, a
// line each, and the command that shows the case again.

#ifndef STORESCOPE_FINDING_TEXT_H
#define STORESCOPE_FINDING_TEXT_H

#include "base/terminal.h"
#include "sweep/verdict.h"

#include <stdio.h>

// "store  dst 0..7        8  mov qword ptr [rdi], rax  my_copy+0x1c (ram_copy.h:11)",
// without a newline. TEXT holds ACCESS_TEXT_MAX bytes.
enum { ACCESS_TEXT_MAX = 1200 };
void access_text(const struct recording *r, const struct access *a, char *text);

// Those of a finding, each line after INDENT; the middle of many is left out.
void finding_print_accesses(const struct finding *f, const char *indent, FILE *out);

// What the witness does to an observer, numbered steps; nothing where that was not asked.
void finding_print_story(const struct finding *f, unsigned indent, const struct terminal *terminal,
                         FILE *out);

// The same for a file: a line a sentence, INDENT before each.
void finding_write_story(const struct finding *f, const char *indent, FILE *out);

// The story in one sentence, for what precedes its steps: who looks, or that there is none.
enum { STORY_SENTENCE_MAX = 2048 };
void story_print(const struct story *s, char text[STORY_SENTENCE_MAX]);
// ... and what it comes to, for what follows them. Of one that is told.
void story_print_end(const struct story *s, char text[STORY_SENTENCE_MAX]);

// "storescope trace BACKEND 'CASE'", as a shell takes it, without a newline.
void finding_print_replay(const struct result *r, const struct finding *f, FILE *out);

// The same of any case; SETUP may be NULL.
void command_print_trace(const struct backend *b, const struct recorder_setup *setup,
                         const char *case_text, FILE *out);

// Where a result was not judged: the reason, and the first case. "" otherwise.
void result_print_reason(const struct result *r, FILE *out);

// "glibc/memcpy", or "glibc/memcpy as memmove" where OP is not the backend's own.
void result_name(const struct backend *b, enum copy_op op, char *text, size_t text_size);

#endif
