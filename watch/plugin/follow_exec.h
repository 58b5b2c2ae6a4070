// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Programs that the watched one executes.

#ifndef STORESCOPE_WATCH_FOLLOW_EXEC_H
#define STORESCOPE_WATCH_FOLLOW_EXEC_H

#include <stdint.h>

// Runs the guest's PATH in the place of this program, under QEMU, if it is for the same
// CPU. Returns where the guest's own call is to do the rest.
void follow_exec(uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr);
void follow_execat(int folder, uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr);

#endif
