// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/run_end.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void refuse(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void refuse(struct trace *trace, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trace->outcome = OUTCOME_REFUSED;
    vsnprintf(trace->reason, sizeof trace->reason, format, args);
    va_end(args);
}

static void instruction_text(const struct recorder *r, uint32_t insn, char *text, size_t size)
{
    struct site site;
    insn_describe(&r->program.insns[insn], &site);
    snprintf(text, size, "%s", site.text);
}

static void ended_by_target(struct recorder *r, uint64_t target, struct trace *trace)
{
    uint64_t jumped = r->context->jumped;
    bool at_jump = !native_is_canonical(target) && jumped < r->program.insn_count;
    trace->outcome = OUTCOME_FAULTED;
    trace->signal = SIGSEGV;
    trace->fault_addr = at_jump ? 0 : target;
    trace->fault_pc = at_jump ? r->program.insns[jumped].addr : target;
}

bool rewrite_learn_target(struct recorder *r, struct translation *t, uint64_t target,
                          struct trace *trace)
{
    if (translation_holds(&r->plain, (const uint8_t *)(uintptr_t)target) ||
        translation_holds(&r->valued, (const uint8_t *)(uintptr_t)target)) {
        refuse(trace, "jumps into the recorder's own code at %#llx", (unsigned long long)target);
        return false;
    }
    switch (program_discover(&r->program, target, trace->reason)) {
    case PROGRAM_NO_CODE:
        ended_by_target(r, target, trace);
        return false;
    case PROGRAM_REFUSED:
        trace->outcome = OUTCOME_REFUSED;
        return false;
    default:
        break;
    }
    if (translation_make(r, t, target, trace->reason))
        return true;
    trace->outcome = OUTCOME_REFUSED;
    return false;
}

void rewrite_ended_by_signal(struct recorder *r, struct trace *trace)
{
    char text[80];
    const struct host_insn *where = r->abort_where;
    if (r->log_full || r->timed_out) {
        trace->outcome = OUTCOME_TIMED_OUT;
        snprintf(trace->reason, sizeof trace->reason,
                 r->log_full ? "still running after %zu MiB of log" : "still running after %zu ms",
                 r->log_full ? r->log_usable >> 20 : (size_t)r->options.timeout_ms);
        return;
    }
    if (!where) {
        trace->outcome = OUTCOME_BROKEN;
        snprintf(trace->reason, sizeof trace->reason, "signal %d in the recorder's own code",
                 r->fault_signal);
        return;
    }
    const char *undefined = undefined_at(&r->routine->undefined, r->fault_addr);
    if (undefined && r->fault_signal == SIGSEGV) {
        trace->outcome = OUTCOME_REFUSED;
        undefined_tell(undefined, "uses", trace->reason, sizeof trace->reason);
        return;
    }
    if (r->fault_signal == SIGILL && !r->program.insns[where->insn].undefined) {
        instruction_text(r, where->insn, text, sizeof text);
        refuse(trace, "this CPU cannot execute `%s`", text);
        return;
    }
    trace->outcome = OUTCOME_FAULTED;
    trace->signal = r->fault_signal;
    trace->fault_pc = r->program.insns[where->insn].addr;
    // For an instruction that is at fault itself (a division by zero) the kernel
    // gives the address of the instruction: here, of its copy.
    bool in_copy = translation_holds(r->running, (const uint8_t *)r->fault_addr);
    trace->fault_addr = in_copy ? trace->fault_pc : r->fault_addr;
}

void rewrite_ended_by_refusal(struct recorder *r, struct trace *trace)
{
    char text[80];
    uint32_t insn = (uint32_t)r->context->refused;
    const struct insn *in = &r->program.insns[insn];
    const char *undefined = undefined_in(&r->routine->undefined, in->addr, in->addr + in->length);
    if (undefined) {
        trace->outcome = OUTCOME_REFUSED;
        undefined_tell(undefined, "uses", trace->reason, sizeof trace->reason);
        return;
    }
    instruction_text(r, insn, text, sizeof text);
    refuse(trace, "reached `%s` at %#llx: %s", text, (unsigned long long)in->addr,
           in->refused      ? in->refused
           : in->may_refuse ? in->may_refuse
                            : "more accesses than a record holds");
}
