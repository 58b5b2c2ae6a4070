// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a copy on the memory that is probed came to: periph's TestCopy, whose failures have
// names here. It sees what memory holds in the end, not the stores that were made.

#ifndef STORESCOPE_PROBE_H
#define STORESCOPE_PROBE_H

#include "probe/run.h"
#include "sweep/verdict.h"

// In the order in which they are told. What became of the data is one of the four from
// nothing-copied to wrong-data.
#define PROBE_RULES(X)                                                                     \
    X(PROBE_CRASH, "crash", "it raised a signal: a bus error, say")                        \
    X(PROBE_TIMEOUT, "timeout", "it did not return")                                       \
    X(PROBE_WRONG_RETURN, "wrong-return", "it returned what it has not to: an error, say") \
    X(PROBE_NOTHING, "nothing-copied", "every byte is as it was filled")                   \
    X(PROBE_PART, "part-copied", "some bytes are right, the others as they were filled")   \
    X(PROBE_SHIFTED, "shifted", "the bytes are right, but in another place")               \
    X(PROBE_WRONG_DATA, "wrong-data", "bytes are neither right nor as they were filled")   \
    X(PROBE_BEFORE, "stored-before", "bytes of the hole before the copy changed")          \
    X(PROBE_AFTER, "stored-after", "bytes of the hole behind the copy changed")            \
    X(PROBE_SOURCE, "source-changed", "bytes of the source changed")                       \
    X(PROBE_COUNT, "count-differs", "the device counted other writes than were recorded")

enum probe_rule {
#define X(id, name, about) id,
    PROBE_RULES(X)
#undef X
        PROBE_RULE_COUNT
};
extern const char *const probe_rule_name[PROBE_RULE_COUNT];

struct probe_finding {
    enum probe_rule rule;
    uint64_t lo, hi; // of the destination, with its holes: from the first byte that is not as
                     // it should be to behind the last; empty where it is not about these
    char message[320];
};

struct probe_result {
    const struct backend *backend;
    struct probe_request request;
    enum verdict verdict;
    char reason[768]; // why skipped or broken; "": neither
    struct probe_finding findings[PROBE_RULE_COUNT];
    size_t finding_count; // in the order of the rules
    bool called;          // the routine was; else nothing below holds
    struct physical physical;
    struct probe_fault fault; // of a crash, or where a timeout was
    char instruction[80];     // there; "": not known
    struct recording where;   // with its only site there; or empty
    bool has_count;
    uint64_t counted, stores; // by the device; to the destination, as recorded
    uint8_t *wanted, *got;    // what the destination, with its holes, should hold and holds;
                              // NULL: it could not be read back. Owned
};

// Runs the routine once and judges it. A file that is none of a device's is put back to what
// it held. False and one line in ERROR for the system's failures alone.
bool probe(const struct backend *backend, const struct probe_request *request,
           struct probe_result *out, struct error *error);
void probe_result_free(struct probe_result *r);

#endif
