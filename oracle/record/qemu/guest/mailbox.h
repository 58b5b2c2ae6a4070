// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the guest runner has in common with the plugin: where the lanes lie in
// the guest, and a mailbox of 64-bit words in the guest's byte order. Compiled
// for every architecture, so it includes nothing.

#ifndef STORESCOPE_QEMU_MAILBOX_H
#define STORESCOPE_QEMU_MAILBOX_H

// Two windows, below what QEMU gives to mmap and to stacks, and away from where
// programs are linked. A window is a guard, a lane, and inaccessible memory up to
// its end. The file of the lanes holds both in this order. A guard is one page on
// every architecture: sparc64 and alpha have pages of 8 KiB.
#define QEMU_LOW_WINDOW   0x20000000ul
#define QEMU_HIGH_WINDOW  0x28000000ul
#define QEMU_WINDOW_BYTES 0x8000000ul
#define QEMU_GUARD_BYTES  0x2000ul
// Behind both, in the guest and in the file: as many bytes as a guard for the records that
// a call's arguments point to, up to the end of these, and a guard.
#define QEMU_RECORD_WINDOW 0x30000000ul
#define QEMU_LANES_BYTES   (2 * QEMU_WINDOW_BYTES + 2 * QEMU_GUARD_BYTES)

enum guest_command {
    GUEST_CALL,   // call the routine
    GUEST_RESIZE, // make the lanes accessible, so many bytes of each
};

// How a routine is called, and what it returns: as memcpy with a fourth argument, or with
// integers, few or as many as there may be.
enum guest_how { GUEST_AS_MEMCPY, GUEST_BY_WORDS, GUEST_BY_MORE_WORDS };
enum { GUEST_WORDS_FEW = 4, GUEST_WORDS_MAX = 8 };

enum guest_mail {
    MAIL_COMMAND, // enum guest_command
    MAIL_ROUTINE, // index into the runner's table
    MAIL_HOW,     // enum guest_how
    MAIL_WORD0,   // arguments, GUEST_WORDS_MAX of them
    MAIL_LAST_WORD = MAIL_WORD0 + 7,
    MAIL_LOW_LANE, // bytes
    MAIL_HIGH_LANE,
    // The runner's answers.
    MAIL_RESULT,
    MAIL_SIGNAL, // enum guest_signal
    MAIL_FAULT_AT,
    MAIL_FAULT_PC,
    MAIL_CLOBBERED, // nonzero: a register came back changed that must not
    MAIL_STACK,     // an address in the frame of the routine's caller
    MAIL_ATOMIC,    // bytes of the widest aligned access that is single-copy atomic,
                    // where it depends on the CPU; 0: it does not
    MAIL_CLEANS,    // which flushes this CPU has, beyond those that all have: guest_cleans
    MAIL_TLS_LO,    // the thread's own data
    MAIL_TLS_HI,
    MAIL_WORDS,
};

// AArch64's DC CVAP and CVADP (FEAT_DPB, FEAT_DPB2).
enum guest_cleans { GUEST_CLEANS_POP = 1, GUEST_CLEANS_PODP = 2 };

// Signals have other numbers on other CPUs.
enum guest_signal {
    GUEST_NO_SIGNAL,
    GUEST_SEGV,
    GUEST_BUS,
    GUEST_ILL,
    GUEST_FPE,
    GUEST_TRAP,
    GUEST_SIGNALS,
};

// Beside a signal: not the routine raised it, but a constructor of its file did.
#define GUEST_IN_CONSTRUCTOR 0x100

// The runner's sections, by which the plugin knows where it is.
enum guest_mark { MARK_WAIT, MARK_BEGIN, MARK_END, MARK_FAULT, MARK_LOOP, GUEST_MARKS };

#endif
