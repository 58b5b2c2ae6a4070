// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs the rewritten copy on a stack of its own.

#include "base/error.h"
#include "base/host.h"
#include "base/memory.h"
#include "record/rewrite/rewrite.h"
#include "record/rewrite/run_end.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    LOG_FIRST_BYTES = 1 << 20,
    // Places in their pages of what the rewritten code writes beside the
    // routine's stores: apart from the page starts, where cases mostly lie. A
    // load whose address equals a recent store's in the low 12 bits waits for it.
    LOG_SKEW = 0xc00,
    CONTEXT_SKEW = 0xe00,
    RERUNS_MAX = 100000,
    TICKS = 4,
};
#define LOG_RESERVED (UINT64_C(32) << 30)
// A log this long, in a case of size 0, is taken for an endless loop: half a
// million accesses and more.
#define LOG_LIMIT_BASE     (UINT64_C(16) << 20)
#define LOG_LIMIT_PER_BYTE 256

// What the signal handlers work on; one recorder runs at a time in a process.
static struct recorder *active;

// ---- signals ----

static void abort_run(struct recorder *r, ucontext_t *uc, const uint8_t *pc, bool trap)
{
    const struct translation *t = r->running;
    if (t->log_reg != GPR_NONE)
        r->context->log = frame_register(uc, t->log_reg);
    // A breakpoint may have been executed when its trap comes; a single step may have
    // executed what belongs to no instruction of the routine.
    r->abort_where = trap ? translation_where(t, pc - CPU_TRAP_BYTES) : NULL;
    if (!r->abort_where)
        r->abort_where = translation_where(t, pc);
    if (r->abort_where)
        r->context->log += r->abort_where->pending;
    frame_progress(uc, r);
    r->context->exit = CONTEXT_ABORTED;
    r->abort_serial = r->serial;
    frame_leave(uc, t->leave, r->native.rsp); // that of the routine need not be an address
}

// Where the next record goes.
static uintptr_t log_pointer(const struct recorder *r, const ucontext_t *uc)
{
    uint8_t reg = r->running->log_reg;
    return (uintptr_t)(reg == GPR_NONE ? r->context->log : frame_register(uc, reg));
}

// Is it the log that needs room? A fault elsewhere beyond its end is the routine's.
static bool grow_log(struct recorder *r, const ucontext_t *uc, uintptr_t fault)
{
    uintptr_t lo = (uintptr_t)r->log, next = log_pointer(r, uc);
    if (fault < lo + r->log_usable || fault >= lo + LOG_RESERVED || fault < next ||
        fault - next >= LOG_SPARE_BYTES)
        return false;
    size_t more = r->log_usable;
    if (r->log_usable >= r->log_limit || r->log_usable + more > LOG_RESERVED - LOG_SPARE_BYTES) {
        r->log_full = true;
        return false;
    }
    if (mprotect(r->log + r->log_usable, more, PROT_READ | PROT_WRITE) != 0) {
        r->log_full = true;
        return false;
    }
    r->log_usable += more;
    return true;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    struct recorder *r = active;
    ucontext_t *uc = context;
    const uint8_t *pc = frame_pc(uc);
    if (!r || !r->running || !translation_holds(r->running, pc) || r->abort_serial == r->serial) {
        // Not the routine's doing, or the way out faults, since the routine wrote
        // over the caller's stack: die of it as if there were no handler.
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        return;
    }
    uintptr_t address = (uintptr_t)info->si_addr;
    if (signal == SIGSEGV && grow_log(r, uc, address))
        return;
    r->fault_signal = signal;
    r->fault_addr = address;
    abort_run(r, uc, pc, signal == SIGTRAP);
}

static void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    struct recorder *r = active;
    ucontext_t *uc = context;
    if (!r || !r->running)
        return;
    const uint8_t *pc = frame_pc(uc);
    if (!translation_holds(r->running, pc) || r->abort_serial == r->serial)
        return; // between two runs, or on the way out
    if (r->tick_serial != r->serial) {
        r->tick_serial = r->serial;
        r->ticks = 0;
    }
    if (++r->ticks <= TICKS)
        return;
    r->timed_out = true;
    abort_run(r, uc, pc, false);
}

// ---- opening ----

static bool allocate(struct recorder *r)
{
    uint8_t *context = native_reserve(PAGE_BYTES, PROT_READ | PROT_WRITE, host.map_low);
    r->context = context ? (struct context *)(void *)(context + CONTEXT_SKEW) : NULL;
    r->log = native_reserve(LOG_RESERVED, PROT_NONE, 0);
    r->capture = native_reserve(CAPTURE_RESERVED, PROT_READ | PROT_WRITE, 0);
    r->vectors = aligned_alloc(64, (state_vector_bytes() + 63) & ~(size_t)63);
    if (!r->context || !r->log || !r->capture || !r->vectors || !native_open(&r->native))
        return false;
    memset(r->vectors, 0, state_vector_bytes());
    r->log_begin = r->log + LOG_SKEW;
    r->log_usable = LOG_FIRST_BYTES;
    return mprotect(r->log, r->log_usable, PROT_READ | PROT_WRITE) == 0;
}

static void rewrite_close(struct recorder *r)
{
    native_close(&r->native);
    if (active == r)
        active = NULL;
    translation_free(&r->plain);
    translation_free(&r->valued);
    program_free(&r->program);
    if (r->context)
        munmap((uint8_t *)r->context - CONTEXT_SKEW, PAGE_BYTES);
    if (r->log)
        munmap(r->log, LOG_RESERVED);
    if (r->capture)
        munmap(r->capture, CAPTURE_RESERVED);
    trace_free(&r->outside_stores);
    trace_free(&r->attempt);
    free(r->vectors);
    free(r);
}

static struct recorder *rewrite_open(const struct routine *routine, uint64_t arg4,
                                     const struct recorder_options *options, struct error *error)
{
    struct recorder *r = must(calloc(1, sizeof *r));
    r->routine = routine;
    r->options = *options;
    r->arg4 = arg4;
    r->drop_at = 128;
    trace_init(&r->outside_stores);
    trace_init(&r->attempt);
    program_init(&r->program, routine);
    if (!allocate(r)) {
        error_set(error, "no address space for the recorder: %s; raise `ulimit -v`",
                  strerror(errno));
        rewrite_close(r);
        return NULL;
    }
    r->plain.rules = r->valued.rules = (struct segment_rules){.loads = options->loads};
    r->valued.rules.values = true;
    r->plain.log_reg = r->valued.log_reg = GPR_NONE;
    r->tunables = tunables_find(routine);
    state_open(r);
    active = r;
    unsigned period_ms = options->timeout_ms / TICKS;
    native_handle(&r->native, on_fault, on_tick, period_ms ? period_ms : 1);
    return r;
}

// ---- running ----

rewrite_function *rewrite_entry(struct recorder *r)
{
    return (rewrite_function *)(uintptr_t)r->plain.enter;
}

// One pass through the rewritten code; gives what the routine returned.
static uint64_t enter(struct recorder *r, struct translation *t, const uint64_t words[NATIVE_WORDS])
{
    rewrite_function *go = (rewrite_function *)(uintptr_t)t->enter;
    r->running = t;
    r->serial++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    uint64_t result = CPU_ENTER(go, words);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return result;
}

static void log_is_broken(struct trace *trace)
{
    trace->outcome = OUTCOME_BROKEN;
    snprintf(trace->reason, sizeof trace->reason,
             "the log does not hold together: the routine wrote to it");
}

// Runs the case until it needs no code that is not known yet.
static bool run_to_end(struct recorder *r, struct translation *t, struct arena *arena,
                       const struct copy_case *c, struct layout *layout, struct trace *trace)
{
    for (unsigned attempt = 0; attempt < RERUNS_MAX; attempt++) {
        uint64_t words[NATIVE_WORDS];
        if (!arena_lay(arena, c, layout) ||
            !native_words(r->options.call, r->arg4, arena, layout, words)) {
            trace->outcome = OUTCOME_BROKEN;
            snprintf(trace->reason, sizeof trace->reason, "no memory for a case of %llu bytes",
                     (unsigned long long)c->size);
            return false;
        }
        if (!t->entry) {
            if (!rewrite_learn_target(r, t, r->routine->entry, trace))
                return false;
        }
        r->abort_where = NULL;
        r->timed_out = r->log_full = false;
        r->capture_used = 0;
        fifo_begin(&r->fifo, c, layout);
        r->context->exit = CONTEXT_RETURNED;
        trace->return_value = enter(r, t, words);
        fifo_end(&r->fifo);
        bool crowded = r->log_full && r->options.blocks && !r->quiet;
        if (r->context->exit != CONTEXT_UNKNOWN_TARGET && !crowded)
            return true;
        if (!outside_stores_keep(r, t, layout)) {
            log_is_broken(trace);
            return false;
        }
        if (crowded)
            cover_make_room(r);
        else if (!rewrite_learn_target(r, t, r->context->target, trace))
            return true;
        trace->outcome = OUTCOME_RETURNED;
        arena_clear(arena, layout, true);
    }
    trace->outcome = OUTCOME_BROKEN;
    snprintf(trace->reason, sizeof trace->reason,
             "the routine jumps somewhere new every time it runs");
    return false;
}

// A copy that plays a FIFO is another one. It has to see loads, wanted or not.
static void plays_fifo(struct recorder *r, bool plays)
{
    struct translation *both[] = {&r->plain, &r->valued};
    for (size_t i = 0; i < 2; i++) {
        struct translation *t = both[i];
        if (t->rules.fifo == plays)
            continue;
        t->rules.fifo = plays;
        t->rules.loads = r->options.loads || plays;
        t->stale = t->code != NULL;
        t->entry = NULL;
    }
}

static void read_log(struct recorder *r, const struct translation *t, struct trace *trace)
{
    trace->log.words = NULL;
    const uint8_t *end = rewrite_log_end(r);
    if (end && r->log_full && end > r->log + r->log_usable)
        end = r->log_begin;
    if (!end || !expand_log(r, t, r->log_begin, end, r->abort_where, trace))
        log_is_broken(trace);
}

static void set_limits(struct recorder *r, const struct copy_case *c)
{
    r->log_limit = LOG_LIMIT_BASE + LOG_LIMIT_PER_BYTE * c->size;
    // A long log is given back, so that its memory serves the next case.
    if (r->log_usable <= 4 * LOG_LIMIT_BASE)
        return;
    mprotect(r->log + LOG_FIRST_BYTES, r->log_usable - LOG_FIRST_BYTES, PROT_NONE);
    madvise(r->log + LOG_FIRST_BYTES, r->log_usable - LOG_FIRST_BYTES, MADV_DONTNEED);
    r->log_usable = LOG_FIRST_BYTES;
}

// Can the log stand for the accesses? Edges are counted as it is read; what other runs of
// the case stored is put before them.
static bool fold_log(const struct recorder *r, const struct translation *t, struct trace *trace)
{
    const uint8_t *end = rewrite_log_end(r);
    if (r->context->exit > CONTEXT_CLOBBERED || r->edges || r->fifo.layout ||
        r->outside_stores.count || !end || end < r->log_begin || r->log_full)
        return false;
    trace->log = (struct trace_log){
        .words = (const log_word *)r->log_begin,
        .count = (size_t)(end - r->log_begin) / sizeof(log_word),
        .code = t->code_number,
        .captured = r->capture,
        .captured_bytes = r->capture_used,
    };
    return true;
}

static void rewrite_unfold(struct recorder *r, struct trace *trace)
{
    struct trace_log log = trace->log;
    read_log(r, r->running, trace);
    trace->log = log;
}

static void run_case(struct recorder *r, struct arena *arena, const struct copy_case *c,
                     bool values, bool fold, struct layout *layout, struct trace *trace)
{
    struct translation *t = values ? &r->valued : &r->plain;
    active = r;
    plays_fifo(r, c->op == OP_FROM_FIFO);
    cover_drop_known(r);
    trace_reset(trace);
    r->outside_stores.count = 0;
    tunables_set(&r->tunables, c);
    set_limits(r, c);
    trace->outcome = OUTCOME_RETURNED;
    trace->stack = r->native.stack;
    trace->entry = r->routine->entry;
    native_tell_cpu(trace);
    trace->stack_entry = r->native.rsp - CPU_CALL_BYTES;
    bool ran = run_to_end(r, t, arena, c, layout, trace);
    if (ran && r->context->exit == CONTEXT_REFUSED)
        rewrite_ended_by_refusal(r, trace);
    if (ran && r->context->exit == CONTEXT_ABORTED)
        rewrite_ended_by_signal(r, trace);
    if (ran && r->context->exit <= CONTEXT_CLOBBERED)
        trace->clobbered = state_clobbered(r, t);
    if (ran && !t->stale && !(fold && fold_log(r, t, trace)))
        read_log(r, t, trace);
    cover_end_case(r);
    outside_stores_add(r, layout, trace);
    trace->sites = r->program.site_table;
    trace->site_count = r->program.site_count;
    for (size_t i = 0; i < r->program.image_count; i++) // few: quicker than a call
        trace->images[i] = r->program.images[i];
    trace->image_count = r->program.image_count;
    trace->own_image_count = r->routine->image_count;
}

static void rewrite_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
                        bool values, struct layout *layout, struct trace *trace)
{
    run_case(r, arena, c, values, false, layout, trace);
}

static void rewrite_fold(struct recorder *r, struct arena *arena, const struct copy_case *c,
                         bool values, struct layout *layout, struct trace *trace)
{
    run_case(r, arena, c, values, true, layout, trace);
}

static const char *rewrite_missing(void)
{
    return NULL;
}

const struct recorder_kind recorder_rewrite = {
    .name = "rewrite",
    .can = CPU_NAME "; runs an instrumented copy of the routine on this CPU; every load, store, "
                    "mask, string count, fence and flush; values of stores on demand",
    .cannot = "system calls, " CPU_CANNOT "writable code",
    .missing = rewrite_missing,
    .words_max = NATIVE_WORDS,
    .open = rewrite_open,
    .run = rewrite_run,
    .fold = rewrite_fold,
    .unfold = rewrite_unfold,
    .relate = rewrite_relate,
    .close = rewrite_close,
    .cover = rewrite_cover,
    .count_edges = rewrite_count_edges,
};
