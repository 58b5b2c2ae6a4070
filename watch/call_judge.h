// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Judges what a program does to FILE by contracts, call by call, with the rules of the
// oracle, as far as they can be asked without the request: what was to be copied, from
// where and how much, nobody tells. The bytes that a call stores are taken for its
// destination, those that it loads for its source. Rules that need more are not judged.

#ifndef STORESCOPE_WATCH_CALL_JUDGE_H
#define STORESCOPE_WATCH_CALL_JUDGE_H

#include "judge/contract.h"
#include "watch/log.h"

enum { WATCH_BLAMED_MAX = 16 };

// A rule of a contract that calls of one function broke, and the first that did.
struct watch_finding {
    const struct contract *contract;
    enum rule_id rule;
    struct place function;
    uint64_t calls;
    uint64_t first;                                 // number of the first of them
    uint64_t base;                                  // offset in FILE of the message's byte 0
    char message[RULE_MESSAGE_MAX];                 // about that one
    struct watch_access accesses[WATCH_BLAMED_MAX]; // to blame, in program order
    size_t access_count;
};

struct call_judge;

// The contracts stay the caller's. DEVICE: as what FILE is judged.
struct call_judge *call_judge_new(const struct watch_session *s, const struct contract *contracts,
                                  size_t contract_count, enum device_side device);
void call_judge_free(struct call_judge *j); // NULL is taken

// To be given what the log's taker gets.
void call_judge_access(struct call_judge *j, const struct watch_access *a);
void call_judge_fence(struct call_judge *j, const struct watch_fence *f);
void call_judge_call(struct call_judge *j, const struct watch_call *c);

// In the order of the contracts, then as they were found. NULL after the last.
const struct watch_finding *call_judge_finding(const struct call_judge *j, size_t i);

uint64_t call_judge_judged(const struct call_judge *j);
// Calls that made too many accesses, or too far apart, to be judged.
uint64_t call_judge_too_large(const struct call_judge *j);

// Rules of the contract that are not judged, at most RULE_COUNT; gives their number.
size_t call_judge_left_out(const struct call_judge *j, const struct contract *contract,
                           enum rule_id *out);

#endif
