// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A case that is laid out in the arena, as the guest is to have it: its lanes, and what
// its routine is entered with.

#ifndef STORESCOPE_QEMU_GUEST_CASE_H
#define STORESCOPE_QEMU_GUEST_CASE_H

#include "record/qemu/qemu.h"

// Do both sides lie in one lane?
bool qemu_is_overlapping(const struct layout *l);

// Has the guest room for its lanes?
bool qemu_lanes_fit(const struct layout *l);

// Copies whole lanes to the guest, and back.
void qemu_lanes_in(const struct recorder *r, const struct layout *l);
void qemu_lanes_out(const struct recorder *r, const struct layout *l);

// What comes out of the case's FIFO, for the plugin to put there. False: it is too much.
bool qemu_take_fifo(struct recorder *r, const struct layout *l);

// What the plugin is told of the case. Of a call of its own, the records go to the guest
// and L gets what it has to return.
void qemu_tell_case(const struct recorder *r, const struct copy_case *c, struct layout *l,
                    bool values, struct qemu_case *now);

#endif
