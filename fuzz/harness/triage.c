// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What becomes of a broken rule. Most cases of a routine that breaks one break it
// in the same way: a hash of check, sites and size (roughly) tells whether that was
// looked at before. If not, the case is recorded again and explained; backend, rule and
// pair of sites say whether it is a finding that was had, or that is expected.

#include "base/memory.h"
#include "fuzz/harness/harness.h"

#include "findings/saved_case.h"
#include "sweep/explain.h"

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
    char text[SAVED_BACKEND_MAX + SIGNATURE_PAIR_MAX + 16];
    int length = snprintf(text, sizeof text, "%d %s %s", (int)f->rule, f->backend, f->sites);
    for (const struct had *h = all_had; h; h = h->next)
        if (strcmp(h->text, text) == 0)
            return true;
    struct had *h = must(malloc(sizeof *h + (size_t)length + 1));
    memcpy(h->text, text, (size_t)length + 1);
    h->next = all_had;
    all_had = h;
    return false;
}

// The contracts under which the finding is news, as a list; false for none.
static bool list_contracts(const struct target *target, size_t check, struct saved *f)
{
    const struct settings *s = target->settings;
    size_t used = 0;
    f->contracts[0] = '\0';
    for (size_t i = 0; i < target->contract_count; i++) {
        struct expect_key key = {.device = target->device, .op = target->op};
        snprintf(key.contract, sizeof key.contract, "%s", target->contracts[i].name);
        if (target->judge.check_of[i][f->rule] != check ||
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

static void take_triage(struct target *target, size_t check, struct saved *f, const char *message)
{
    const struct settings *s = target->settings;
    if (is_had(f))
        return;
    _Atomic uint64_t *counts = target->row ? target->row->findings : NULL;
    if (!list_contracts(target, check, f)) {
        counts = target->row ? target->row->expected : NULL;
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
static void explain(struct target *target, size_t check, const struct copy_case *c,
                    struct explanation *e)
{
    struct rig *rig = &target->rig;
    const struct check *row = &target->judge.checks[check];
    e->count = 0;
    e->again = false;
    snprintf(e->message, sizeof e->message, "%s", rule_broken_when[row->rule]);
    if (rig->distrusted) {
        if (rig->trace.outcome != OUTCOME_REFUSED && rig->trace.outcome != OUTCOME_BROKEN)
            explain_check(rig, row, e);
        return;
    }
    if (explain_record(rig, c, explain_wants_values(row)))
        explain_check(rig, row, e);
    explain_end(rig);
    rig->again = false;
}

static void triage_of_check(struct target *target, size_t check, const struct copy_case *c)
{
    static uint32_t accesses[ACCESSES_MAX];
    struct explanation e = {.accesses = accesses, .capacity = ACCESSES_MAX};
    struct saved f = {.device = target->device,
                      .has_rule = true,
                      .rule = target->judge.checks[check].rule,
                      .c = *c};
    explain(target, check, c, &e);
    snprintf(f.backend, sizeof f.backend, "%s", target->backend->name);
    signature_pair(&target->rig.trace, e.accesses, e.count, f.sites);
    take_triage(target, check, &f, e.message);
}

// The oracle could not judge: never passed over in silence.
static void triage_of_broken(struct target *target, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    bool campaign = target->settings->text[SET_FINDINGS] != NULL;
    const char *why = target->rig.result->broken_reason.text;
    if (target->row)
        atomic_fetch_add(&target->row->broken, 1);
    uint64_t hash = mix((uintptr_t)target, target->rig.result->broken);
    if (campaign && !is_first(hash | 1))
        return;
    case_print(c, text);
    fprintf(stderr, "%s: %s could not be judged: %s\n  storescope trace '%s' '%s'\n",
            harness_kind.name, target->backend->name, why, target->backend->name, text);
    if (!campaign)
        abort();
}

static void triage_of_skipped(struct target *target)
{
    if (target->row)
        atomic_fetch_add(&target->row->skipped, 1);
    if (is_first(mix((uintptr_t)target, 2) | 1))
        fprintf(stderr, "%s: %s: cases are skipped: %s\n", harness_kind.name, target->backend->name,
                target->rig.result->skip_reason.text);
}

void triage_of(struct target *target, const struct copy_case *c)
{
    const struct chunk_result *r = target->rig.result;
    uint64_t broken = 0;
    if (r->broken)
        triage_of_broken(target, c);
    if (r->skipped)
        triage_of_skipped(target);
    if (!r->judged)
        return;
    for (size_t i = 0; i < target->rig.broken_count; i++)
        broken = mix(broken, target->rig.broken[i] + 1u);
    if (!broken)
        return;
    uint64_t sites = mix(hash_of_sites(&target->rig.trace), size_class(c->size));
    sites = mix(sites, (uintptr_t)target);
    // Mostly they were broken together before.
    if (!is_first(mix(sites, broken) | 1))
        return;
    // To explain runs the case again, but leaves what it broke as it is.
    for (size_t i = 0; i < target->rig.broken_count; i++)
        if (is_first(mix(sites, target->rig.broken[i]) | 1))
            triage_of_check(target, target->rig.broken[i], c);
}

void triage_scoreboard(struct target *target)
{
    struct scoreboard *scoreboard = target->settings->scoreboard;
    struct coverage coverage = {0};
    if (!scoreboard || !target->row)
        return;
    atomic_fetch_add(&scoreboard->executions, target->runs - target->told);
    atomic_fetch_add(&target->row->executions, target->runs - target->told);
    target->told = target->runs;
    target->job.recorder->cover(target->rig.recorder, &coverage);
    for (size_t i = 0; i < coverage.count; i++) {
        const struct covered_insn *insn = &coverage.insns[i];
        struct scoreboard_note note = {.offset = insn->offset,
                                       .length = insn->length,
                                       .reached = insn->reached,
                                       .memory = insn->memory};
        memcpy(note.bytes, insn->bytes, sizeof note.bytes);
        scoreboard_note_insn(target->row, &note);
    }
    coverage_free(&coverage);
}
