// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The reference recorder: the untouched routine runs with the trap flag set, and
// a SIGTRAP comes before its first instruction and after each one (Intel SDM
// vol. 3B, 17.3.1.4). Between two of them memory is looked at. A thousand times
// slower than `rewrite`, and simple enough to judge it by.

#include "record/step/step.h"

#include "base/error.h"
#include "record/entry_registers.h"
#include "record/fifo.h"
#include "record/step/end.h"
#include "record/step/start.h"
#include "record/step/vectors.h"
#include "record/tunables.h"

#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    TRAP_FLAG = 0x100,
    ALIGNMENT_FLAG = 0x40000,
    FLAGS_TO_CLEAR = 0x40500, // alignment checks, direction, single steps
    STATE_BYTES_MAX = 16 << 10,
    // As often as this the whole of a large arena is looked at, and after every
    // instruction as long as it is small.
    MIRROR_PERIOD = 4096,
    MIRROR_SMALL_BYTES = 32 << 10,
};

enum phase { PHASE_OFF, PHASE_ENTERING, PHASE_PROBING, PHASE_RUNNING };

// The registers before a probe, to run the instruction again from.
struct saved_state {
    gregset_t gregs;
    size_t state_bytes;
    uint8_t state[STATE_BYTES_MAX];
};

struct recorder {
    const struct routine *routine;
    struct recorder_options options;
    uint64_t arg4;
    struct native native;
    struct mirror mirror;
    struct step_bases bases;
    struct step_log log;
    struct step_insn *insns; // INSNS_MAX, found by address
    size_t insn_count;
    struct site *sites; // INSNS_MAX; described after the run
    size_t site_count, sites_described;
    struct span images[TRACE_IMAGES_MAX];
    size_t image_count;
    struct tunables tunables;
    // Of the running case.
    volatile enum phase phase;
    bool values;
    struct fifo fifo;
    size_t fifo_seen; // accesses of the log that it has followed
    struct step_now now;
    struct step_end end;
    struct saved_state saved;
    uint64_t steps, steps_max;
};

static struct recorder *active; // one runs at a time in a process

// ---- instructions ----

static size_t insn_hash(uint64_t addr)
{
    return addr * 0x9e3779b97f4a7c15u >> 48;
}

static void add_site(struct recorder *r, struct step_insn *in)
{
    struct site *s = &r->sites[r->site_count];
    in->site = (uint32_t)r->site_count++;
    s->addr = in->addr;
    s->length = in->length;
    memcpy(s->bytes, in->bytes, in->length);
}

// Of the instruction at ADDR as it is now: code that was written anew is decoded
// anew. What was there once still is, since a routine makes no system calls.
// NULL when there is no code, or no more room.
static struct step_insn *insn_at(struct recorder *r, uint64_t addr)
{
    size_t i = insn_hash(addr);
    for (; r->insns[i].length; i = (i + 1) % INSNS_MAX) {
        struct step_insn *in = &r->insns[i];
        if (in->addr == addr && memcmp(in->bytes, (const void *)(uintptr_t)addr, in->length) == 0)
            return in;
    }
    uint8_t code[15] = {0};
    size_t there = r->insn_count < INSNS_MAX / 2 ? memory_peek(addr, code, sizeof code) : 0;
    if (there == 0)
        return NULL;
    struct step_insn *in = &r->insns[i];
    facts_decode(addr, code, (unsigned)there, in);
    if (undefined_in(&r->routine->undefined, addr, addr + in->length))
        in->refused = "has an operand that its file does not define";
    r->insn_count++;
    if (facts_is_site(in))
        add_site(r, in);
    return in;
}

// ---- traps ----

static void leave(struct recorder *r, ucontext_t *uc, enum trace_outcome outcome, const char *why)
{
    greg_t *regs = uc->uc_mcontext.gregs;
    r->end.outcome = outcome;
    r->end.why = why;
    r->phase = PHASE_OFF;
    regs[REG_RIP] = (greg_t)(uintptr_t)step_left;
    regs[REG_RSP] = (greg_t)r->native.rsp;
    regs[REG_EFL] &= ~(greg_t)FLAGS_TO_CLEAR;
}

static void save_state(struct recorder *r, const ucontext_t *uc)
{
    size_t bytes = vectors_state_bytes(uc);
    memcpy(r->saved.gregs, uc->uc_mcontext.gregs, sizeof r->saved.gregs);
    r->saved.state_bytes = bytes <= sizeof r->saved.state ? bytes : 0;
    memcpy(r->saved.state, uc->uc_mcontext.fpregs, r->saved.state_bytes);
}

static void restore_state(struct recorder *r, ucontext_t *uc)
{
    memcpy(uc->uc_mcontext.gregs, r->saved.gregs, sizeof r->saved.gregs);
    memcpy(uc->uc_mcontext.fpregs, r->saved.state, r->saved.state_bytes);
}

static bool holds(struct span span, uint64_t addr, uint64_t bytes)
{
    return addr >= span.lo && addr < span.hi && bytes <= span.hi - addr;
}

// Only where nothing but the routine looks: in the arena, and on its stack below
// what it was called with.
static bool may_probe(const struct recorder *r, const ucontext_t *uc)
{
    const struct access *a = &r->now.stores[0].access;
    struct span frame = {r->native.stack.lo, r->native.rsp - 8};
    bool inside = holds(frame, a->addr, 1);
    for (size_t i = 0; i < r->mirror.lane_count; i++)
        inside |= holds(r->mirror.lanes[i], a->addr, 1);
    return inside && accesses_want_probe(&r->now) && !(a->flags & ACCESS_TLS) &&
           vectors_state_bytes(uc) <= STATE_BYTES_MAX;
}

// The flags that a popf is about to set; 0 for any other instruction.
static uint32_t popped_flags(const struct step_insn *in, const ucontext_t *uc)
{
    uint32_t flags = 0;
    if (in->pops_flags)
        memory_peek((uint64_t)uc->uc_mcontext.gregs[REG_RSP], &flags,
                    in->hidden.pop < sizeof flags ? in->hidden.pop : sizeof flags);
    return flags;
}

// What of the caller's state the routine does not give back.
static uint32_t find_clobbered(const struct recorder *r, const ucontext_t *uc)
{
    enum { DIRECTION = 0x400, MXCSR_CONTROL = 0xffc0, MXCSR_FIRST = 0x1f80 };
    enum { X87_FIRST = 0x37f };
    static const struct {
        int greg;
        unsigned number;
    } saved[] = {{REG_RBX, 3},  {REG_RBP, 5},  {REG_R12, 12},
                 {REG_R13, 13}, {REG_R14, 14}, {REG_R15, 15}};
    const greg_t *regs = uc->uc_mcontext.gregs;
    const struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
    uint32_t found = (uint64_t)regs[REG_RSP] != r->native.rsp ? 1u << REG_NUMBER_RSP : 0;
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++)
        if (regs[saved[i].greg] != (greg_t)ENTRY_REGISTER(saved[i].number))
            found |= 1u << saved[i].number;
    found |= regs[REG_EFL] & DIRECTION ? CLOBBERED_DIRECTION : 0u;
    found |= regs[REG_EFL] & ALIGNMENT_FLAG ? CLOBBERED_ALIGNMENT : 0u;
    found |= (fp->mxcsr ^ MXCSR_FIRST) & MXCSR_CONTROL ? CLOBBERED_MXCSR : 0u;
    return found | (fp->cwd != X87_FIRST || fp->ftw != 0 ? CLOBBERED_X87 : 0u);
}

// Before the instruction at the context's address.
static void begin_step(struct recorder *r, ucontext_t *uc)
{
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    if (rip == (uintptr_t)step_returned) {
        r->phase = PHASE_OFF;
        r->end.clobbered = find_clobbered(r, uc);
        uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)FLAGS_TO_CLEAR;
        return;
    }
    r->end.in = NULL;
    r->end.fault_pc = rip;
    if (++r->steps > r->steps_max || r->log.count >= ACCESSES_MAX - ELEMENTS_MAX) {
        leave(r, uc, OUTCOME_TIMED_OUT, "");
        return;
    }
    const struct step_insn *in = insn_at(r, rip);
    if (!in && r->insn_count >= INSNS_MAX / 2) {
        leave(r, uc, OUTCOME_REFUSED, "more distinct instructions than are remembered");
        return;
    }
    r->now.in = r->end.in = in;
    if (!native_is_canonical((uint64_t)uc->uc_mcontext.gregs[REG_RSP])) {
        leave(r, uc, OUTCOME_REFUSED, "no single step returns to where rsp holds no address");
        return;
    }
    r->now.store_count = 0;
    uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
    r->phase = PHASE_RUNNING;
    if (!in)
        return; // no code there: it faults by itself
    if (in->refused) {
        leave(r, uc, OUTCOME_REFUSED, in->refused);
        return;
    }
    if (popped_flags(in, uc) & TRAP_FLAG) {
        // The routine's own trap, which would end it, cannot be told from ours.
        r->end.signal = SIGTRAP;
        leave(r, uc, OUTCOME_FAULTED, "");
        return;
    }
    accesses_before(&r->now, uc, &r->bases, &r->log);
    if (r->now.store_count == 0 || !may_probe(r, uc))
        return;
    save_state(r, uc);
    accesses_invert(&r->now);
    r->phase = PHASE_PROBING;
}

static void end_probe(struct recorder *r, ucontext_t *uc)
{
    restore_state(r, uc);
    uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
    r->phase = PHASE_RUNNING;
}

// pushf pushes the trap flag, which the routine did not set.
static void hide_trap_flag(const struct step_now *now)
{
    uint64_t at = now->stores[0].access.addr;
    uint8_t flags;
    if (memory_peek(at + 1, &flags, 1) == 1) {
        flags &= (uint8_t) ~(TRAP_FLAG >> 8);
        memory_poke(at + 1, &flags, 1);
    }
}

// What an instruction took out of a FIFO is followed by what comes next: a string
// operation's once it has ended, since it is one access.
static void play_fifo(struct recorder *r)
{
    for (; !r->now.repeating && r->fifo_seen < r->log.count; r->fifo_seen++)
        if (fifo_follow(&r->fifo, &r->log.accesses[r->fifo_seen]))
            mirror_store(&r->mirror, (uintptr_t)r->fifo.layout->src, LAYOUT_FIFO_BYTES,
                         ~UINT64_C(0));
}

static void end_fifo(struct recorder *r)
{
    fifo_end(&r->fifo);
    if (r->fifo.layout != NULL)
        mirror_store(&r->mirror, (uintptr_t)r->fifo.layout->src, LAYOUT_FIFO_BYTES, ~UINT64_C(0));
}

// After the instruction that was begun. False: the run has ended.
static bool end_step(struct recorder *r, ucontext_t *uc)
{
    struct step_now *now = &r->now;
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    if (now->in->pushes_flags && now->store_count)
        hide_trap_flag(now);
    const char *why = accesses_after(now, &r->log, &r->mirror);
    now->repeating = now->in->repeats && rip == now->in->addr ? rip : 0;
    play_fifo(r);
    bool look = mirror_bytes(&r->mirror) <= MIRROR_SMALL_BYTES || r->steps % MIRROR_PERIOD == 0;
    if (!why && look && !mirror_agrees(&r->mirror, &r->end.stray))
        why = "changed memory that its operands do not name";
    if (why)
        leave(r, uc, OUTCOME_BROKEN, why);
    return !why;
}

static void on_trap(struct recorder *r, ucontext_t *uc)
{
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    if (r->phase == PHASE_ENTERING) {
        if (rip == r->routine->entry)
            begin_step(r, uc);
    } else if (r->phase == PHASE_PROBING) {
        accesses_take_probe(&r->now);
        end_probe(r, uc);
    } else if (end_step(r, uc)) {
        begin_step(r, uc);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    struct recorder *r = active;
    ucontext_t *uc = context;
    if (!r || r->phase == PHASE_OFF) {
        // Not the routine's doing: die of it as if there were no handler.
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        return;
    }
    bool own = r->now.in && r->now.in->breakpoint && r->phase == PHASE_RUNNING;
    if (signal == SIGTRAP && !own) {
        on_trap(r, uc);
        return;
    }
    if (r->phase == PHASE_PROBING) {
        // It may fault in earnest, too; then without a probe.
        accesses_take_probe(&r->now);
        r->now.probed = false;
        end_probe(r, uc);
        return;
    }
    if (r->now.in)
        accesses_fault(&r->now, &r->log);
    r->end.signal = signal;
    r->end.fault_addr = (uintptr_t)info->si_addr;
    bool undefined = undefined_at(&r->routine->undefined, r->end.fault_addr) && signal == SIGSEGV;
    leave(r, uc, undefined ? OUTCOME_REFUSED : OUTCOME_FAULTED, "");
}

// Steps are counted, not time.
static void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
}

// ---- opening ----

static void *reserve(size_t bytes)
{
    return native_reserve(bytes, PROT_READ | PROT_WRITE, 0);
}

#define ACCESS_BYTES (ACCESSES_MAX * sizeof(struct access))

static bool allocate(struct recorder *r)
{
    r->log.accesses = reserve(ACCESS_BYTES);
    r->log.values = reserve(VALUES_MAX);
    r->insns = reserve(INSNS_MAX * sizeof *r->insns);
    r->sites = reserve(INSNS_MAX * sizeof *r->sites);
    return r->log.accesses && r->log.values && r->insns && r->sites && mirror_open(&r->mirror) &&
           native_open(&r->native);
}

static void release(void *p, size_t bytes)
{
    if (p)
        munmap(p, bytes);
}

static void step_close(struct recorder *r)
{
    native_close(&r->native);
    active = NULL;
    mirror_close(&r->mirror);
    release(r->log.accesses, ACCESS_BYTES);
    release(r->log.values, VALUES_MAX);
    release(r->insns, INSNS_MAX * sizeof *r->insns);
    release(r->sites, INSNS_MAX * sizeof *r->sites);
    release(r, sizeof *r);
}

static void no_room(struct error *error)
{
    error_set(error, "no address space for the recorder: %s; raise `ulimit -v`", strerror(errno));
}

static struct recorder *step_open(const struct routine *routine, uint64_t arg4,
                                  const struct recorder_options *options, struct error *error)
{
    // Apart from the heap, which a routine that runs wild is the likelier to hit.
    struct recorder *r = reserve(sizeof *r);
    if (!r) {
        no_room(error);
        return NULL;
    }
    r->routine = routine;
    r->options = *options;
    r->arg4 = arg4;
    r->log.loads = options->loads;
    r->image_count = routine->image_count;
    memcpy(r->images, routine->images, routine->image_count * sizeof *r->images);
    if (!facts_open() || !allocate(r)) {
        no_room(error);
        step_close(r);
        return NULL;
    }
    vectors_open();
    syscall(SYS_arch_prctl, ARCH_GET_FS, &r->bases.fs);
    syscall(SYS_arch_prctl, ARCH_GET_GS, &r->bases.gs);
    r->tunables = tunables_find(routine);
    active = r;
    native_handle(&r->native, on_fault, on_tick, 1000);
    return r;
}

// ---- running ----

// Sites met in this run, and the modules that they lie in.
static void describe_sites(struct recorder *r)
{
    size_t first = r->sites_described, count = r->site_count;
    for (size_t i = first; i < count; i++) {
        site_describe(&r->sites[i], 0);
        r->sites[i].decoders_differ = false;
    }
    native_add_modules(r->sites + first, count - first, r->images, &r->image_count);
    r->sites_described = count;
}

static void give_trace(struct recorder *r, struct trace *trace)
{
    const struct step_log *log = &r->log;
    trace_reserve(trace, log->count + 1); // never NULL
    memcpy(trace->accesses, log->accesses, log->count * sizeof *log->accesses);
    trace->count = log->count;
    for (size_t i = 0; i < log->count && !r->values; i++)
        trace->accesses[i].value = TRACE_NO_VALUE;
    if (r->values) {
        trace_reserve_values(trace, log->value_bytes + 1);
        memcpy(trace->values, log->values, log->value_bytes);
        trace->value_bytes = log->value_bytes;
    }
    describe_sites(r);
    trace->sites = r->sites;
    trace->site_count = r->site_count;
    memcpy(trace->images, r->images, r->image_count * sizeof *trace->images);
    trace->image_count = r->image_count;
    trace->own_image_count = r->routine->image_count;
}

static uint64_t enter(struct recorder *r, const struct step_start *start)
{
    r->phase = PHASE_ENTERING;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    uint64_t result = step_enter(start);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    r->phase = PHASE_OFF;
    return result;
}

static void step_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
                     bool values, struct layout *layout, struct trace *trace)
{
    trace_reset(trace);
    tunables_set(&r->tunables, c);
    trace->stack = r->native.stack;
    trace->entry = r->routine->entry;
    native_tell_cpu(trace);
    trace->stack_entry = r->native.rsp - 8;
    struct step_start start = {.entry = r->routine->entry, .rsp = r->native.rsp};
    if (!arena_lay(arena, c, layout) ||
        !native_words(r->options.call, r->arg4, arena, layout, start.words)) {
        trace->outcome = OUTCOME_BROKEN;
        snprintf(trace->reason, sizeof trace->reason, "no memory for a case of %llu bytes",
                 (unsigned long long)c->size);
        return;
    }
    r->log.count = r->log.value_bytes = 0;
    fifo_begin(&r->fifo, c, layout);
    r->fifo_seen = 0;
    r->values = values;
    r->now = (struct step_now){0};
    r->end = (struct step_end){.outcome = OUTCOME_RETURNED};
    r->steps = 0;
    r->steps_max = (uint64_t)STEPS_PER_MS * r->options.timeout_ms + STEPS_PER_BYTE * c->size;
    mirror_take(&r->mirror, layout);
    const struct span sure[] = {layout->dst_lane, layout->src_lane, r->native.stack};
    memory_set_sure(sure, sizeof sure / sizeof *sure);
    trace->return_value = enter(r, &start);
    end_fifo(r);
    if (r->end.outcome == OUTCOME_RETURNED && !mirror_agrees(&r->mirror, &r->end.stray)) {
        r->end.outcome = OUTCOME_BROKEN;
        r->end.why = "the arena holds what no recorded store put there";
    }
    step_tell_end(&r->end, &r->routine->undefined, r->steps_max, trace);
    give_trace(r, trace);
}

static const char *step_missing(void)
{
    return NULL;
}

const struct recorder_kind recorder_step = {
    .name = "step",
    .can = "x86-64; runs the untouched routine an instruction at a time, and finds stores by what "
           "memory holds before and after; decodes with Capstone alone",
    .cannot = "system calls, far branches, transactions, xsave, and what Capstone does not know "
              "of AVX-512; some microseconds an instruction",
    .missing = step_missing,
    .words_max = NATIVE_WORDS,
    .open = step_open,
    .run = step_run,
    .close = step_close,
};
