// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The bus splits the stores to the destination into beats: at the natural
// boundaries of the bus's width, ascending within a store; a narrower store is
// one beat of its own width. Addresses count from the page that the
// destination starts in, as a device whose window starts there would see them.

#ifndef STORESCOPE_BUS_H
#define STORESCOPE_BUS_H

#include "reports/access_text.h"

#include <stdio.h>

enum { BUS_WIDTH_MAX = 64 };

struct beat {
    int64_t addr;                // bytes from the start of the destination's page
    unsigned size;               // bytes, 1..width
    bool known;                  // was the value captured?
    uint8_t data[BUS_WIDTH_MAX]; // `size` bytes, lowest address first
};

// Is it a width the bus takes: a power of two up to BUS_WIDTH_MAX?
bool bus_width_is_valid(uint64_t width);

// Calls FUNCTION for each beat, in program order. Returns how many there were.
uint64_t bus_beats(const struct recording *r, uint32_t dst_off, unsigned width,
                   void (*function)(const struct beat *, void *), void *context);

// The beats of LENGTH bytes stored at ADDR, of which only those in MASK are
// driven (bit i % 64: byte i). VALUES is NULL when nobody knows them. Returns
// how many there were.
uint64_t bus_split(int64_t addr, unsigned length, uint64_t mask, const uint8_t *values,
                   unsigned width, void (*function)(const struct beat *, void *), void *context);

// One line: "write addr 0x0, data 0x3020100, size 0x4".
void bus_print_beat(const struct beat *beat, FILE *out);

// Prints one line a beat: "write addr 0x0, data 0x3020100, size 0x4"; then a
// line with # for whatever the beats do not show.
void bus_print(const struct recording *r, uint32_t dst_off, unsigned width, FILE *out);

#endif
