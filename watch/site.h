// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// An instruction of the watched program that accesses FILE, or orders what does: where it
// is, its text, and what the oracle knows of it.

#ifndef STORESCOPE_WATCH_SITE_H
#define STORESCOPE_WATCH_SITE_H

#include "trace/trace.h"
#include "watch/session.h"
#include "watch/symbols.h"

struct watch_site {
    uint32_t number; // from 1
    uint64_t pc;
    struct place place;
    struct site described; // as the oracle knows it: its classes, what it orders
    bool clears_line;      // stores it in one access
    bool followed;         // part of the routine that the log is to follow
    char text[96];
};

// Of what the plugin says: TEXT is QEMU's of the instruction ("": none), a line end, and the
// file that it lies in. The caller frees it; the texts of its place are the modules'.
struct watch_site *watch_site_new(const struct machine *machine, struct modules *modules,
                                  const struct ring_site *s, const char *text);

// Is more known of an instruction of this CPU than its text?
bool watch_site_classes(const struct machine *machine);

#endif
