// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which CPU model QEMU emulates for a guest program: the user's, the one that the
// routine's row names, or else the plainest of its architecture that has the
// instructions which the routine comes to.

#ifndef STORESCOPE_QEMU_MODEL_H
#define STORESCOPE_QEMU_MODEL_H

#include "base/error.h"
#include "record/qemu/prepare.h"

// Sets p->cpu. SAID: the user's, or NULL. QEMU: the recorder that tries whether a model
// has them. False and one line in ERROR when QEMU does not have the user's.
bool model_choose(struct guest_program *p, const char *said, const struct recorder_kind *qemu,
                  struct error *error);

#endif
