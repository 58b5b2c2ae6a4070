// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The reference recorder on AArch64: another process traces this one, and runs the
// untouched routine in it an instruction at a time (tracer.c). Some thousand times slower
// than `rewrite`, and simple enough to judge it by.

#include "record/recorder.h"
#include "record/step/aarch64/companion.h"
#include "record/tunables.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum {
    // Instructions of one case: an endless loop is one that goes on beyond.
    STEPS_PER_MS = 1000, // of the time allowed
    STEPS_PER_BYTE = 64,
};

struct recorder {
    const struct routine *routine;
    struct recorder_options options;
    uint64_t arg4;
    struct native native;
    struct step_exchange *x;
    bool asked; // about this routine
    size_t sites_described;
    struct span images[TRACE_IMAGES_MAX];
    size_t image_count;
    struct tunables tunables;
};

// ---- opening ----

static void step_close(struct recorder *r)
{
    native_close(&r->native);
    munmap(r, sizeof *r);
}

static struct recorder *step_open(const struct routine *routine, uint64_t arg4,
                                  const struct recorder_options *options, struct error *error)
{
    struct step_exchange *x = companion_of_this_process(error);
    if (!x)
        return NULL;
    // Apart from the heap, which a routine that runs wild is the likelier to hit.
    struct recorder *r = native_reserve(sizeof *r, PROT_READ | PROT_WRITE, 0);
    if (!r || !native_open(&r->native)) {
        error_set(error, "no address space for the recorder; raise `ulimit -v`");
        if (r)
            step_close(r);
        return NULL;
    }
    r->routine = routine;
    r->options = *options;
    r->arg4 = arg4;
    r->x = x;
    r->image_count = routine->image_count;
    memcpy(r->images, routine->images, routine->image_count * sizeof *r->images);
    r->tunables = tunables_find(routine);
    return r;
}

static bool step_attend(struct error *error)
{
    return companion_of_this_process(error) != NULL;
}

// ---- how a run ended ----

static void instruction_text(const struct step_answer *a, char *text, size_t size)
{
    struct site site = {.addr = a->fault_pc, .length = sizeof a->word};
    memcpy(site.bytes, &a->word, sizeof a->word);
    step_describe_site(&site);
    snprintf(text, size, "%s", site.text);
}

static void say_why(const struct recorder *r, const struct step_answer *a, struct trace *trace)
{
    const struct undefined *u = &r->routine->undefined;
    const char *called = undefined_at(u, a->fault_pc), *used = undefined_at(u, a->fault_addr);
    unsigned long long pc = a->fault_pc;
    char text[80] = "code";
    if (!used && a->met)
        used = undefined_in(u, a->fault_pc, a->fault_pc + sizeof a->word);
    if (a->met)
        instruction_text(a, text, sizeof text);
    if (a->outcome == OUTCOME_TIMED_OUT)
        snprintf(trace->reason, sizeof trace->reason, "still running after %llu instructions",
                 (unsigned long long)r->x->ask.steps_max);
    else if (a->outcome == OUTCOME_REFUSED && (called || used))
        undefined_tell(called ? called : used, called ? "calls" : "uses", trace->reason,
                       sizeof trace->reason);
    else if (a->outcome == OUTCOME_REFUSED)
        snprintf(trace->reason, sizeof trace->reason, "reached `%s` at %#llx: %s", text, pc,
                 a->why);
    else if (a->outcome == OUTCOME_BROKEN)
        snprintf(trace->reason, sizeof trace->reason, "`%s` at %#llx: %s", text, pc, a->why);
}

// A feature that this CPU lacks is no fault of the routine's.
static bool is_lacking(const struct step_answer *a)
{
    return a->outcome == OUTCOME_FAULTED && a->signal == SIGILL && a->met && !a->undefined;
}

static void tell_end(const struct recorder *r, struct trace *trace)
{
    struct step_answer a = r->x->answer;
    bool lacking = is_lacking(&a);
    if (lacking) {
        a.outcome = OUTCOME_REFUSED;
        a.why = "this CPU does not have it";
    }
    trace->outcome = a.outcome;
    trace->return_value = a.result;
    trace->clobbered = a.clobbered;
    trace->signal = a.signal;
    trace->fault_addr = a.fault_addr;
    trace->fault_pc = a.fault_pc;
    say_why(r, &a, trace);
}

// ---- running ----

// Sites met in this run, and the modules that they lie in.
static void describe_sites(struct recorder *r)
{
    size_t first = r->sites_described, count = r->x->answer.site_count;
    for (size_t i = first; i < count; i++)
        step_describe_site(&r->x->sites[i]);
    native_add_modules(r->x->sites + first, count - first, r->images, &r->image_count);
    r->sites_described = count;
}

static void give_trace(struct recorder *r, struct trace *trace)
{
    const struct step_exchange *x = r->x;
    const struct step_answer *a = &x->answer;
    trace_reserve(trace, a->access_count + 1); // never NULL
    memcpy(trace->accesses, x->accesses, a->access_count * sizeof *x->accesses);
    trace->count = a->access_count;
    if (x->ask.values) {
        trace_reserve_values(trace, a->value_bytes + 1);
        memcpy(trace->values, x->values, a->value_bytes);
        trace->value_bytes = a->value_bytes;
    }
    describe_sites(r);
    trace->sites = x->sites;
    trace->site_count = a->site_count;
    memcpy(trace->images, r->images, r->image_count * sizeof *trace->images);
    trace->image_count = r->image_count;
    trace->own_image_count = r->routine->image_count;
}

static void ask(struct recorder *r, const struct copy_case *c, bool values,
                const struct layout *layout)
{
    struct step_ask *ask = &r->x->ask;
    bool fifo = c->op == OP_FROM_FIFO;
    ask->trial = false;
    ask->anew = !r->asked;
    ask->loads = r->options.loads;
    ask->values = values;
    ask->entry = r->routine->entry;
    ask->sp = r->native.rsp;
    ask->steps_max = (uint64_t)STEPS_PER_MS * r->options.timeout_ms + STEPS_PER_BYTE * c->size;
    ask->lanes[0] = layout->dst_lane;
    ask->lanes[1] = layout->src_lane;
    ask->lane_count = layout->dst_lane.lo == layout->src_lane.lo ? 1 : 2;
    ask->stack = r->native.stack;
    ask->fifo = fifo ? (uintptr_t)layout->src : 0;
    ask->fifo_bytes = (uintptr_t)layout->expected;
    ask->fifo_size = layout->size;
    ask->undefined = r->routine->undefined;
    r->asked = true;
    step_call();
}

static void step_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
                     bool values, struct layout *layout, struct trace *trace)
{
    trace_reset(trace);
    tunables_set(&r->tunables, c);
    trace->stack = r->native.stack;
    trace->entry = r->routine->entry;
    native_tell_cpu(trace);
    trace->stack_entry = r->native.rsp;
    if (!arena_lay(arena, c, layout) ||
        !native_words(r->options.call, r->arg4, arena, layout, r->x->ask.words)) {
        trace->outcome = OUTCOME_BROKEN;
        snprintf(trace->reason, sizeof trace->reason, "no memory for a case of %llu bytes",
                 (unsigned long long)c->size);
        return;
    }
    ask(r, c, values, layout);
    tell_end(r, trace);
    give_trace(r, trace);
}

const struct recorder_kind recorder_step = {
    .name = "step",
    .can = "AArch64; runs the untouched routine an instruction at a time (ptrace), and finds "
           "which bytes are stored by what memory holds before and after; operands by a reader "
           "of its own",
    .cannot = "system calls, FEAT_MOPS, memory tags, SVE's gathers, scatters and first-fault "
              "loads, SME; store-exclusives are done by the recorder; some microseconds an "
              "instruction",
    .missing = companion_missing,
    .words_max = NATIVE_WORDS,
    .attend = step_attend,
    .open = step_open,
    .run = step_run,
    .close = step_close,
};
