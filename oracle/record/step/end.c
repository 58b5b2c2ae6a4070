// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/end.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static void instruction_text(const struct step_insn *in, char *text, size_t size)
{
    struct site site = {.addr = in->addr, .length = in->length};
    memcpy(site.bytes, in->bytes, in->length);
    site_describe(&site, 0);
    snprintf(text, size, "%s", site.text);
}

// ud0, ud1 and ud2, which no CPU has (Intel SDM vol. 2B), behind any prefixes.
static bool is_undefined_on_purpose(const struct step_insn *in)
{
    unsigned i = 0;
    while (i + 1 < in->length && in->bytes[i] != 0x0f)
        i++;
    uint8_t opcode = i + 1 < in->length ? in->bytes[i + 1] : 0;
    return in->bytes[i] == 0x0f && (opcode == 0x0b || opcode == 0xb9 || opcode == 0xff);
}

// A feature that this CPU lacks is no fault of the routine's.
static void tell_illegal(struct trace *trace, const struct step_end *end)
{
    char text[80];
    if (end->outcome != OUTCOME_FAULTED || end->signal != SIGILL || !end->in ||
        is_undefined_on_purpose(end->in))
        return;
    instruction_text(end->in, text, sizeof text);
    trace->outcome = OUTCOME_REFUSED;
    snprintf(trace->reason, sizeof trace->reason, "this CPU cannot execute `%s`", text);
}

static void say_why(struct trace *trace, const struct step_end *end, const struct undefined *u,
                    uint64_t steps_max)
{
    char text[80] = "code";
    const char *called = undefined_at(u, end->fault_pc), *used = undefined_at(u, end->fault_addr);
    if (!used && end->in)
        used = undefined_in(u, end->in->addr, end->in->addr + end->in->length);
    if (end->in)
        instruction_text(end->in, text, sizeof text);
    if (end->outcome == OUTCOME_TIMED_OUT)
        snprintf(trace->reason, sizeof trace->reason, "still running after %llu instructions",
                 (unsigned long long)steps_max);
    else if (end->outcome == OUTCOME_REFUSED && (called || used))
        undefined_tell(called ? called : used, called ? "calls" : "uses", trace->reason,
                       sizeof trace->reason);
    else if (end->outcome == OUTCOME_REFUSED)
        snprintf(trace->reason, sizeof trace->reason, "reached `%s` at %#llx: %s", text,
                 (unsigned long long)end->fault_pc, end->why);
    else if (end->outcome == OUTCOME_BROKEN)
        snprintf(trace->reason, sizeof trace->reason, "`%s` at %#llx: %s", text,
                 (unsigned long long)end->fault_pc, end->why);
}

void step_tell_end(const struct step_end *end, const struct undefined *undefined,
                   uint64_t steps_max, struct trace *trace)
{
    trace->outcome = end->outcome;
    trace->clobbered = end->outcome == OUTCOME_RETURNED ? end->clobbered : 0;
    trace->signal = end->signal;
    trace->fault_addr = end->fault_addr;
    trace->fault_pc = end->fault_pc;
    tell_illegal(trace, end);
    say_why(trace, end, undefined, steps_max);
}
