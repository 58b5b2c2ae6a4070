// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Files that are part of this program, so that it needs none of its own at run
// time: the runner's source, the plugin, and storecopy's sources. See embed.S.

#ifndef STORESCOPE_QEMU_EMBED_H
#define STORESCOPE_QEMU_EMBED_H

#include <stddef.h>
#include <stdint.h>

extern const char embedded_runner[], embedded_mailbox[], embedded_kept[], embedded_plugin[];
extern const size_t embedded_runner_bytes, embedded_mailbox_bytes, embedded_kept_bytes,
    embedded_plugin_bytes;

// The sources of storecopy (storecopy) that are for every architecture; the
// last row has no name.
struct embedded_file {
    const char *name;
    const char *bytes;
    uint64_t length;
};
extern const struct embedded_file embedded_engine[];

#endif
