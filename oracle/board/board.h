// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A machine of qemu-system whose CPUs never run: accesses are sent to its memory by the
// protocol qtest, as its own devices and KVM would make them, and what each arrives as is
// read from QEMU's log. Nothing else of the machine is touched.

#ifndef STORESCOPE_BOARD_H
#define STORESCOPE_BOARD_H

#include "board/arrival.h"
#include "board/emulator.h"
#include "board/flat_view.h"

struct board;

// Starts COMMAND, "qemu-system-aarch64 -M virt", which a shell reads, with what the board
// needs added. NULL and one line in ERROR.
struct board *board_start(const char *command, struct error *error);

// The same, but its CPU runs a guest (not started yet), and nothing can be sent.
struct board *board_boot(const char *command, const struct emulated_guest *guest,
                         struct error *error);
// Lets the CPU run. False and one line in ERROR.
bool board_go(struct board *b, struct error *error);
// Adds what was told since the last time, the lines of guest/marks.h as ARRIVAL_SAID.
// False and one line in ERROR when the machine has ended.
bool board_listen(struct board *b, struct arrivals *told, struct error *error);
void board_end(struct board *b);

// What its CPUs are, as `qemu-system-NAME' has it; "": QEMU does not say.
const char *board_target(const struct board *b);
const char *board_version(const struct board *b); // "7.2.22 (Debian 1:7.2+dfsg-7)"
const char *board_path(const struct board *b);    // of the emulator's file; "": not known

// What a monitor's user would read; the caller frees it. NULL and one line in ERROR.
char *board_ask(struct board *b, const char *command, struct error *error);

// Writes LENGTH bytes (1 to 8) at a physical address, or reads so many, and adds what was
// told. False and one line in ERROR when the machine ended, or does not answer.
bool board_write(struct board *b, uint64_t addr, const uint8_t *bytes, size_t length,
                 struct arrivals *told, struct error *error);
bool board_read(struct board *b, uint64_t addr, size_t length, struct arrivals *told,
                struct error *error);

// What the machine's first serial port has sent; the caller frees it. NULL where COMMAND
// says itself where that goes.
char *board_console(struct board *b, size_t *length);

#endif
