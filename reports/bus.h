// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The bus splits the stores to the destination into beats: at the natural
// boundaries of the bus's width, ascending within a store; a narrower store is
// one beat of its own width. Addresses count from the page that the
// destination starts in, as a device whose window starts there would see them.
// Loads are split likewise, and are reads. Those of a source in a buffer of its own count
// from the page that starts in.

#ifndef STORESCOPE_BUS_H
#define STORESCOPE_BUS_H

#include "reports/access_text.h"

#include <stdio.h>

enum { BUS_WIDTH_MAX = 64 };

enum beat_kind { BEAT_WRITE, BEAT_READ, BEAT_READ_SOURCE };

struct beat {
    enum beat_kind kind;
    int64_t addr;                // bytes from the start of the destination's page
    unsigned size;               // bytes, 1..width
    bool known;                  // was the value captured? That of a load never is
    uint8_t data[BUS_WIDTH_MAX]; // `size` bytes, lowest address first
};

// Is it a width the bus takes: a power of two up to BUS_WIDTH_MAX?
bool bus_width_is_valid(uint64_t width);

// What is to be split: LENGTH bytes at ADDR, of which only those in MASK are driven (bit
// i % 64: byte i). VALUES is NULL when nobody knows them.
struct bus_request {
    enum beat_kind kind;
    int64_t addr;
    unsigned length;
    uint64_t mask;
    const uint8_t *values;
};

// Calls FUNCTION for each of its beats. Returns how many there were.
uint64_t bus_split(const struct bus_request *request, unsigned width,
                   void (*function)(const struct beat *, void *), void *context);

// One line: "write addr 0x0, data 0x3020100, size 0x4", "read addr 0x0, size 0x4" or
// "read src addr 0x0, size 0x4".
void bus_print_beat(const struct beat *beat, FILE *out);

// Prints one line a beat, in program order, of the recording of case C: stores, and with
// LOADS what is loaded of source and destination; then a line with # for whatever the
// beats do not show.
void bus_print(const struct recording *r, const struct copy_case *c, unsigned width, bool loads,
               FILE *out);

#endif
