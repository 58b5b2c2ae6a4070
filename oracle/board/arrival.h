// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What QEMU tells of one access: a line of its log is one arrival. A device's callback
// was called, the access was refused, or somebody complained. A line about memory whose
// form is not known here is one as well, so that nothing is taken for silence.

#ifndef STORESCOPE_BOARD_ARRIVAL_H
#define STORESCOPE_BOARD_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum arrival_kind {
    ARRIVAL_WRITE,   // a region's callback was given `value`
    ARRIVAL_READ,    // it gave `value`
    ARRIVAL_REFUSED, // no callback was called; `text` says why, `name` may be ""
    ARRIVAL_SAID,    // a device's complaint about the guest: `text`
    ARRIVAL_UNKNOWN, // `text`
};

enum { ARRIVAL_NAME_MAX = 64, ARRIVAL_TEXT_MAX = 160 };

struct arrival {
    enum arrival_kind kind;
    uint64_t addr;               // physical; of what a region with a name refused: from its start
    uint64_t value;              // the number as the device has it
    bool no_value;               // it is not known: no device was asked
    unsigned size;               // bytes
    char name[ARRIVAL_NAME_MAX]; // the region's; "": not told
    char text[ARRIVAL_TEXT_MAX];
};

// What was told of one access, or of several: they are added.
struct arrivals {
    struct arrival *items; // owned
    size_t count, capacity;
};

// A new one at the end, not yet filled.
struct arrival *arrivals_add(struct arrivals *a);
void arrivals_free(struct arrivals *a);

// How many of the LENGTH bytes of a line are one arrival: some devices complain without
// a newline, and the next event follows at once.
size_t arrival_length(const char *line, size_t length);

// That much of a line of the log, without its newline.
void arrival_read(const char *line, size_t length, struct arrival *out);

// The events of QEMU that arrival_read knows, NULL at the end.
extern const char *const arrival_events[];

#endif
