// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/dispatch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sweep/ask.h"
#include "sweep/distrust.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CHUNK_CASES_MIN = 256,
    CHUNK_CASES_MAX = 1 << 16,
    TICK_MS = 100,     // progress, and a look at who has died or hangs
    FINISH_MS = 150,   // for the last reports after a stop
    RECEIVE_MS = 1000, // a report is written in one go
    // Of the largest routine that a recorder takes; see DISCOVER_INSNS_MAX.
    COVERAGE_BYTES_MAX = 1 << 24,
    LOADING_MS = 2000, // of processor time, and ten times what a case may take
    // A worker that starts another process takes as long to start as for so many cases: one
    // more for each, or all when the sweep has taken that long.
    ELSEWHERE_CASES = 1 << 14,
    ELSEWHERE_MS = 300,
};

// Case numbers lo..hi-1. A suspect is one case at which a worker died: it runs
// alone in a new worker.
struct interval {
    uint64_t lo, hi;
    bool suspect;
};

// One worker and what it was given.
struct lane {
    struct worker worker;
    bool busy;
    struct interval chunk;
    uint64_t id;
    uint64_t seen_at;       // what its slot said when last looked at
    uint64_t moved_ms;      // when that last changed
    uint64_t moved_used_ms; // ... and the worker's processor time then
};

struct dispatch {
    const struct job *job;
    const struct sweep_options *options;
    struct dispatch_sum *sum;
    struct lane *lanes;
    struct pollfd *polls;
    unsigned handle_count;
    struct interval *open; // not handed out; in no order
    size_t open_count, open_capacity;
    uint64_t left; // case numbers in `open`
    uint64_t next_id;
    uint64_t started_ms, tick_ms;
    uint64_t ending_ms; // 0, or when the sweep is over at the latest
    bool failed;        // the system's failure; `error` says which
    struct error *error;
};

static void interval_add(struct dispatch *s, uint64_t lo, uint64_t hi, bool suspect)
{
    if (lo >= hi)
        return;
    if (s->open_count == s->open_capacity) {
        s->open_capacity = s->open_capacity ? 2 * s->open_capacity : 16;
        s->open = must(realloc(s->open, s->open_capacity * sizeof *s->open));
    }
    s->open[s->open_count++] = (struct interval){lo, hi, suspect};
    s->left += hi - lo;
}

// The lowest cases first: they are the smallest, and should the sweep end early
// they are the ones worth having.
static struct interval interval_take(struct dispatch *s)
{
    size_t lowest = 0;
    for (size_t i = 1; i < s->open_count; i++)
        if (s->open[i].lo < s->open[lowest].lo)
            lowest = i;
    struct interval *from = &s->open[lowest], taken = *from;
    uint64_t share = s->left / (4 * s->handle_count);
    if (share < CHUNK_CASES_MIN)
        share = CHUNK_CASES_MIN;
    if (share > CHUNK_CASES_MAX)
        share = CHUNK_CASES_MAX;
    if (taken.hi - taken.lo > share)
        taken.hi = taken.lo + share;
    from->lo = taken.hi;
    if (from->lo == from->hi)
        *from = s->open[--s->open_count];
    s->left -= taken.hi - taken.lo;
    return taken;
}

// Lets the workers report what they have, and hands out nothing more.
static void end_soon(struct dispatch *s)
{
    if (s->ending_ms)
        return;
    s->ending_ms = clock_now_ms() + FINISH_MS;
    for (unsigned i = 0; i < s->handle_count; i++)
        if (s->lanes[i].busy)
            atomic_store(&s->lanes[i].worker.slot->stop, 1);
}

static void give_up(struct dispatch *s, uint64_t count, uint64_t limit, const char *what)
{
    if (count < limit || s->ending_ms)
        return;
    snprintf(s->sum->given_up, sizeof s->sum->given_up, "gave up after %llu %s",
             (unsigned long long)count, what);
    end_soon(s);
}

// Workers that may be lost, for one reason, before the sweep ends.
static uint64_t lost_max(const struct dispatch *s, uint64_t most)
{
    const struct dispatch_sum *sum = s->sum;
    bool slow = clock_now_ms() - s->started_ms > DISPATCH_PATIENCE_MS;
    bool mostly = sum->judged / DISPATCH_JUDGED_PER_LOST < sum->distrusted + sum->deaths;
    return slow && mostly ? DISPATCH_LOST_SLOWLY_MAX : most;
}

static void check_limits(struct dispatch *s)
{
    const struct dispatch_sum *sum = s->sum;
    give_up(s, sum->timeouts, DISPATCH_TIMEOUTS_MAX, "cases that did not return");
    give_up(s, sum->stalls, DISPATCH_STALLS_MAX, "cases that hung");
    give_up(s, sum->distrusted, lost_max(s, DISPATCH_DISTRUSTED_MAX),
            "workers that the routine may have written to");
    give_up(s, sum->deaths, lost_max(s, DISPATCH_DEATHS_MAX), "workers that died");
}

static void reason_merge(struct reason *into, const struct reason *from)
{
    if (from->text[0] && (!into->text[0] || case_compare(&from->c, &into->c) < 0))
        *into = *from;
    message_text_clean(into->text, sizeof into->text);
}

static void note_broken(struct dispatch *s, uint64_t index, const char *why)
{
    struct reason reason;
    s->sum->done++;
    if (!plan_case(s->job->plan, index, &reason.c)) {
        s->sum->left_out++;
        return;
    }
    s->sum->broken++;
    snprintf(reason.text, sizeof reason.text, "%s", why);
    reason_merge(&s->sum->broken_reason, &reason);
}

// A worker was lost at its chunk. The case it was at, as far as that can be
// known, runs once more alone before it is called broken; a hang is not worth
// a second try.
static void chunk_lost(struct dispatch *s, struct lane *lane, uint64_t at, bool retry,
                       const char *why)
{
    struct interval chunk = lane->chunk;
    lane->busy = false;
    if (chunk.hi - chunk.lo == 1 && (chunk.suspect || !retry)) {
        note_broken(s, chunk.lo, why);
    } else if (at >= chunk.lo && at < chunk.hi) {
        interval_add(s, chunk.lo, at, false);
        if (retry)
            interval_add(s, at, at + 1, true);
        else
            note_broken(s, at, why);
        interval_add(s, at + 1, chunk.hi, false);
    } else {
        uint64_t half = chunk.lo + (chunk.hi - chunk.lo) / 2;
        bool alone = chunk.hi - chunk.lo == 1;
        interval_add(s, chunk.lo, half, false);
        interval_add(s, half, chunk.hi, alone);
    }
    check_limits(s);
}

static void worker_died(struct dispatch *s, struct lane *lane)
{
    char how[80], why[TRACE_REASON_MAX];
    uint64_t at = atomic_load(&lane->worker.slot->at);
    bool forbidden = worker_end(&lane->worker, how, sizeof how);
    s->sum->deaths++;
    if (at != WORKER_LOADING) {
        snprintf(why, sizeof why, "the worker %s while recording this case", how);
        chunk_lost(s, lane, at, true, why);
        return;
    }
    lane->busy = false;
    interval_add(s, lane->chunk.lo, lane->chunk.hi, lane->chunk.suspect);
    if (forbidden && !s->ending_ms) {
        snprintf(s->sum->not_opened, sizeof s->sum->not_opened,
                 "the worker %s while loading the routine", how);
        end_soon(s);
        return;
    }
    if (++s->sum->loading_deaths >= DISPATCH_LOADING_DEATHS_MAX && !s->ending_ms) {
        snprintf(s->sum->given_up, sizeof s->sum->given_up,
                 "the worker %s while loading the routine", how);
        end_soon(s);
    }
}

static void worker_stalled(struct dispatch *s, struct lane *lane, const char *how)
{
    char why[TRACE_REASON_MAX];
    uint64_t at = atomic_load(&lane->worker.slot->at);
    (void)worker_end(&lane->worker, NULL, 0);
    s->sum->stalls++;
    if (at == WORKER_LOADING) {
        lane->busy = false;
        interval_add(s, lane->chunk.lo, lane->chunk.hi, lane->chunk.suspect);
        snprintf(s->sum->given_up, sizeof s->sum->given_up,
                 "loading the routine did not end: it %s", how);
        end_soon(s);
        return;
    }
    snprintf(why, sizeof why, "the routine %s", how);
    chunk_lost(s, lane, at, false, why);
}

static void chunk_result_add(struct dispatch *s, const struct chunk_result *r)
{
    struct dispatch_sum *sum = s->sum;
    sum->done += r->end - r->lo;
    sum->judged += r->judged;
    for (size_t k = 0; k < STORED_COUNT; k++)
        sum->stored[k] += r->stored[k];
    sum->skipped += r->skipped;
    sum->broken += r->broken;
    sum->left_out += r->left_out;
    sum->timeouts += r->timeouts;
    sum->distrusted += r->distrusted;
    reason_merge(&sum->skip_reason, &r->skip_reason);
    reason_merge(&sum->broken_reason, &r->broken_reason);
    for (size_t i = 0; i < s->job->judge->count; i++)
        tally_merge(&sum->tallies[i], &r->tallies[i]);
    const struct chart *charts = chunk_result_charts(s->job, r);
    for (size_t i = 0; charts && i <= s->job->judge->count; i++)
        chart_merge(&sum->charts[i], &charts[i]);
}

// A worker that does not tell is one whose coverage is not known: no trouble.
static void coverage_take(struct dispatch *s, struct lane *lane)
{
    struct message f;
    if (!message_receive(lane->worker.fd, COVERAGE_BYTES_MAX, RECEIVE_MS, &f))
        return;
    if (f.kind == MESSAGE_COVERAGE && distrust_passes_coverage(&f))
        coverage_add(&s->sum->coverage, (const struct covered_insn *)(const void *)f.bytes,
                     (size_t)f.length / sizeof(struct covered_insn));
    message_free(&f);
}

static void coverage_ask(struct dispatch *s)
{
    const struct worker_command command = {.kind = COMMAND_COVERAGE};
    for (unsigned i = 0; i < s->handle_count; i++)
        if (s->lanes[i].worker.pid > 0 && !s->lanes[i].busy &&
            worker_ask(&s->lanes[i].worker, &command))
            coverage_take(s, &s->lanes[i]);
}

static void chunk_result_take(struct dispatch *s, struct lane *lane, const struct chunk_result *r)
{
    lane->busy = false;
    chunk_result_add(s, r);
    interval_add(s, lane->chunk.lo, r->lo, false);
    interval_add(s, r->end, lane->chunk.hi, false);
    if (r->distrusted) {
        coverage_take(s, lane);
        worker_end(&lane->worker, NULL, 0);
    }
    check_limits(s);
}

// The longest answer to COMMAND_SWEEP: a report, or a line.
static uint64_t answer_bytes(const struct dispatch *s)
{
    uint64_t result = chunk_result_size(s->job);
    return result > TRACE_REASON_MAX ? result : TRACE_REASON_MAX;
}

static void answer_take(struct dispatch *s, struct lane *lane)
{
    const struct distrust_asked asked = {
        .id = lane->id,
        .lo = lane->chunk.lo,
        .hi = lane->chunk.hi,
        .may_be_empty = s->ending_ms != 0,
    };
    struct message f;
    bool whole = message_receive(lane->worker.fd, answer_bytes(s), RECEIVE_MS, &f);
    if (whole && f.kind == MESSAGE_RESULT && distrust_passes_result(s->job, &asked, &f)) {
        chunk_result_take(s, lane, (const struct chunk_result *)(const void *)f.bytes);
    } else if (whole && f.kind == MESSAGE_FAILED &&
               atomic_load(&lane->worker.slot->at) == WORKER_LOADING) {
        message_text(&f, s->sum->not_opened, sizeof s->sum->not_opened);
        lane->busy = false;
        worker_end(&lane->worker, NULL, 0);
        end_soon(s);
    } else {
        worker_died(s, lane);
    }
    message_free(&f);
}

// Gives the lane a chunk, and a worker if it has none, or needs a new one.
static void handle_give(struct dispatch *s, struct lane *lane)
{
    struct interval chunk = interval_take(s);
    if (chunk.suspect)
        worker_end(&lane->worker, NULL, 0);
    bool fresh = lane->worker.pid <= 0;
    if (fresh && !worker_start(&lane->worker, s->job, s->error)) {
        interval_add(s, chunk.lo, chunk.hi, chunk.suspect);
        s->failed = true;
        end_soon(s);
        return;
    }
    struct worker_command command = {
        .kind = COMMAND_SWEEP, .id = ++s->next_id, .lo = chunk.lo, .hi = chunk.hi};
    uint64_t at = fresh ? WORKER_LOADING : chunk.lo;
    if (!fresh)
        atomic_store(&lane->worker.slot->at, at);
    lane->chunk = chunk;
    lane->id = command.id;
    lane->busy = true;
    lane->seen_at = at;
    lane->moved_ms = clock_now_ms();
    lane->moved_used_ms = worker_used_ms(&lane->worker);
    // When it fails the worker is dead, which its socket tells as well.
    (void)worker_ask(&lane->worker, &command);
}

static unsigned wanted_lanes(const struct dispatch *s)
{
    uint64_t worth = 1 + s->job->plan->cases / ELSEWHERE_CASES;
    bool all = !s->job->recorder->elsewhere || worth > s->handle_count ||
               clock_now_ms() - s->started_ms > ELSEWHERE_MS;
    return all ? s->handle_count : (unsigned)worth;
}

static void handle_out(struct dispatch *s)
{
    unsigned wanted = wanted_lanes(s);
    for (unsigned i = 0; i < wanted && s->open_count > 0 && !s->ending_ms; i++)
        if (!s->lanes[i].busy)
            handle_give(s, &s->lanes[i]);
}

static unsigned busy_count(const struct dispatch *s)
{
    unsigned busy = 0;
    for (unsigned i = 0; i < s->handle_count; i++)
        busy += s->lanes[i].busy;
    return busy;
}

static void wait_for_answers(struct dispatch *s)
{
    for (unsigned i = 0; i < s->handle_count; i++)
        s->polls[i] =
            (struct pollfd){.fd = s->lanes[i].busy ? s->lanes[i].worker.fd : -1, .events = POLLIN};
    if (poll(s->polls, s->handle_count, s->ending_ms ? TICK_MS / 5 : TICK_MS) <= 0)
        return;
    for (unsigned i = 0; i < s->handle_count; i++)
        if (s->polls[i].revents && s->lanes[i].busy)
            answer_take(s, &s->lanes[i]);
}

static uint64_t findings_so_far(const struct dispatch *s)
{
    const struct judge *j = s->job->judge;
    uint64_t findings = 0;
    // The last contract is of facts.
    for (size_t i = 0; i + 1 < j->contract_count; i++)
        for (size_t rule = 0; rule < RULE_COUNT; rule++) {
            uint16_t check = j->check_of[i][rule];
            findings += check != CHECK_NONE && s->sum->tallies[check].cases > 0;
        }
    return findings;
}

static void tell_progress(const struct dispatch *s, uint64_t now)
{
    if (!s->options->progress)
        return;
    const struct sweep_progress progress = {
        .backend = s->job->backend,
        .done = s->sum->done,
        .planned = s->job->plan->cases,
        .findings = findings_so_far(s),
        .seconds = (double)(now - s->started_ms) / 1e3,
    };
    s->options->progress(&progress, s->options->context);
}

// On a busy machine, or with a share of it alone, a worker may wait for a processor
// for long: then it has used no time, and does not sleep.
static bool has_stalled(const struct dispatch *s, const struct lane *lane, uint64_t now)
{
    enum { TURNS_MAX = 30 };
    uint64_t stall_ms = ask_stall_ms(s->options), past_ms = now - lane->moved_ms;
    uint64_t used_ms = worker_used_ms(&lane->worker) - lane->moved_used_ms;
    bool had_its_turn = used_ms > stall_ms / 2 || lane->worker.sleeps;
    return past_ms > stall_ms && (had_its_turn || past_ms > TURNS_MAX * stall_ms);
}

// A worker whose socket a child of the routine still holds, or that does not
// get on, tells nothing by itself.
static void look_after(struct dispatch *s, struct lane *lane, uint64_t now)
{
    uint64_t at = atomic_load(&lane->worker.slot->at);
    struct pollfd answer = {.fd = lane->worker.fd, .events = POLLIN};
    if (at != lane->seen_at) {
        lane->seen_at = at;
        lane->moved_ms = now;
        lane->moved_used_ms = worker_used_ms(&lane->worker);
    }
    if (poll(&answer, 1, 0) > 0)
        return; // it is about to be read
    if (worker_is_dead(&lane->worker)) {
        worker_died(s, lane);
        return;
    }
    uint64_t loading_ms = LOADING_MS + 10 * s->options->timeout_ms;
    const char *how = worker_hangs(&lane->worker, now, at == WORKER_LOADING ? loading_ms : 0);
    if (!how && has_stalled(s, lane, now))
        how = "stopped the recorder's clock";
    if (how)
        worker_stalled(s, lane, how);
}

static void tick(struct dispatch *s)
{
    uint64_t now = clock_now_ms();
    if (s->options->stop && *s->options->stop)
        end_soon(s);
    if (now - s->tick_ms < TICK_MS)
        return;
    s->tick_ms = now;
    for (unsigned i = 0; i < s->handle_count; i++)
        if (s->lanes[i].busy)
            look_after(s, &s->lanes[i], now);
    tell_progress(s, now);
}

// Has nothing happened in any worker that a case after it may have been changed by? A store
// to the routine's own memory is told by a rule of the last contract, which is of facts.
static bool is_as_new(const struct dispatch *s)
{
    const struct dispatch_sum *sum = s->sum;
    const struct judge *j = s->job->judge;
    uint16_t check = j->check_of[j->contract_count - 1][RULE_STATIC_STORE];
    return s->job->recorder->elsewhere && !s->failed && !s->ending_ms && check != CHECK_NONE &&
           sum->tallies[check].cases == 0 &&
           sum->deaths + sum->stalls + sum->distrusted + sum->broken + sum->timeouts == 0;
}

static void keep_first(struct dispatch *s, struct worker *first)
{
    struct lane *lane = &s->lanes[0];
    *first = (struct worker){.fd = -1};
    if (lane->worker.pid <= 0 || lane->busy || !is_as_new(s))
        return;
    *first = lane->worker;
    lane->worker = (struct worker){.fd = -1};
}

static void run_to_end(struct dispatch *s, struct worker *first)
{
    s->lanes[0].worker = *first;
    interval_add(s, 0, s->job->plan->cases, false);
    for (;;) {
        tick(s);
        handle_out(s);
        if (busy_count(s) == 0 && (s->ending_ms || s->open_count == 0))
            break;
        if (s->ending_ms && clock_now_ms() >= s->ending_ms)
            break;
        wait_for_answers(s);
    }
    if (s->job->recorder_options.blocks)
        coverage_ask(s);
    keep_first(s, first);
    for (unsigned i = 0; i < s->handle_count; i++)
        worker_end(&s->lanes[i].worker, NULL, 0);
    tell_progress(s, clock_now_ms());
}

bool dispatch_run(const struct job *job, const struct sweep_options *options, struct worker *first,
                  struct dispatch_sum *out, struct error *error)
{
    struct dispatch s = {
        .job = job,
        .options = options,
        .sum = out,
        .handle_count = options->jobs ? options->jobs : 1,
        .started_ms = clock_now_ms(),
        .error = error,
    };
    s.tick_ms = s.started_ms;
    *out = (struct dispatch_sum){.tallies = calloc(job->judge->count, sizeof *out->tallies)};
    if (job->charts)
        out->charts = calloc(job->judge->count + 1, sizeof *out->charts);
    s.lanes = calloc(s.handle_count, sizeof *s.lanes);
    s.polls = calloc(s.handle_count, sizeof *s.polls);
    s.failed = !out->tallies || (job->charts && !out->charts) || !s.lanes || !s.polls;
    if (s.failed)
        worker_end(first, NULL, 0),
            error_set(error, "out of memory for a sweep; free some or lower --jobs");
    else
        run_to_end(&s, first);
    out->interrupted = out->done < job->plan->cases && !out->given_up[0] && !out->not_opened[0];
    out->seconds = (double)(clock_now_ms() - s.started_ms) / 1e3;
    free(s.lanes);
    free(s.polls);
    free(s.open);
    return !s.failed;
}

void dispatch_free(struct dispatch_sum *sum)
{
    free(sum->tallies);
    free(sum->charts);
    coverage_free(&sum->coverage);
    *sum = (struct dispatch_sum){0};
}
