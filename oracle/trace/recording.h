// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Recordings on their way from the process that made them.

#ifndef STORESCOPE_RECORDING_H
#define STORESCOPE_RECORDING_H

#include "trace/origins.h"

// Sends a recording over a pipe, or receives one into empty structures. False
// when the other end is gone, when what came is not a recording, or when it
// would take more than 2^31 bytes. Only the sites that an access names are
// sent. ORIGINS may be NULL. On a pipe the sender ignores SIGPIPE; a socket raises none.
bool recording_send(int fd, const struct layout *layout, const struct trace *t,
                    const struct origins *origins);
// The message's bytes, which the caller frees. NULL: it is too long.
uint8_t *recording_write(const struct layout *layout, const struct trace *t,
                         const struct origins *origins, size_t *length);
bool recording_receive(int fd, struct recording *out);
// The same from the bytes of a frame already received.
bool recording_read(const void *bytes, size_t length, struct recording *out);
void recording_free(struct recording *r);

#endif
