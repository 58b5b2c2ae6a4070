// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The page: one HTML file that needs nothing else. What it shows is there
// without its script; the script adds replaying, filters and shortcuts. Rows of
// the matrix and the parts on each backend go to two temporary files as results
// come in, and into the page when the last one has, so that memory does not grow
// with the number of findings.

#ifndef STORESCOPE_PAGE_H
#define STORESCOPE_PAGE_H

#include "reports/calls.h"
#include "reports/format.h"
#include "reports/history/history.h"
#include "reports/svg/dedup.h"
#include "reports/svg/markup.h"
#include "reports/text/differences.h"

enum {
    PAGE_ROWS_MAX = 48,       // accesses that a picture draws one by one
    PAGE_NAME_MAX = 32,       // of an id
    PAGE_PICTURES_MAX = 5000, // pictures of a page; later findings have text alone
};

// Routines that changed in one way since the report before: items of a list.
struct page_since {
    FILE *out; // NULL: none so far
    char *text;
    size_t length;
    struct markup m; // into that
};

// Routines that cannot run here for one reason.
struct page_absent {
    char *reason, *names; // owned
    size_t count;
};

struct page {
    struct report *report;
    FILE *rows, *sections;      // temporary
    struct markup row, section; // into these
    size_t backends;            // so far; the next one's number
    size_t pictures, left_out;  // drawn, and not drawn because of PAGE_PICTURES_MAX
    bool told;                  // some finding was read from a report, and not recorded
    struct dedup dedup;         // its drawings
    struct dedup patterns;      // those listed
    size_t *patterns_of;        // per list, the backend's number; owned
    char **names;               // per backend; owned
    enum copy_op *ops;          // likewise
    bool *as_other;             // taken for another op than its own; likewise
    uint64_t rules_shown;       // bits by id, those named in the matrix
    uint64_t verdicts_shown;    // bits by enum verdict
    unsigned proved_shown;      // bits by enum proved
    unsigned changes_shown;     // CELL_CHANGED, CELL_WORSE
    unsigned over_time;         // bits by enum change, those of strips; the next: not there
    struct page_since since[CHANGE_COUNT];
    struct page_absent *absent; // one a reason; owned
    size_t absent_count;
};

// A rule broken in a backend's sweep, once for all contracts that have it.
struct page_finding {
    const struct finding *finding;
    const struct result *result; // the first that has it
    bool *under;                 // one a contract
};

// A page up to its first section, and from behind its last.
void page_begin(struct markup *m, FILE *out, const char *title, const char *lead);
void page_end(struct markup *m);

// A name and a value in a list of facts; nothing where the value is empty.
void page_fact(struct markup *m, const char *name, const char *value);

// "calls memcpy of libc.so.6 (...)", a paragraph each.
void page_calls(struct markup *m, const struct calls *calls);
// What was run, when and where: the first thing to know of a page that somebody sent.
void page_origin(struct markup *m, const struct run_facts *facts);

// The machine, its libc and kernel.
void page_host(struct markup *m, const struct run_facts *facts);

// An attribute, id or href (SIGN is "#" there), that leads to a backend's section, or to
// its verdict under CONTRACT, by their names: the same in every report that has them.
void page_anchor(struct markup *m, const char *attribute, const char *sign, const struct result *r,
                 const char *contract);

// The same by names; AS_OP: what it is taken for, NULL where that is what it is.
void page_anchor_names(struct markup *m, const char *attribute, const char *sign,
                       const char *backend, const char *as_op, const char *contract);

// The row of the matrix, with links to the section.
void page_matrix_row(struct page *p, const struct result *results, size_t count,
                     const struct history_table *past);
void page_matrix_head(struct markup *m, const struct run_facts *facts);
extern const char *const page_verdict_sign[VERDICT_COUNT];
void page_matrix_legend(struct markup *m, const struct page *p);

// What earlier reports say: a column of the matrix, the routine's table in its section, and
// on top what changed. Nothing of it without --history.
void page_history_column(struct markup *m, const struct run_facts *facts);
void page_history_strip(struct page *p, const struct history_table *t);
void page_history_legend(struct markup *m, const struct page *p);
void page_history_section(struct page *p, const struct history_table *t);
void page_history_add(struct page *p, const struct result *results, const struct history_table *t);
void page_history_top(struct markup *m, struct page *p);
void page_history_free(struct page *p);

// Is it a routine of which nothing was run? Then it is kept for a line of its reason, and has
// no row and no section.
bool page_absent_take(struct page *p, const struct result *results, size_t count);
void page_absent_write(struct markup *m, const struct page *p);
void page_absent_free(struct page *p);

// What changed against the expectations: the first thing on the page.
void page_changes(struct markup *m, const struct page *p);
const char *page_change_sign(unsigned cell); // CELL_CHANGED, CELL_WORSE

// All on one backend.
void page_section(struct page *p, const struct result *results, size_t count,
                  const struct history_table *past);

// The case that COUNT findings have as their smallest: what is broken, the
// picture, the instructions. INDEX numbers the cases of the section.
void page_case(struct page *p, const struct page_finding *findings, size_t count, size_t index);

// Where in the sweep each rule is broken; which stores are made for which sizes;
// what of the machine code was never reached.
void page_charts(struct page *p, const struct result *first, const struct page_finding *found,
                 size_t count);
void page_patterns(struct page *p, const struct result *r);
void page_code(struct markup *m, const struct coverage *c);

// The letter by which the instructions name a case: "a" to "z", "A" to "Z", "+".
const char *page_case_letter(size_t index);

// The instructions of all cases, in the routine's code where that is known. FOUND
// has those of a case one behind the other.
void page_sites(struct markup *m, const struct coverage *c, const struct page_finding *found,
                size_t count);

// A message as a paragraph; what stands between back quotes is code.
void page_message(struct markup *m, const char *class, const char *message);

// The command that shows a case again, as a shell takes it, behind a label or "".
void page_command(struct markup *m, const char *label, const struct backend *b,
                  const struct recorder_setup *setup, const char *case_text);

#endif
