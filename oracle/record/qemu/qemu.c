// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The recorder of other CPUs. A case is laid out in this process's arena, copied
// to the guest's lanes, run there, and copied back; addresses in the trace are
// those of the arena.

#include "record/qemu/qemu.h"
#include "base/host.h"
#include "base/memory.h"

#include "backends/arch.h"
#include "record/qemu/guest_case.h"
#include "record/qemu/model.h"
#include "record/recorder.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    // Of the guest's stack, around the address that the runner tells.
    STACK_BELOW = 4 << 20,
    STACK_ABOVE = 1 << 16,
};

static void refuse(struct trace *t, enum trace_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void refuse(struct trace *t, enum trace_outcome outcome, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->reason, sizeof t->reason, format, args);
    va_end(args);
    t->outcome = outcome;
}

// ---- how it ended ----

// A site of the plugin's, which may have been written over.
static struct site describe(const struct recorder *r, struct qemu_site in)
{
    struct site site;
    uint8_t element;
    in.length = in.length <= QEMU_SITE_BYTES_MAX ? in.length : QEMU_SITE_BYTES_MAX;
    in.text[QEMU_SITE_TEXT_MAX - 1] = '\0';
    qemu_describe_site(r->program->arch, &in, &site, &element);
    return site;
}

// A contract cannot be judged by stores of which some may not have been seen.
static void tell_unseen(const struct recorder *r, struct trace *t)
{
    struct site site = describe(r, r->process.shared->unseen_site);
    uint32_t what = r->process.shared->stores_unseen;
    if (what == UNSEEN_KERNEL)
        refuse(t, OUTCOME_REFUSED,
               "called the kernel's compare-and-swap, of which QEMU reports neither the load nor "
               "the store");
    else
        refuse(t, OUTCOME_REFUSED, "reached `%s`: %s cannot be seen, as QEMU does not report it",
               site.text,
               what == UNSEEN_ORDER ? "in which order it stores its elements, and where,"
                                    : "a store by it that changes nothing");
}

static void take_return(struct recorder *r, const struct layout *l, struct trace *t)
{
    t->outcome = OUTCOME_RETURNED;
    t->clobbered = r->process.shared->clobbered ? CLOBBERED_SAVED : 0;
    t->return_value = qemu_host_address(l, r->process.shared->result);
    if (r->process.shared->stores_unseen)
        tell_unseen(r, t);
}

// An instruction that QEMU does not have is not the routine's fault; one that no
// CPU has is.
static void tell_illegal(const struct recorder *r, struct trace *t)
{
    struct site site = describe(r, r->process.shared->fault_site);
    const char *cpu = qemu_cpu(r->program);
    if (r->process.shared->fault_site.length > 0 && !qemu_is_trap(&site))
        refuse(t, OUTCOME_REFUSED, "%s%s%s does not have `%s`", r->program->arch->qemu,
               cpu ? " -cpu " : "", cpu ? cpu : "", site.text);
}

// Did it come to what its file does not define?
static bool tell_undefined(const struct recorder *r, struct trace *t)
{
    const struct qemu_shared *s = r->process.shared;
    const struct guest_program *p = r->program;
    const char *called = guest_name_at(&p->names, s->fault_pc - p->undefined_addr);
    const char *used = guest_name_at(&p->names, s->fault_at - p->undefined_addr);
    const char *who =
        s->signal & GUEST_IN_CONSTRUCTOR ? "a constructor of its file" : "the routine";
    if (called)
        refuse(t, OUTCOME_REFUSED, "%s calls `%s`, which its file does not define", who, called);
    else if (used)
        refuse(t, OUTCOME_REFUSED, "%s uses the variable `%s`, which its file does not define", who,
               used);
    return called || used;
}

static void take_fault(struct recorder *r, const struct layout *l, struct trace *t)
{
    static const int signals[GUEST_SIGNALS] = {
        [GUEST_SEGV] = SIGSEGV, [GUEST_BUS] = SIGBUS,   [GUEST_ILL] = SIGILL,
        [GUEST_FPE] = SIGFPE,   [GUEST_TRAP] = SIGTRAP,
    };
    const struct qemu_shared *s = r->process.shared;
    t->outcome = OUTCOME_FAULTED;
    uint64_t signal = s->signal & ~(uint64_t)GUEST_IN_CONSTRUCTOR;
    t->signal = signal < GUEST_SIGNALS ? signals[signal] : 0;
    t->fault_addr = qemu_host_address(l, s->fault_at);
    t->fault_pc = s->fault_pc;
    if (t->signal == SIGILL)
        tell_illegal(r, t);
    if (!tell_undefined(r, t) && s->signal & GUEST_IN_CONSTRUCTOR)
        refuse(t, OUTCOME_REFUSED, "a constructor of its file faults (%s)", strsignal(t->signal));
}

// A copy that makes more does not end.
enum { ACCESSES_A_BYTE = 16 };

// How often a case is run whose qemu ended otherwise than by what its routine did.
enum { TRIES = 3 };

// Which a routine may bring upon its qemu, in whose memory it runs.
static bool is_fault(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
           signal == SIGTRAP || signal == SIGABRT;
}

static void take_end(struct recorder *r, const struct layout *l, enum process_state state,
                     struct trace *t)
{
    const struct qemu_shared *s = r->process.shared;
    uint32_t end = atomic_load(&s->end);
    if (state == PROCESS_WAITS && end == QEMU_END_RETURNED)
        take_return(r, l, t);
    else if (state == PROCESS_WAITS && end == QEMU_END_FAULTED)
        take_fault(r, l, t);
    else if (state == PROCESS_TIMED_OUT || state == PROCESS_HUNG)
        refuse(t, OUTCOME_TIMED_OUT, "still running after %u ms of emulation",
               r->options.timeout_ms);
    else if (end == QEMU_END_SYSCALL)
        refuse(t, OUTCOME_REFUSED, "the routine makes the system call %lld of %s",
               (long long)s->syscall, r->program->arch->name);
    else if (end == QEMU_END_FLOODED && s->now.size > QEMU_RECORDS_MAX / ACCESSES_A_BYTE)
        refuse(t, OUTCOME_REFUSED, "makes more than %u accesses, of which no more are recorded",
               QEMU_RECORDS_MAX);
    else if (end == QEMU_END_FLOODED)
        refuse(t, OUTCOME_TIMED_OUT, "still running after %u accesses", QEMU_RECORDS_MAX);
    else if (state == PROCESS_STOPPED)
        refuse(t, OUTCOME_BROKEN, "the qemu process was stopped from outside, %d times", TRIES);
    else if (WIFSIGNALED(r->process.status) && is_fault(WTERMSIG(r->process.status))) {
        t->outcome = OUTCOME_FAULTED;
        t->signal = WTERMSIG(r->process.status);
    } else if (WIFSIGNALED(r->process.status))
        refuse(t, OUTCOME_BROKEN, "the qemu process was killed from outside, %d times (%s)", TRIES,
               strsignal(WTERMSIG(r->process.status)));
    else
        refuse(t, OUTCOME_BROKEN, "the qemu process ended (status %d)",
               WEXITSTATUS(r->process.status));
}

// ---- the recorder ----

// May that end be another's doing, so that the case is to be run again? A kill by the
// system when memory is short, a debugger's or a frozen group's stop; and what may be
// the routine's own is not believed the first time.
static bool is_doubtful(const struct recorder *r, enum process_state state, uint32_t end)
{
    return state == PROCESS_STOPPED || state == PROCESS_HUNG ||
           (state == PROCESS_ENDED && end == QEMU_END_NONE && WIFSIGNALED(r->process.status));
}

// False and one line in ERROR when qemu does not start.
static bool run_case(struct recorder *r, struct layout *layout, const struct copy_case *c,
                     bool values, enum process_state *state, struct error *error)
{
    for (int i = 0, met = 0; i < TRIES; i++) {
        if (!process_start(&r->process, error))
            return false;
        qemu_lanes_in(r, layout);
        qemu_tell_case(r, c, layout, values, &r->process.shared->now);
        *state = process_run(&r->process, r->options.timeout_ms);
        uint32_t end = atomic_load(&r->process.shared->end);
        if (*state == PROCESS_ENDED && end == QEMU_END_FLUSHED && met++ < QEMU_LOOKED_AT_MAX)
            i--;
        else if (!is_doubtful(r, *state, end))
            return true;
    }
    return true;
}

// What is there besides the accesses.
static void take_place(const struct recorder *r, struct trace *t)
{
    const struct guest_program *p = r->program;
    uint64_t stack = r->process.shared->stack;
    struct qemu_range tls = r->process.shared->tls;
    t->entry = p->code.range.lo;
    t->machine = p->arch->machine;
    t->word_bytes = p->arch->word_bytes;
    t->stack = (struct span){stack - STACK_BELOW, stack + STACK_ABOVE};
    t->stack_entry = p->arch->stack_grows_up ? t->stack.hi : stack;
    for (size_t i = 0; i < p->image_count; i++)
        t->images[t->image_count++] = (struct span){p->images[i].lo, p->images[i].hi};
    if (tls.lo < tls.hi)
        t->images[t->image_count++] = (struct span){tls.lo, tls.hi};
    t->own_image_count = t->image_count;
}

// A case that was run in a batch ends as one that is run now.
static bool take_batched(struct recorder *r, const struct copy_case *c, bool values,
                         struct layout *layout, struct trace *trace)
{
    size_t which;
    struct qemu_batched_end e;
    struct qemu_shared *s = r->process.shared;
    struct qemu_case now;
    if (!batch_take(r, c, values, &which, &e))
        return false;
    qemu_tell_case(r, c, layout, values, &now); // what it has to return
    batch_lanes_out(r, which, layout);
    s->loads_unseen = e.loads_unseen;
    s->stores_unseen = e.stores_unseen;
    s->unseen_site = e.unseen_site;
    s->clobbered = e.clobbered;
    s->result = e.result;
    take_return(r, layout, trace);
    take_place(r, trace);
    qemu_take_accesses(r, s->batch.records + e.first, e.count, layout, values, trace);
    return true;
}

static void run_alone(struct recorder *r, const struct copy_case *c, bool values,
                      struct layout *layout, struct trace *trace)
{
    struct error error;
    enum process_state state = PROCESS_WAITS;
    if (!run_case(r, layout, c, values, &state, &error)) {
        refuse(trace, OUTCOME_BROKEN, "%s", error.text);
        return;
    }
    qemu_lanes_out(r, layout);
    if (c->op == OP_FROM_FIFO)
        memcpy(layout->src, layout->expected, layout->src_size); // as it was laid out
    take_end(r, layout, state, trace);
    take_place(r, trace);
    qemu_take_accesses(r, r->process.shared->records, atomic_load(&r->process.shared->record_count),
                       layout, values, trace);
}

static void qemu_run(struct recorder *r, struct arena *arena, const struct copy_case *c,
                     bool values, struct layout *layout, struct trace *trace)
{
    trace_reset(trace);
    r->record = r->options.call ? (uintptr_t)arena_record(arena) : 0;
    if (!arena_lay(arena, c, layout) || (r->options.call && !r->record)) {
        refuse(trace, OUTCOME_BROKEN, "no memory for a case of %llu bytes",
               (unsigned long long)c->size);
        return;
    }
    if (!qemu_lanes_fit(layout)) {
        refuse(trace, OUTCOME_REFUSED, "a guest has no room for a case of %llu bytes",
               (unsigned long long)c->size);
        return;
    }
    if (c->op == OP_FROM_FIFO && !qemu_take_fifo(r, layout)) {
        refuse(trace, OUTCOME_REFUSED, "a guest plays FIFOs of at most %d bytes", QEMU_FIFO_MAX);
        return;
    }
    if (!take_batched(r, c, values, layout, trace))
        run_alone(r, c, values, layout, trace);
}

static void qemu_close(struct recorder *r)
{
    process_close(&r->process);
    batch_close(&r->batch);
    pin_undo(&r->pin);
    free(r->sites);
    free(r->elements);
    free(r->numbers);
    free(r);
}

static struct recorder *qemu_open(const struct routine *routine, uint64_t arg4,
                                  const struct recorder_options *options, struct error *error)
{
    (void)routine, (void)arg4;
    struct recorder *r = options->prepared ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        error_set(error, options->prepared ? "no memory for the recorder"
                                           : "recorder qemu has no guest program");
        return NULL;
    }
    r->options = *options;
    r->program = options->prepared;
    pin_pair(&r->pin, r->program->pairs);
    r->sites = calloc(QEMU_SITES_MAX, sizeof *r->sites);
    r->elements = calloc(QEMU_SITES_MAX, sizeof *r->elements);
    r->numbers = calloc(QEMU_SITES_MAX, sizeof *r->numbers);
    bool memory = r->sites && r->elements && r->numbers && batch_open(&r->batch);
    if (!memory || !process_open(&r->process, r->program, error) ||
        !process_start(&r->process, error)) {
        qemu_close(r);
        return NULL;
    }
    return r;
}

// An instruction that touched memory has a site.
static bool is_site(const struct recorder *r, uint64_t addr)
{
    for (size_t i = 0; i < r->site_count; i++)
        if (r->sites[i].addr == addr)
            return true;
    return false;
}

static void qemu_cover(struct recorder *r, struct coverage *coverage)
{
    const struct guest_code *code = &r->program->code;
    struct covered_insn *insns = must(calloc(code->count + 1, sizeof *insns));
    size_t n = 0;
    for (size_t i = 0; i < code->count; i++) {
        struct covered_insn in = code->listed[i].insn;
        in.reached = r->process.shared->reached[in.offset] != 0;
        in.memory = in.reached && is_site(r, code->range.lo + (uint64_t)in.offset);
        if (in.reached || !code->listed[i].unread)
            insns[n++] = in;
    }
    coverage_add(coverage, insns, n);
    free(insns);
}

static void qemu_uncover(struct recorder *r, bool uncounted)
{
    r->process.shared->uncounted = uncounted;
}

static void *qemu_prepare(const struct backend *backend, const struct recorder_setup *setup,
                          struct error *error)
{
    struct guest_program *p = guest_program_make(backend, setup, error);
    if (p && model_choose(p, setup->cpu, &recorder_qemu, error))
        return p;
    guest_program_free(p);
    return NULL;
}

static const char *qemu_model(const void *prepared)
{
    const struct guest_program *p = prepared;
    return p->cpu ? p->cpu : "QEMU's default";
}

static struct guest_elf *qemu_guest(const void *prepared)
{
    const struct guest_program *p = prepared;
    return p->elf;
}

static void qemu_unprepare(void *prepared)
{
    guest_program_free(prepared);
}

// Whether a backend's own emulator is here its list row says. Lanes, which the plugin
// protects page by page, are multiples of the smallest pages.
static const char *qemu_missing(void)
{
    if (host_page_bytes() > PAGE_BYTES)
        return "recorder qemu is made for pages of 4 KiB, and this system's are larger";
    return arch_tool_here(arch_native.qemu) ? NULL : "install qemu-user";
}

const struct recorder_kind recorder_qemu = {
    .name = "qemu",
    .can = "routines of other CPUs, and archives and object files of this one: runs them in "
           "qemu-user with a plugin that reports every access",
    .cannot = "system calls, shared objects, AVX-512; loads and scatters of AArch64 SVE, which "
              "QEMU 7.2 does not report; of what a callee keeps it does not look at gp, tp, x18, "
              "POWER's r2, r13, "
              "r31 and vector registers, s390x's r13, m68k's a6, hppa's r3, and sparc64's input "
              "registers",
    .elsewhere = true,
    .missing = qemu_missing,
    .words_max = GUEST_WORDS_MAX,
    .prepare = qemu_prepare,
    .cpu = qemu_model,
    .guest = qemu_guest,
    .unprepare = qemu_unprepare,
    .open = qemu_open,
    .expect = qemu_expect,
    .run = qemu_run,
    .close = qemu_close,
    .cover = qemu_cover,
    .uncover = qemu_uncover,
};
