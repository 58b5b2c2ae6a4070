// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Makes sense of the plugin's records: pieces become accesses again, one an
// instruction; accesses become calls, by the function that their instructions
// lie in; the rest becomes notes. Hands all on in order, keeps little: a long
// run may make any number of accesses.
//
// A call is what one thread does in one function between its entry and its
// return, whatever it calls meanwhile.

#ifndef STORESCOPE_WATCH_LOG_H
#define STORESCOPE_WATCH_LOG_H

#include "watch/site.h"

enum { ACCESS_BYTES_MAX = 64, CALL_RUNS_MAX = 8 };

struct watch_access {
    uint64_t call; // number of its call
    uint32_t pid, tid;
    bool is_store;
    bool is_private;                 // the mapping is: a store does not reach FILE
    bool known;                      // are the values of a store?
    uint64_t addr;                   // in the program
    uint64_t offset;                 // in FILE
    unsigned width;                  // bytes of one piece
    unsigned count;                  // pieces, each after the one before
    uint8_t value[ACCESS_BYTES_MAX]; // bytes in memory's order
    const struct watch_site *site;
};

// Bytes that follow each other in FILE, stored in ascending order.
struct watch_run {
    uint64_t lo, hi; // hi: the byte after the last
};

struct watch_tally {
    uint64_t count;       // pieces
    uint64_t bytes;       // of all of them
    uint64_t widths[7];   // pieces of 1, 2, 4, ... 64 bytes
    uint64_t misaligned;  // pieces not aligned to their width
    bool descends;        // one lies below the one before it
    uint64_t last;        // offset of the last
    uint64_t lo, hi;      // of all bytes touched; hi: the byte after
    uint64_t bytes_again; // stored, or loaded, again within the call
    struct watch_run runs[CALL_RUNS_MAX];
    uint64_t run_count; // beyond CALL_RUNS_MAX only counted
    uint64_t run_end;   // of the last
};

struct watch_call {
    uint64_t number; // from 1, by the first access
    uint32_t pid, tid;
    const struct watch_site *site;   // the first access's
    const struct watch_site *caller; // the call instruction; NULL: unknown
    struct watch_tally stores, loads;
};

// A barrier between accesses of a call.
struct watch_fence {
    uint32_t pid, tid;
    const struct watch_site *site;
};

enum watch_note { NOTE_INFO, NOTE_DOUBT, NOTE_BROKEN };

struct watch_taker {
    void (*access)(const struct watch_access *a, void *context);
    void (*fence)(const struct watch_fence *f, void *context);
    void (*call)(const struct watch_call *c, void *context); // when it is over
    void *context;
};

struct watch_totals {
    uint64_t calls, stores, loads, bytes_stored; // stores and loads in pieces
    uint64_t mappings, processes, threads;
};

struct watch_log;
// FUNCTION: nothing is handed on but the accesses of the routine of that symbol and of what
// it calls, each of its calls as one; NULL: all are.
struct watch_log *watch_log_new(const struct watch_session *s, const char *function,
                                const struct watch_taker *taker);
void watch_log_free(struct watch_log *log);

// Fits watch_run, with the log as context.
void watch_log_take(const struct ring_record *record, const char *text, void *log);

// After the last record: hands on what is open, and looks whether FILE holds
// what the stores explain.
void watch_log_end(struct watch_log *log);

const struct watch_totals *watch_log_totals(const struct watch_log *log);

// Line I of what is to be said besides; NULL after the last.
const char *watch_log_note(const struct watch_log *log, size_t i, enum watch_note *kind);

#endif
