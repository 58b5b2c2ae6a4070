// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a report is written through. In one that people read, what is no
// character to be read becomes `?' (base/printable.h), whoever printed it:
// only newlines, tabs and the colours of terminal.h pass. And a pipe that nobody
// reads does not keep the program that is asked to stop.

#ifndef STORESCOPE_STREAM_H
#define STORESCOPE_STREAM_H

#include <stdbool.h>
#include <stdio.h>

struct stream {
    int fd;
    bool owned;     // closed with the stream
    bool regular;   // a plain file: writing to it does not wait for anybody
    bool printable; // as said above; else bytes pass as they are
    bool colors;    // those of terminal.h pass
    int problem;    // errno of the first write that failed; 0: none did
    char held[8];   // the beginning of a character, or of a colour
    size_t held_bytes;
};

// A stream that writes to S->fd; S must outlive it. NULL when there is no memory.
FILE *stream_open(struct stream *s);

// After the last byte and a flush: writes what was held back. Zero or an errno.
int stream_end(struct stream *s);

#endif
