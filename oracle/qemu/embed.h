// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Files that are part of this program, so that it needs none of its own at run
// time: the runner's source, and the plugin. See embed.S.

#ifndef STORESCOPE_QEMU_EMBED_H
#define STORESCOPE_QEMU_EMBED_H

#include <stddef.h>

extern const char embedded_runner[], embedded_mailbox[], embedded_plugin[];
extern const size_t embedded_runner_bytes, embedded_mailbox_bytes, embedded_plugin_bytes;

#endif
