// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The untouched routine runs in the worker, an instruction at a time (ptrace(2):
// PTRACE_SINGLESTEP; Arm ARM, D2.11), and this process looks at its registers and memory
// in between. The worker's own registers are kept meanwhile.

#include "record/step/aarch64/tracer.h"

#include "record/a64_features.h"
#include "record/entry_registers.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    // As often as this the whole of a large arena is looked at, and after every instruction
    // as long as it is small.
    MIRROR_PERIOD = 4096,
    MIRROR_SMALL_BYTES = 32 << 10,
    SAVED_FIRST = 19, // registers that a callee gives back
    SAVED_LAST = 29,
    LINK = 30,
};

static struct step_cpu this_cpu(void)
{
    uint64_t block;
    __asm__("mrs %0, dczid_el0" : "=r"(block));
    uint64_t has = getauxval(AT_HWCAP);
    return (struct step_cpu){.vector_bytes = a64_vector_bytes(has, prctl(PR_SVE_GET_VL)),
                             .zero_bytes = a64_zero_bytes(block),
                             .whole_pairs = a64_atomic_bytes(has) == 16};
}

// ---- instructions ----

static void add_site(struct tracer *t, struct step_insn *in)
{
    struct site *s = &t->x->sites[t->site_count];
    in->site = (uint32_t)t->site_count++;
    *s = (struct site){.addr = in->addr, .length = sizeof in->word};
    memcpy(s->bytes, &in->word, sizeof in->word);
}

static void decode(struct tracer *t, struct step_insn *in, uint64_t addr, uint32_t word)
{
    *in = (struct step_insn){.addr = addr, .word = word, .known = true};
    in->operands = operands_read(word, &t->cpu);
    if (undefined_in(&t->undefined, addr, addr + sizeof word))
        in->operands.refused = "has an operand that its file does not define";
    t->insn_count++;
    if (operands_are_site(&in->operands))
        add_site(t, in);
}

// Code that was written anew is decoded anew. NULL when there is no more room.
static const struct step_insn *insn_of(struct tracer *t, uint64_t addr, uint32_t word)
{
    size_t i = addr * 0x9e3779b97f4a7c15u >> 48;
    for (; t->insns[i].known; i = (i + 1) % STEP_INSNS_MAX)
        if (t->insns[i].addr == addr && t->insns[i].word == word)
            return &t->insns[i];
    if (t->insn_count >= STEP_INSNS_MAX / 2)
        return NULL;
    decode(t, &t->insns[i], addr, word);
    return &t->insns[i];
}

// ---- ends ----

bool tracer_leave(struct tracer *t, enum trace_outcome outcome, const char *why)
{
    t->x->answer.outcome = outcome;
    t->x->answer.why = why;
    return false;
}

// The worker: so there is no more to do.
static _Noreturn void gone(void)
{
    _exit(EXIT_SUCCESS);
}

bool tracer_faulted(struct tracer *t)
{
    struct step_answer *a = &t->x->answer;
    accesses_fault(t);
    a->signal = t->tracee.signal;
    a->fault_addr = t->tracee.fault_addr;
    bool undefined = a->signal == SIGSEGV && undefined_at(&t->undefined, a->fault_addr);
    return tracer_leave(t, undefined ? OUTCOME_REFUSED : OUTCOME_FAULTED, "");
}

static bool gives_back(const struct tracer *t)
{
    const struct user_pt_regs *regs = &t->tracee.regs;
    struct user_fpsimd_state vectors = {.fpcr = 0};
    bool same = regs->sp == t->x->ask.sp;
    for (unsigned reg = SAVED_FIRST; reg <= SAVED_LAST; reg++)
        same &= regs->regs[reg] == ENTRY_REGISTER(reg);
    tracee_fetch_set(&t->tracee, NT_PRFPREG, &vectors, sizeof vectors);
    for (unsigned d = 8; d < 16; d++)
        same &= (uint64_t)vectors.vregs[d] == ENTRY_VECTOR(d);
    return same && vectors.fpcr == 0;
}

static bool returned(struct tracer *t)
{
    t->x->answer.result = t->tracee.regs.regs[0];
    t->x->answer.clobbered = gives_back(t) ? 0 : CLOBBERED_SAVED;
    return tracer_leave(t, OUTCOME_RETURNED, NULL);
}

// ---- one instruction ----

static bool holds(struct span span, struct span part)
{
    return part.lo >= span.lo && part.hi <= span.hi;
}

// Only where nothing but the routine looks: in the arena, and on its stack below what it
// was called with.
static bool may_probe(const struct tracer *t)
{
    const struct step_ask *ask = &t->x->ask;
    const struct span frame = {ask->stack.lo, ask->sp};
    bool inside = holds(frame, t->now.reach);
    for (size_t i = 0; i < ask->lane_count; i++)
        inside |= holds(ask->lanes[i], t->now.reach);
    return inside && t->now.store_count > 0 && t->now.in->operands.does == DOES_STORE;
}

static void probe(struct tracer *t)
{
    const struct user_pt_regs saved = t->tracee.regs;
    if (!accesses_invert(t))
        return;
    enum tracee_stop stop = tracee_step(&t->tracee);
    if (stop == TRACEE_GONE)
        gone();
    accesses_take_probe(t);
    t->now.probed = stop == TRACEE_STEPPED; // it may fault in earnest, too; then without
    t->tracee.regs = saved;
    tracee_store(&t->tracee);
}

// What it took out of a FIFO is followed by what comes next.
static void play_fifo(struct tracer *t)
{
    const struct step_ask *ask = &t->x->ask;
    uint8_t next[LAYOUT_FIFO_BYTES];
    for (; ask->fifo && t->fifo_seen < t->count; t->fifo_seen++) {
        const struct access *a = &t->x->accesses[t->fifo_seen];
        if (a->kind != ACCESS_LOAD || a->addr != ask->fifo)
            continue;
        t->fifo_given += a->width < LAYOUT_FIFO_BYTES ? a->width : LAYOUT_FIFO_BYTES;
        t->fifo_given = t->fifo_given < ask->fifo_size ? t->fifo_given : ask->fifo_size;
        tracee_peek(&t->tracee, ask->fifo_bytes + t->fifo_given, next, sizeof next);
        tracee_poke(&t->tracee, ask->fifo, next, sizeof next);
        mirror_store(&t->mirror, ask->fifo, next, sizeof next);
    }
}

static void end_fifo(struct tracer *t)
{
    const struct step_ask *ask = &t->x->ask;
    uint8_t first[LAYOUT_FIFO_BYTES];
    if (!ask->fifo)
        return;
    tracee_peek(&t->tracee, ask->fifo_bytes, first, sizeof first);
    tracee_poke(&t->tracee, ask->fifo, first, sizeof first);
    mirror_store(&t->mirror, ask->fifo, first, sizeof first);
}

static bool step_in_earnest(struct tracer *t)
{
    enum tracee_stop stop = tracee_step(&t->tracee);
    if (stop == TRACEE_GONE)
        gone();
    return stop == TRACEE_STEPPED || tracer_faulted(t);
}

// Is the arena as the stores that were found made it, looked at often enough?
static bool is_explained(struct tracer *t, uint64_t steps)
{
    bool look = mirror_bytes(&t->mirror) <= MIRROR_SMALL_BYTES || steps % MIRROR_PERIOD == 0;
    return !look || mirror_agrees(&t->mirror, &t->tracee);
}

// The instruction at the registers' pc. False: the run has ended.
static bool run_instruction(struct tracer *t, uint64_t steps)
{
    struct step_answer *a = &t->x->answer;
    uint64_t pc = t->tracee.regs.pc;
    uint32_t word;
    a->fault_pc = pc;
    a->met = tracee_peek(&t->tracee, pc, &word, sizeof word) == sizeof word;
    if (!a->met) // no code there: it faults by itself, or may be run and not read
        return step_in_earnest(t) &&
               tracer_leave(t, OUTCOME_REFUSED, "code that may be run and not read");
    t->now.in = insn_of(t, pc, a->word = word);
    if (!t->now.in)
        return tracer_leave(t, OUTCOME_REFUSED, "more distinct instructions than are remembered");
    a->undefined = t->now.in->operands.undefined;
    if (t->now.in->operands.refused)
        return tracer_leave(t, OUTCOME_REFUSED, t->now.in->operands.refused);
    accesses_before(t);
    if (t->now.in->operands.exclusive == EXCLUSIVE_GIVES) {
        if (!exclusive_store(t))
            return false;
    } else {
        if (may_probe(t))
            probe(t);
        if (!step_in_earnest(t))
            return false;
        exclusive_follow(t);
    }
    const char *why = accesses_after(t);
    play_fifo(t);
    if (!why && !is_explained(t, steps))
        why = "changed memory that its operands do not name";
    return !why || tracer_leave(t, OUTCOME_BROKEN, why);
}

// ---- a case ----

static void forget(struct tracer *t)
{
    const struct undefined *asked = &t->x->ask.undefined;
    memset(t->insns, 0, STEP_INSNS_MAX * sizeof *t->insns);
    t->insn_count = t->site_count = 0;
    struct undefined_use *uses =
        realloc((void *)(uintptr_t)t->undefined.uses, (asked->use_count + 1) * sizeof *uses);
    size_t bytes = asked->use_count * sizeof *uses;
    t->undefined = *asked;
    t->undefined.uses = uses;
    if (!uses || tracee_peek(&t->tracee, (uintptr_t)asked->uses, uses, bytes) != bytes)
        t->undefined.use_count = 0;
}

// What carries no argument holds what the rewriter puts there too.
static void enter(struct tracer *t)
{
    const struct step_ask *ask = &t->x->ask;
    struct user_pt_regs *regs = &t->tracee.regs;
    struct user_fpsimd_state vectors = {.fpcr = 0};
    for (unsigned i = 0; i < LINK; i++)
        regs->regs[i] = i < NATIVE_WORDS ? ask->words[i] : ENTRY_REGISTER(i);
    regs->regs[LINK] = (uintptr_t)step_landed;
    regs->sp = ask->sp;
    regs->pc = ask->entry;
    regs->pstate = 0; // of a program's: no flags
    for (unsigned d = 8; d < 16; d++)
        vectors.vregs[d] = ENTRY_VECTOR(d);
    tracee_store(&t->tracee);
    tracee_store_set(&t->tracee, NT_PRFPREG, &vectors, sizeof vectors);
}

static void run(struct tracer *t)
{
    const struct step_ask *ask = &t->x->ask;
    uint64_t steps = 0;
    bool goes_on = true;
    while (goes_on) {
        if (t->tracee.regs.pc == (uintptr_t)step_landed)
            goes_on = returned(t);
        else if (++steps > ask->steps_max || t->count >= STEP_ACCESSES_MAX - STEP_STORES_MAX)
            goes_on = tracer_leave(t, OUTCOME_TIMED_OUT, "");
        else
            goes_on = run_instruction(t, steps);
    }
}

static void run_case(struct tracer *t)
{
    const struct step_ask *ask = &t->x->ask;
    if (ask->anew)
        forget(t);
    t->count = t->value_bytes = t->fifo_given = t->fifo_seen = 0;
    t->monitor.bytes = 0;
    if (!mirror_take(&t->mirror, &t->tracee, ask->lanes, ask->lane_count)) {
        tracer_leave(t, OUTCOME_BROKEN, "no memory to look at the arena in");
        return;
    }
    enter(t);
    run(t);
    end_fifo(t);
    if (t->x->answer.outcome == OUTCOME_RETURNED && !mirror_agrees(&t->mirror, &t->tracee))
        tracer_leave(t, OUTCOME_BROKEN, "left in the arena what no recorded store put there");
}

// Does a step end after one instruction, and can memory be looked at?
static void try_out(struct tracer *t)
{
    uint64_t at = t->tracee.regs.pc = (uintptr_t)step_landed;
    uint32_t word;
    bool sees = tracee_peek(&t->tracee, at, &word, sizeof word) == sizeof word;
    bool steps = tracee_store(&t->tracee) && tracee_step(&t->tracee) == TRACEE_STEPPED &&
                 t->tracee.regs.pc == at + sizeof word;
    tracer_leave(t, sees && steps ? OUTCOME_RETURNED : OUTCOME_BROKEN, NULL);
}

static void answer(struct tracer *t)
{
    const struct user_pt_regs regs = t->tracee.regs;
    struct user_fpsimd_state vectors;
    tracee_fetch_set(&t->tracee, NT_PRFPREG, &vectors, sizeof vectors);
    t->x->answer = (struct step_answer){.outcome = OUTCOME_BROKEN};
    if (t->x->ask.trial)
        try_out(t);
    else
        run_case(t);
    t->x->answer.access_count = t->count;
    t->x->answer.value_bytes = t->value_bytes;
    t->x->answer.site_count = t->site_count;
    tracee_store_set(&t->tracee, NT_PRFPREG, &vectors, sizeof vectors);
    t->tracee.regs = regs;
    t->tracee.regs.pc = (uintptr_t)step_landed;
    tracee_store(&t->tracee);
}

void tracer_main(struct step_exchange *x, pid_t pid, void (*ready)(int error))
{
    static struct tracer t;
    t.x = x;
    t.cpu = this_cpu();
    t.insns = calloc(STEP_INSNS_MAX, sizeof *t.insns);
    bool traces = t.insns && tracee_seize(&t.tracee, pid);
    ready(traces ? 0 : errno);
    while (traces && tracee_run_to(&t.tracee, (uintptr_t)step_call))
        answer(&t);
    _exit(EXIT_SUCCESS);
}
