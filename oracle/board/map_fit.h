// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a device's region takes, found out of what accesses arrived as.

#ifndef STORESCOPE_BOARD_MAP_FIT_H
#define STORESCOPE_BOARD_MAP_FIT_H

#include "board/probe.h"

// What accesses arrive as in a map's view, region by region.
void map_probe(const struct flat_view *view, struct probe *out);

// The plainest ops with which all accesses that were tried on the region would have
// arrived as they did. False: there are none; the range's has_ops is false.
bool map_fit(struct probed_region *region);

#endif
