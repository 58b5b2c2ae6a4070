// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How QEMU splits an access to a region and what it refuses, from the region's
// MemoryRegionOps: memory_access_size (softmmu/physmem.c) takes a first piece, then
// memory_region_access_valid and access_with_adjusted_size (softmmu/memory.c) give it to
// the callback. Takes an access, gives its arrivals. No device is asked.

#ifndef STORESCOPE_BOARD_REGION_OPS_H
#define STORESCOPE_BOARD_REGION_OPS_H

#include "board/board.h"

// Sends an access of LENGTH bytes at a physical address through a view whose ranges have
// their ops known, and adds what arrives. Values are not given: they are what the bytes are
// in the device's byte order. False: there is a range whose ops are not known.
bool region_ops_send(const struct flat_view *view, uint64_t addr, unsigned length, bool write,
                     struct arrivals *told);

#endif
