// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Proves that a routine keeps a contract for every address and alignment, and every size in
// a range: all its paths are followed (explore.h), the contract's rules shown to hold on
// each (path_rules.h), and the prover itself held to what is recorded: a case of each path
// is run, and its accesses have to be those foretold (confirm.h). What breaks a rule is
// shown only when the judge finds it in a recording, too. All that is unknown, not
// modelled, or takes too long is `not proved`.

#ifndef STORESCOPE_PROVE_H
#define STORESCOPE_PROVE_H

#include "base/error.h"
#include "sweep/proof_note.h"
#include "sweep/sweep.h"

enum proof_verdict {
    PROOF_PROVED,   // every rule holds on every path
    PROOF_VIOLATES, // some rule is broken, and the judge found it
    PROOF_OPEN,     // not proved
    PROOF_SKIPPED,  // it cannot run here
    PROOF_VERDICT_COUNT
};
extern const char *const proof_verdict_name[PROOF_VERDICT_COUNT];

enum proof_status { RULE_HOLDS, RULE_BROKEN, RULE_OPEN };

struct proof_rule {
    enum rule_id rule;
    enum proof_status status;
    uint64_t paths;             // on which it is broken, or may be
    uint64_t size_lo, size_hi;  // of requests on those
    char why[TRACE_REASON_MAX]; // of what is open
    bool has_case;
    struct copy_case c; // broken: the smallest that was found
    char message[RULE_MESSAGE_MAX];
};

struct proof_options {
    uint64_t size_lo, size_hi;
    uint64_t instructions_max; // that are followed, over all paths
    size_t memory_max;         // bytes
    unsigned solver_ms;        // for one question
    // Limits by which the same is proved on each machine, however busy; 0: none.
    uint64_t paths_max, questions_max;
    unsigned solver_effort; // for one question, in the solver's own count
    uint64_t case_max;      // bytes of a case that is recorded
    uint64_t until_ms;      // of clock_now_ms, when nothing more is followed; 0: no such time
    // A rule is broken where a case was found, whichever: it is asked of no further path, and
    // the judge does not say so. And where nothing can be proved any more, nothing more is
    // followed.
    bool brief;
    bool unconfirmed;          // leave out the recordings: for measuring alone
    const struct plan *also;   // cases to be recorded, and nothing to be proved: each has to lie
                               // on one path, and no other, and make its accesses; or NULL
    struct coverage *followed; // gets each instruction that is on some path, where all paths were
                               // followed to their ends; or NULL
    // Gets a case of each path, and one that BREAKS a rule, of each that is broken on it; or NULL.
    // Then all paths are followed, though nothing can be proved any more.
    void (*found)(void *context, const struct copy_case *c, bool breaks);
    void *context;
    const struct sweep_options *run;
};
extern const struct proof_options proof_defaults;

// What became of the cases of proof_options.also.
struct proof_also {
    uint64_t agreed, differ;
    uint64_t left;                  // where no path says what they do
    char why[2 * TRACE_REASON_MAX]; // of the first that differs
};

// Of one contract.
struct proof {
    const struct backend *backend;
    const struct contract *contract;
    enum copy_op op;
    enum proof_verdict verdict;
    struct proof_rule rules[RULE_COUNT];
    size_t rule_count;
    char why[2 * TRACE_REASON_MAX]; // why it is not proved, or skipped
    // Of the routine, the same in all of its proofs.
    uint64_t size_lo, size_hi;
    uint64_t paths, ended; // ... and those of them that could not be followed to their end
    uint64_t confirmed;    // paths of which a case was recorded, and agreed
    struct proof_also also;
    uint64_t instructions, asked;
    double seconds; // of this process's processor time
    struct proof_constant constants[PROOF_CONSTANTS_MAX];
    size_t constant_count;
};

// Why nothing can be proved of such a routine, or NULL.
const char *prove_lacks(const struct backend *b, enum copy_op op);

// One for each contract, in PROOFS. False and one line in ERROR only for the system's
// failures.
bool prove_run(const struct backend *backend, enum copy_op op, const struct contract *contracts,
               size_t contract_count, const struct proof_options *options, struct proof *proofs,
               struct error *error);

#endif
