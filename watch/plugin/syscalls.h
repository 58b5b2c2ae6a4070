// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// System calls of the guest that bear on FILE.

#ifndef STORESCOPE_WATCH_SYSCALLS_H
#define STORESCOPE_WATCH_SYSCALLS_H

#include "base/qemu_plugin.h"

// Callbacks of system calls.
void watched_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                     uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
void watched_syscall_ret(qemu_plugin_id_t id, unsigned vcpu, int64_t number, int64_t ret);

#endif
