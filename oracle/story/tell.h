// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The sentences of a story.

#ifndef STORESCOPE_TELL_H
#define STORESCOPE_TELL_H

#include "story/search.h"
#include "story/story.h"

// Fills in what STORY_TOLD has beyond the element. RESULT has found something.
void story_tell(const struct observer *o, const struct visible *v, const struct pieces *p,
                const struct search_result *result, struct story *out);

#endif
