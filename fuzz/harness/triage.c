// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What becomes of a broken rule. Most cases of a routine that breaks one break it
// in the same way: a hash of check, sites and size (roughly) tells whether that was
// looked at before. If not, the case is recorded again and explained; backend, rule and
// pair of sites say whether it is a finding that was had, or that is expected.

#include "fuzz/harness/harness.h"

#include "sweep/explain.h"
#include "findings/saved_case.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    SEEN_MAX = 1 << 16, // a power of two
    ACCESSES_MAX = 4096,
};

// Hashes of what was looked at; emptied when half full.
static uint64_t seen[SEEN_MAX];
static size_t seen_count;

static bool is_first(uint64_t hash)
{
    size_t i = hash & (SEEN_MAX - 1);
    for (; seen[i]; i = (i + 1) & (SEEN_MAX - 1))
        if (seen[i] == hash)
            return false;
    if (++seen_count > SEEN_MAX / 2) {
        memset(seen, 0, sizeof seen);
        seen_count = 1;
        i = hash & (SEEN_MAX - 1);
    }
    seen[i] = hash;
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

// Of the pairs of consecutive sites, whatever their order and number: a loop gives
// the same however often it went round. Four sets of 64, a bit of each for a pair, in
// registers, since most cases of most routines break some rule.
static uint64_t hash_of_sites(const struct trace *t)
{
    uint64_t a = 0, b = 0, c = 0, d = 0, from = 0;
    for (size_t i = 0; i < t->count; i++) {
        uint64_t to = t->accesses[i].site + 1;
        uint64_t bits = (from * 31 + to) * UINT64_C(0x9e3779b97f4a7c15);
        a |= UINT64_C(1) << (bits >> 58);
        b |= UINT64_C(1) << (bits >> 52 & 63);
        c |= UINT64_C(1) << (bits >> 46 & 63);
        d |= UINT64_C(1) << (bits >> 40 & 63);
        from = to;
    }
    return mix(mix(mix(mix(t->outcome, a), b), c), d);
}

// Where sites are few each size may have other ones to blame.
static uint64_t size_class(uint64_t size)
{
    return size < 256 ? size : 256 + (63 - (uint64_t)__builtin_clzll(size));
}

// Findings that were had: backend, rule and sites, as one text each.
struct had {
    struct had *next;
    char text[];
};
static struct had *all_had;

static bool is_had(const struct saved *f)
{
    char text[SAVED_BACKEND_MAX + SHAPE_PAIR_MAX + 16];
    int length = snprintf(text, sizeof text, "%d %s %s", (int)f->rule, f->backend, f->sites);
    for (const struct had *h = all_had; h; h = h->next)
        if (strcmp(h->text, text) == 0)
            return true;
    struct had *h = malloc(sizeof *h + (size_t)length + 1);
    if (!h)
        abort();
    memcpy(h->text, text, (size_t)length + 1);
    h->next = all_had;
    all_had = h;
    return false;
}

// The contracts under which the finding is news, as a list; false for none.
static bool list_contracts(const struct seat *seat, size_t check, struct saved *f)
{
    const struct settings *s = seat->settings;
    size_t used = 0;
    f->contracts[0] = '\0';
    for (size_t i = 0; i < seat->contract_count; i++) {
        struct expect_key key = {.device = seat->device, .op = seat->op};
        snprintf(key.contract, sizeof key.contract, "%s", seat->contracts[i].name);
        if (seat->judge.check_of[i][f->rule] != check ||
            expect_covers(&s->expect, f->backend, &key, f->rule, f->sites))
            continue;
        int wrote = snprintf(f->contracts + used, sizeof f->contracts - used, "%s%s",
                             used ? "," : "", key.contract);
        if (wrote > 0 && used + (size_t)wrote < sizeof f->contracts)
            used += (size_t)wrote;
    }
    return used > 0;
}

static void print_finding(const struct saved *f, const char *message, FILE *to)
{
    char text[CASE_TEXT_MAX];
    case_print(&f->c, text);
    fprintf(to, "%s: %s breaks %s under %s\n", harness_kind.name, f->backend, rule_name[f->rule],
            f->contracts);
    fprintf(to, "  case     %s\n  sites    %s\n  %s\n", text, f->sites, message);
    fprintf(to, "  storescope trace '%s' '%s'\n", f->backend, text);
}

static void write_whole(int fd, const struct saved *f, const char *message, const char *path)
{
    FILE *file = fdopen(fd, "w");
    if (file) {
        fprintf(file, "# Found by %s. %s.\n", harness_kind.name, message);
        saved_print(f, file);
    }
    if (!file || fflush(file) != 0 || fsync(fd) != 0 || fclose(file) != 0) {
        fprintf(stderr, "%s: cannot write %s: %s\n", harness_kind.name, path, strerror(errno));
        unlink(path);
        _exit(2);
    }
}

// False when another process has saved it before.
static bool save(const char *folder, const struct saved *f, const char *message)
{
    char name[SAVED_NAME_MAX], path[4096], temporary[4096];
    saved_name(f, name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(temporary, sizeof temporary, "%s/.%d-%.200s", folder, (int)getpid(), name);
    if (access(path, F_OK) == 0)
        return false;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        fprintf(stderr, "%s: cannot write %s: %s\n", harness_kind.name, temporary, strerror(errno));
        _exit(2);
    }
    write_whole(fd, f, message, temporary);
    bool mine = link(temporary, path) == 0; // whole, or not at all, and once
    unlink(temporary);
    return mine;
}

static void take_news(struct seat *seat, size_t check, struct saved *f, const char *message)
{
    const struct settings *s = seat->settings;
    if (is_had(f))
        return;
    _Atomic uint64_t *counts = seat->row ? seat->row->findings : NULL;
    if (!list_contracts(seat, check, f)) {
        counts = seat->row ? seat->row->expected : NULL;
    } else if (!s->text[SET_FINDINGS]) {
        print_finding(f, message, stderr);
        abort();
    } else if (!save(s->text[SET_FINDINGS], f, message)) {
        return;
    } else {
        print_finding(f, message, stderr);
    }
    if (counts)
        atomic_fetch_add(&counts[f->rule], 1);
}

// Of a process that is not to be trusted: what its last shadow says is all.
static void explain(struct seat *seat, size_t check, const struct copy_case *c,
                    struct explanation *e)
{
    struct rig *rig = &seat->rig;
    const struct check *row = &seat->judge.checks[check];
    e->count = 0;
    e->again = false;
    snprintf(e->message, sizeof e->message, "%s", rule_broken_when[row->rule]);
    if (rig->distrusted) {
        if (rig->trace.outcome != OUTCOME_REFUSED && rig->trace.outcome != OUTCOME_BROKEN)
            explain_check(rig, row, e);
        return;
    }
    if (explain_record(rig, c, explain_wants_values(row->rule)))
        explain_check(rig, row, e);
    explain_end(rig);
    rig->again = false;
}

static void news_of_check(struct seat *seat, size_t check, const struct copy_case *c)
{
    static uint32_t accesses[ACCESSES_MAX];
    struct explanation e = {.accesses = accesses, .capacity = ACCESSES_MAX};
    struct saved f = {
        .device = seat->device, .has_rule = true, .rule = seat->judge.checks[check].rule, .c = *c};
    explain(seat, check, c, &e);
    snprintf(f.backend, sizeof f.backend, "%s", seat->backend->name);
    shape_pair(&seat->rig.trace, e.accesses, e.count, f.sites);
    take_news(seat, check, &f, e.message);
}

// The oracle could not judge: never passed over in silence.
static void news_of_broken(struct seat *seat, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    bool campaign = seat->settings->text[SET_FINDINGS] != NULL;
    const char *why = seat->rig.report->broken_reason.text;
    if (seat->row)
        atomic_fetch_add(&seat->row->broken, 1);
    uint64_t hash = mix((uintptr_t)seat, seat->rig.report->broken);
    if (campaign && !is_first(hash | 1))
        return;
    case_print(c, text);
    fprintf(stderr, "%s: %s could not be judged: %s\n  storescope trace '%s' '%s'\n",
            harness_kind.name, seat->backend->name, why, seat->backend->name, text);
    if (!campaign)
        abort();
}

static void news_of_skipped(struct seat *seat)
{
    if (seat->row)
        atomic_fetch_add(&seat->row->skipped, 1);
    if (is_first(mix((uintptr_t)seat, 2) | 1))
        fprintf(stderr, "%s: %s: cases are skipped: %s\n", harness_kind.name, seat->backend->name,
                seat->rig.report->skip_reason.text);
}

void news_of(struct seat *seat, const struct copy_case *c)
{
    const struct report *r = seat->rig.report;
    uint64_t broken = 0;
    if (r->broken)
        news_of_broken(seat, c);
    if (r->skipped)
        news_of_skipped(seat);
    if (!r->judged)
        return;
    for (size_t i = 0; i < seat->rig.broken_count; i++)
        broken = mix(broken, seat->rig.broken[i] + 1u);
    if (!broken)
        return;
    uint64_t sites = mix(hash_of_sites(&seat->rig.trace), size_class(c->size));
    sites = mix(sites, (uintptr_t)seat);
    // Mostly they were broken together before.
    if (!is_first(mix(sites, broken) | 1))
        return;
    // To explain runs the case again, but leaves what it broke as it is.
    for (size_t i = 0; i < seat->rig.broken_count; i++)
        if (is_first(mix(sites, seat->rig.broken[i]) | 1))
            news_of_check(seat, seat->rig.broken[i], c);
}

void news_board(struct seat *seat)
{
    struct board *board = seat->settings->board;
    struct coverage coverage = {0};
    if (!board || !seat->row)
        return;
    atomic_fetch_add(&board->executions, seat->runs - seat->told);
    atomic_fetch_add(&seat->row->executions, seat->runs - seat->told);
    seat->told = seat->runs;
    seat->job.recorder->cover(seat->rig.recorder, &coverage);
    for (size_t i = 0; i < coverage.count; i++) {
        const struct covered_insn *insn = &coverage.insns[i];
        struct board_note note = {.offset = insn->offset,
                                  .length = insn->length,
                                  .reached = insn->reached,
                                  .memory = insn->memory};
        memcpy(note.bytes, insn->bytes, sizeof note.bytes);
        board_note_insn(seat->row, &note);
    }
    coverage_free(&coverage);
}
