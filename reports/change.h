// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What became of a verdict or a broken rule from one report to a later one: its name in
// JSON and its sign for people, which does without colour.

#ifndef STORESCOPE_CHANGE_H
#define STORESCOPE_CHANGE_H

#include "base/terminal.h"

// In the order of their weight: the heaviest of several wins.
enum change { CHANGE_SAME, CHANGE_CHANGED, CHANGE_BETTER, CHANGE_WORSE, CHANGE_COUNT };

extern const char *const change_name[CHANGE_COUNT]; // "same", "changed", "better", "worse"
extern const char *const change_sign[CHANGE_COUNT]; // "=", "~", "▽", "▲"
extern const enum hue change_hue[CHANGE_COUNT];

// CHANGE_CHANGED for a name that is none of them.
enum change change_find(const char *name);

static inline enum change change_heavier(enum change a, enum change b)
{
    return a > b ? a : b;
}

#endif
